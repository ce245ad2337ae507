// Pointwise expressions: one map for a whole scalar expression, whatever has to be computed first read by it.
#include "dsl/Emitter.h"

#include <cmath>

using namespace llvm;
using namespace mlir;

namespace rondo::eq {

/// Functions that give no number, or have no derivative, somewhere: a guard must stay with them.
static bool isPartial(const Expr *e) {
  bool partial = false;
  walk(e, [&](const Expr *n) {
    if (n->is(Op::Reduce) || n->is(Op::Softmax) || n->is(Op::Read))
      return false; // computed elsewhere
    partial |= n->is(Op::Call) && (n->fn == "log" || n->fn == "sqrt");
    partial |= n->is(Op::Div) && !n->args[1]->is(Op::Const);
    partial |= n->is(Op::Pow) && !(n->args[1]->is(Op::Const) && n->args[1]->value == std::floor(n->args[1]->value) &&
                                   n->args[1]->value >= 0);
    return !partial;
  });
  return partial;
}

namespace {
struct Leaf {
  Expr *e;
  Tensor tensor;
};

/// Fills the region of a map.
struct Scalars {
  OpBuilder &b;
  Location loc;
  ArrayRef<Leaf> leaves;
  ValueRange args;
  ArrayRef<const Var *> dims;
  ArrayRef<const Var *> steps;
  mlir::DenseMap<const Expr *, mlir::Value> made;

  mlir::Value real(double v) { return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(float(v))); }
  mlir::Value integer(int64_t v) { return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(v)); }
  mlir::Value toInt(mlir::Value index) { return arith::IndexCastOp::create(b, loc, b.getI32Type(), index); }

  template <typename T>
  mlir::Value op(mlir::Value x) {
    return T::create(b, loc, x);
  }
  template <typename T>
  mlir::Value op(mlir::Value x, mlir::Value y) {
    return T::create(b, loc, x, y);
  }

  mlir::Value get(const Expr *e) {
    if (auto it = made.find(e); it != made.end())
      return it->second;
    mlir::Value v = make(e);
    made[e] = v;
    return v;
  }

  mlir::Value compare(const Expr *e) {
    mlir::Value x = get(e->args[0]), y = get(e->args[1]);
    if (e->args[0]->isReal()) {
      auto p = e->is(Op::Lt)   ? arith::CmpFPredicate::OLT
               : e->is(Op::Le) ? arith::CmpFPredicate::OLE
               : e->is(Op::Eq) ? arith::CmpFPredicate::OEQ
                               : arith::CmpFPredicate::UNE;
      return arith::CmpFOp::create(b, loc, p, x, y);
    }
    auto p = e->is(Op::Lt)   ? arith::CmpIPredicate::slt
             : e->is(Op::Le) ? arith::CmpIPredicate::sle
             : e->is(Op::Eq) ? arith::CmpIPredicate::eq
                             : arith::CmpIPredicate::ne;
    return arith::CmpIOp::create(b, loc, p, x, y);
  }

  mlir::Value power(const Expr *e) {
    mlir::Value x = get(e->args[0]);
    const Expr *n = e->args[1];
    if (!(n->is(Op::Const) && n->value == std::floor(n->value) && n->value >= 0 && n->value < 0x1p31))
      return op<math::PowFOp>(x, get(n));
    if (n->value == 0)
      return e->isInt() ? integer(1) : real(1);
    auto times = [&](mlir::Value a, mlir::Value b) {
      return e->isInt() ? op<arith::MulIOp>(a, b) : op<arith::MulFOp>(a, b);
    };
    mlir::Value y; // by squaring
    for (unsigned k = unsigned(n->value); k; k >>= 1) {
      if (k & 1)
        y = y ? times(y, x) : x;
      if (k > 1)
        x = times(x, x);
    }
    return y;
  }

  mlir::Value sigmoid(mlir::Value x) {
    return op<arith::DivFOp>(real(1), op<arith::AddFOp>(real(1), op<math::ExpOp>(op<arith::NegFOp>(x))));
  }

