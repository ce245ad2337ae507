// The lifting rule: a scalar operation of arith or math over scalars and vectors of sixteen.
#include "codegen/cpu/Math.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace rondo;

/// A whole exponent small enough for repeated squaring.
static std::optional<int64_t> smallPower(Operation *op) {
  FloatAttr constant;
  if (!matchPattern(op->getOperand(1), m_Constant(&constant)))
    return std::nullopt;
  double v = constant.getValueAsDouble();
  if (v < 0 || v > 16 || v != std::floor(v))
    return std::nullopt;
  return static_cast<int64_t>(v);
}

static Value ownForm(Emit &e, Operation *op, ValueRange in) {
  MathForms m(e);
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](math::ExpOp) { return m.exp(in[0]); })
      .Case([&](math::Exp2Op) { return m.exp2(in[0]); })
      .Case([&](math::ExpM1Op) { return m.expm1(in[0]); })
      .Case([&](math::LogOp) { return m.log(in[0]); })
      .Case([&](math::Log2Op) { return m.log2(in[0]); })
      .Case([&](math::Log10Op) { return m.log10(in[0]); })
      .Case([&](math::Log1pOp) { return m.log1p(in[0]); })
      .Case([&](math::TanhOp) { return m.tanh(in[0]); })
      .Case([&](math::ErfOp) { return m.erf(in[0]); })
      .Case([&](math::SinOp) { return m.sin(in[0]); })
      .Case([&](math::CosOp) { return m.cos(in[0]); })
      .Case([&](math::RsqrtOp) { return m.rsqrt(in[0]); })
      .Case([&](math::FmaOp) { return e.fma(in[0], in[1], in[2]); })
      .Case([&](math::PowFOp) {
        auto n = smallPower(op);
        return n ? m.powInteger(in[0], *n) : m.pow(in[0], in[1]);
      })
      .Default([](Operation *) { return Value(); });
}

/// Math operations that LLVM turns into instructions on every level; all others would become library calls.
static bool hasInstructions(Operation *op) {
  return isa<arith::ArithDialect>(op->getDialect())
             ? !isa<arith::RemFOp>(op)
             : isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::FloorOp, math::TruncOp, math::RoundOp,
                   math::RoundEvenOp, math::SqrtOp, math::CopySignOp, math::IsNaNOp, math::IsInfOp, math::IsFiniteOp,
                   math::ClampFOp>(op);
}

Value rondo::emitMath(OpBuilder &b, Location loc, Operation *op, ValueRange operands, Target target) {
  Emit e(b, loc, target);
  bool wide = llvm::any_of(operands.getTypes(), llvm::IsaPred<VectorType>);
  SmallVector<Value> in(operands);
  // A scalar condition may choose between vectors; every other mixture is broadcast.
  if (wide)
    for (auto [k, v] : llvm::enumerate(in))
      if (!(isa<arith::SelectOp>(op) && k == 0))
        v = e.splat(v);
  if (Value own = ownForm(e, op, in))
    return own;
  bool known = isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) && hasInstructions(op);
  if (!known || op->getNumResults() != 1 ||
      !(op->hasTrait<OpTrait::ConstantLike>() || OpTrait::hasElementwiseMappableTraits(op))) {
    op->emitError("'") << op->getName() << "' has no form on the CPU";
    return nullptr;
  }
  Type type = op->getResult(0).getType();
  if (wide)
    type = VectorType::get({kLanes}, type);
  Operation *form = b.create(loc, op->getName().getIdentifier(), in, type, op->getAttrs());
  return form->getResult(0);
}
