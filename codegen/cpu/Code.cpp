#include "codegen/cpu/Code.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rondo;

std::optional<int64_t> Code::constant(Value v) {
  APInt value;
  if (v && matchPattern(v, m_ConstantInt(&value)))
    return value.getSExtValue();
  return std::nullopt;
}

static void unify(Code &c, Value &x, Value &y) {
  if (isa<VectorType>(x.getType()) != isa<VectorType>(y.getType())) {
    x = c.splat(x);
    y = c.splat(y);
  }
}

Value Code::plus(Value x, Value y) {
  unify(*this, x, y);
  return add(x, y);
}
Value Code::minus(Value x, Value y) {
  unify(*this, x, y);
  return sub(x, y);
}
Value Code::times(Value x, Value y) {
  unify(*this, x, y);
  return mul(x, y);
}

Value Code::floorDiv(Value x, int64_t y) {
  if (y == 1)
    return x;
  if (auto k = constant(x))
    return index(llvm::divideFloorSigned(*k, y));
  Value divisor = integer(y, x.getType()), zeroes = integer(0, x.getType()), ones = integer(1, x.getType());
  Value quotient = b.createOrFold<arith::DivSIOp>(loc, x, divisor);
  Value rest = sub(x, mul(quotient, divisor));
  return pick(holds(arith::CmpIPredicate::slt, rest, zeroes), sub(quotient, ones), quotient);
}
Value Code::floorMod(Value x, int64_t y) { return minus(x, times(floorDiv(x, y), index(y))); }

Value Code::sequence(Value first) {
  SmallVector<Attribute> steps;
  for (int64_t i = 0; i < kLanes; ++i)
    steps.push_back(b.getIndexAttr(i));
  Value iota = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vecOf(b.getIndexType()), steps));
  return add(splat(first), iota);
}

Value Code::holds(arith::CmpIPredicate p, Value x, Value y) {
  unify(*this, x, y);
  return b.createOrFold<arith::CmpIOp>(loc, p, x, y);
}
Value Code::both(Value x, Value y) {
  if (!x || !y)
    return x ? x : y;
  unify(*this, x, y);
  return b.createOrFold<arith::AndIOp>(loc, x, y);
}
Value Code::either(Value x, Value y) {
  unify(*this, x, y);
  return b.createOrFold<arith::OrIOp>(loc, x, y);
}
Value Code::pick(Value condition, Value x, Value y) {
  if (isa<VectorType>(condition.getType())) {
    x = splat(x);
    y = splat(y);
  } else {
    unify(*this, x, y);
  }
  return b.createOrFold<arith::SelectOp>(loc, condition, x, y);
}

Value Code::atBytes(Value pointer, Value offset, int64_t unit) {
  if (offset.getType().isIndex())
    offset = b.createOrFold<arith::IndexCastOp>(loc, b.getI64Type(), offset);
  return LLVM::GEPOp::create(b, loc, pointer.getType(), b.getIntegerType(unit * 8), pointer,
                             ArrayRef<LLVM::GEPArg>{offset});
}
Value Code::loadMasked(VectorType type, Value pointer, Value mask) {
  if (!mask)
    return loadAs(type, pointer);
  Value zeroes = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
  return LLVM::MaskedLoadOp::create(b, loc, type, pointer, mask, zeroes, 4u);
}
void Code::storeMasked(Value v, Value pointer, Value mask) {
  if (!mask)
    return store(v, pointer);
  LLVM::MaskedStoreOp::create(b, loc, v, pointer, mask, 4);
}
Value Code::loadLong(Value table, Value i) {
  Value v = loadAs(b.getI64Type(), atBytes(table, i, 8), 8);
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), v);
}
Value Code::loadInt(Value table, Value i) {
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), loadAs(b.getI32Type(), atBytes(table, i, 4)));
}
Value Code::loadPointer(Value table, Value i) { return loadAs(pointer(), atBytes(table, i, 8), 8); }

SmallVector<Value> Code::branch(Value c, TypeRange types, llvm::function_ref<SmallVector<Value>()> then,
                                llvm::function_ref<SmallVector<Value>()> otherwise) {
  std::optional<int64_t> known = c ? constant(c) : 1;
  if (known)
    return *known ? then() : otherwise();
  auto op = scf::IfOp::create(b, loc, types, c, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  auto fill = [&](Block *block, llvm::function_ref<SmallVector<Value>()> make) {
    if (types.empty()) { // the builder made the terminator
      b.setInsertionPoint(block->getTerminator());
      make();
    } else {
      b.setInsertionPointToEnd(block);
      SmallVector<Value> values = make();
      scf::YieldOp::create(b, loc, values);
    }
  };
  fill(op.thenBlock(), then);
  fill(op.elseBlock(), otherwise);
  return SmallVector<Value>(op.getResults());
}
void Code::guarded(Value c, llvm::function_ref<void()> then) {
  if (!c)
    return then();
  if (auto known = constant(c)) {
    if (*known)
      then();
    return;
  }
  when(c, then);
}