  mlir::Value call(const Expr *e) {
    StringRef fn = e->fn;
    mlir::Value x = get(e->args[0]);
    if (fn == "exp")
      return op<math::ExpOp>(x);
    if (fn == "log")
      return op<math::LogOp>(x);
    if (fn == "sqrt")
      return op<math::SqrtOp>(x);
    if (fn == "abs")
      return op<math::AbsFOp>(x);
    if (fn == "sin")
      return op<math::SinOp>(x);
    if (fn == "cos")
      return op<math::CosOp>(x);
    if (fn == "tanh")
      return op<math::TanhOp>(x);
    if (fn == "erf")
      return op<math::ErfOp>(x);
    if (fn == "sigmoid")
      return sigmoid(x);
    if (fn == "relu")
      return op<arith::MaximumFOp>(x, real(0));
    if (fn == "silu")
      return op<arith::MulFOp>(x, sigmoid(x));
    if (fn == "gelu")
      return op<arith::MulFOp>(op<arith::MulFOp>(real(0.5), x),
                               op<arith::AddFOp>(real(1), op<math::ErfOp>(op<arith::MulFOp>(x, real(M_SQRT1_2)))));
    if (fn == "gelu_tanh") {
      mlir::Value cube = op<arith::MulFOp>(op<arith::MulFOp>(x, x), x);
      mlir::Value inner =
          op<arith::MulFOp>(real(std::sqrt(2 / M_PI)), op<arith::AddFOp>(x, op<arith::MulFOp>(real(0.044715), cube)));
      return op<arith::MulFOp>(op<arith::MulFOp>(real(0.5), x), op<arith::AddFOp>(real(1), op<math::TanhOp>(inner)));
    }
    if (fn == "softplus") // log(1 + exp(x)) without overflow
      return op<arith::AddFOp>(op<arith::MaximumFOp>(x, real(0)),
                               op<math::Log1pOp>(op<math::ExpOp>(op<arith::NegFOp>(op<math::AbsFOp>(x)))));
    return arith::FPToSIOp::create(b, loc, b.getI32Type(), op<math::FloorOp>(x)); // floor
  }

  mlir::Value quotient(const Expr *e) {
    mlir::Value x = get(e->args[0]), y = get(e->args[1]);
    bool natural = e->args[0]->element.token; // never negative: plain division
    if (e->is(Op::IntDiv))
      return natural ? op<arith::DivSIOp>(x, y) : op<arith::FloorDivSIOp>(x, y);
    return natural ? op<arith::RemSIOp>(x, y)
                   : op<arith::SubIOp>(x, op<arith::MulIOp>(op<arith::FloorDivSIOp>(x, y), y));
  }

  mlir::Value make(const Expr *e) {
    for (auto [i, leaf] : enumerate(leaves))
      if (equal(leaf.e, e)) {
        mlir::Value v = args[i];
        if (e->isBool() && !v.getType().isInteger(1)) // data about a condition is kept as 0 and 1
          return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, v, integer(0));
        return v;
      }
    bool integers = e->isInt();
    switch (e->op) {
    case Op::Const:
      if (e->isBool())
        return arith::ConstantOp::create(b, loc, b.getBoolAttr(e->value != 0));
      return integers ? integer(int64_t(e->value)) : real(e->value);
    case Op::Index: {
      if (is_contained(steps, e->var))
        return toInt(StepOp::create(b, loc, b.getIndexType(), e->var->axis.seq->name));
      return toInt(IndexOp::create(b, loc, b.getIndexType(), find(dims, e->var) - dims.begin()));
    }
    case Op::Length:
      if (e->seq->length)
        return get(e->seq->length);
      return toInt(LengthOp::create(b, loc, b.getIndexType(), e->seq->name));
    case Op::Neg:
      return integers ? op<arith::SubIOp>(integer(0), get(e->args[0])) : op<arith::NegFOp>(get(e->args[0]));
    case Op::Not:
      return op<arith::XOrIOp>(get(e->args[0]), arith::ConstantOp::create(b, loc, b.getBoolAttr(true)));
    case Op::Add:
      return integers ? op<arith::AddIOp>(get(e->args[0]), get(e->args[1]))
                      : op<arith::AddFOp>(get(e->args[0]), get(e->args[1]));
    case Op::Sub:
      return integers ? op<arith::SubIOp>(get(e->args[0]), get(e->args[1]))
                      : op<arith::SubFOp>(get(e->args[0]), get(e->args[1]));
    case Op::Mul:
      return integers ? op<arith::MulIOp>(get(e->args[0]), get(e->args[1]))
                      : op<arith::MulFOp>(get(e->args[0]), get(e->args[1]));
    case Op::Div:
      return op<arith::DivFOp>(get(e->args[0]), get(e->args[1]));
    case Op::IntDiv:
    case Op::Mod:
      return quotient(e);
    case Op::Pow:
      return power(e);
    case Op::Min:
      return integers ? op<arith::MinSIOp>(get(e->args[0]), get(e->args[1]))
                      : op<arith::MinimumFOp>(get(e->args[0]), get(e->args[1]));
    case Op::Max:
      return integers ? op<arith::MaxSIOp>(get(e->args[0]), get(e->args[1]))
                      : op<arith::MaximumFOp>(get(e->args[0]), get(e->args[1]));
    case Op::Lt:
    case Op::Le:
    case Op::Eq:
    case Op::Ne:
      return compare(e);
    case Op::And:
      return op<arith::AndIOp>(get(e->args[0]), get(e->args[1]));
    case Op::Or:
      return op<arith::OrIOp>(get(e->args[0]), get(e->args[1]));
    case Op::Select:
      return arith::SelectOp::create(b, loc, get(e->args[0]), get(e->args[1]), get(e->args[2]));
    case Op::Call:
      return call(e);
    case Op::ToReal:
      return arith::SIToFPOp::create(b, loc, b.getF32Type(), get(e->args[0]));
    case Op::Clamp: {
      mlir::Value top =
          e->bound.seq
              ? op<arith::SubIOp>(toInt(LengthOp::create(b, loc, b.getIndexType(), e->bound.seq->name)), integer(1))
              : integer(e->bound.size - 1);
      return op<arith::MaxSIOp>(op<arith::MinSIOp>(get(e->args[0]), top), integer(0));
    }
    case Op::Narrow:
    case Op::Stop:
      return get(e->args[0]);
    default:
      llvm_unreachable("no scalar");
    }
  }
};
} // namespace

mlir::Value Emitter::emitMap(Expr *e, ArrayRef<const Var *> dims, ArrayRef<Expr *> guards, Range range) {
  // What the region reads: tensors of their own, and branches that must keep their guard.
  std::vector<Leaf> leaves;
  Vars order(dims);
  bool ok = true;
  auto add = [&](Expr *n, Tensor t) {
    ok &= bool(t);
    leaves.push_back({n, t});
  };
  auto collect = [&](auto &self, Expr *n) -> void {
    if (!ok || any_of(leaves, [&](const Leaf &l) { return equal(l.e, n); }))
      return;
    if (n->is(Op::Stop)) // passes no derivative: an operation of its own
      if (!n->args[0]->is(Op::Const) && n->isReal()) {
        Tensor t = tensorOf(n->args[0], order);
        if (t)
          t.value = DetachOp::create(b, loc(n->range), t.value.getType(), t.value);
        return add(n, t);
      }
    if (n->is(Op::Reduce) || n->is(Op::Softmax) || n->is(Op::Read))
      return add(n, leaf(n, order));
    if (mlir::Value hidden = n->is(Op::Index) && is_contained(steps, n->var) ? hiddenStep(n->var) : mlir::Value())
      return add(n, {hidden, {}});
    if (n->is(Op::Select)) {
      self(self, n->args[0]);
      for (int branch : {1, 2}) {
        Expr *part = n->args[branch];
        if (part->isReal() && isPartial(part)) {
          Expr *guard = branch == 1 ? n->args[0] : program.negation(n->args[0], n->range);
          Vars own;
          for (const Var *v : order)
            if (!is_contained(steps, v) && (isFree(v, part) || isFree(v, guard)))
              own.push_back(v);
          add(part, {emitMap(part, own, {guard}, part->range), own});
        } else
          self(self, part);
      }
      return;
    }
    for (Expr *a : n->args)
      self(self, a);
  };
  collect(collect, e);
  if (!ok || failed)
    return {};
  EquationBuilder equation(*this, dims);
  for (const Leaf &l : leaves)
    equation.read(l.tensor);
  for (Expr *g : guards)
    equation.where(g);
  if (!equation.finish(element(e->element)))
    return {};
  auto fill = [&](OpBuilder &inner, Location l, ValueRange args) -> SmallVector<mlir::Value> {
    Scalars scalars{inner, l, leaves, args, dims, steps, mlir::DenseMap<const Expr *, mlir::Value>()};
    return SmallVector<mlir::Value>{scalars.get(e)};
  };
  return MapOp::create(b, loc(range), equation.parts, fill)->getResult(0);
}

mlir::Value Emitter::zeros(RankedTensorType type, Range range) {
  EquationParts parts;
  parts.results.push_back(type);
  return MapOp::create(b, loc(range), parts,
                       [&](OpBuilder &inner, Location l, ValueRange) {
                         return SmallVector<mlir::Value>{
                             arith::ConstantOp::create(inner, l, inner.getZeroAttr(type.getElementType()))};
                       })
      ->getResult(0);
}

} // namespace rondo::eq
