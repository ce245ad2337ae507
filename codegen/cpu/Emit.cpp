#include "codegen/cpu/Emit.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace rondo;

Type Emit::shaped(Type like, Type element) {
  if (auto v = dyn_cast<VectorType>(like))
    return v.clone(element);
  return element;
}

Value Emit::index(int64_t v) { return arith::ConstantIndexOp::create(b, loc, v); }
Value Emit::i32(int32_t v) { return integer(v, b.getI32Type()); }
Value Emit::i64(int64_t v) { return integer(v, b.getI64Type()); }

Value Emit::real(double v, Type like) {
  TypedAttr attr = b.getFloatAttr(getElementTypeOrSelf(like), v);
  if (auto t = dyn_cast<VectorType>(like))
    attr = DenseElementsAttr::get(t, attr);
  return arith::ConstantOp::create(b, loc, attr);
}

Value Emit::integer(int64_t v, Type like) {
  TypedAttr attr = b.getIntegerAttr(getElementTypeOrSelf(like), v);
  if (auto t = dyn_cast<VectorType>(like))
    attr = DenseElementsAttr::get(t, attr);
  return arith::ConstantOp::create(b, loc, attr);
}

Value Emit::splat(Value scalar) {
  if (isa<VectorType>(scalar.getType()))
    return scalar;
  return vector::BroadcastOp::create(b, loc, VectorType::get({kLanes}, scalar.getType()), scalar);
}

Value Emit::iota() {
  SmallVector<int32_t> lanes = llvm::to_vector(llvm::seq<int32_t>(0, kLanes));
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vecI32(), llvm::ArrayRef(lanes)));
}

Value Emit::add(Value x, Value y) { return b.createOrFold<arith::AddIOp>(loc, x, y); }
Value Emit::sub(Value x, Value y) { return b.createOrFold<arith::SubIOp>(loc, x, y); }
Value Emit::mul(Value x, Value y) { return b.createOrFold<arith::MulIOp>(loc, x, y); }
Value Emit::divu(Value x, int64_t y) { return b.createOrFold<arith::DivUIOp>(loc, x, index(y)); }
Value Emit::min(Value x, Value y) { return b.createOrFold<arith::MinSIOp>(loc, x, y); }
Value Emit::max(Value x, Value y) { return b.createOrFold<arith::MaxSIOp>(loc, x, y); }
Value Emit::less(Value x, Value y) { return b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::slt, x, y); }

Value Emit::addf(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
Value Emit::subf(Value x, Value y) { return arith::SubFOp::create(b, loc, x, y); }
Value Emit::mulf(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
Value Emit::divf(Value x, Value y) { return arith::DivFOp::create(b, loc, x, y); }

Value Emit::fma(Value x, Value y, Value z) {
  if (!target.hasFma())
    return addf(mulf(x, y), z);
  return math::FmaOp::create(b, loc, x, y, z);
}

Value Emit::cmp(arith::CmpFPredicate p, Value x, Value y) { return arith::CmpFOp::create(b, loc, p, x, y); }
Value Emit::select(Value c, Value x, Value y) { return arith::SelectOp::create(b, loc, c, x, y); }
Value Emit::maxSecond(Value x, Value y) { return select(cmp(arith::CmpFPredicate::OGT, x, y), x, y); }
Value Emit::minSecond(Value x, Value y) { return select(cmp(arith::CmpFPredicate::OLT, x, y), x, y); }

Value Emit::bitcast(Value v, Type element) { return arith::BitcastOp::create(b, loc, shaped(v.getType(), element), v); }

Value Emit::laneTree(Value v, llvm::function_ref<Value(Value, Value)> combine) {
  for (int64_t distance = kLanes / 2; distance; distance /= 2) {
    SmallVector<int64_t> lanes;
    for (int64_t l = 0; l < kLanes; ++l)
      lanes.push_back(l ^ distance);
    v = combine(v, vector::ShuffleOp::create(b, loc, v, v, lanes));
  }
  return v;
}

Value Emit::at(Value pointer, Value offset) {
  if (auto c = offset.getDefiningOp<arith::ConstantIndexOp>())
    return at(pointer, c.value());
  if (offset.getType().isIndex())
    offset = b.createOrFold<arith::IndexCastOp>(loc, b.getI64Type(), offset);
  return LLVM::GEPOp::create(b, loc, pointer.getType(), f32(), pointer, ArrayRef<LLVM::GEPArg>{offset});
}

Value Emit::at(Value pointer, int64_t offset) {
  if (!offset)
    return pointer;
  // A constant that does not fit the attribute's 32 bits goes through a value.
  if (!llvm::isInt<32>(offset))
    return LLVM::GEPOp::create(b, loc, pointer.getType(), f32(), pointer, ArrayRef<LLVM::GEPArg>{i64(offset)});
  return LLVM::GEPOp::create(b, loc, pointer.getType(), f32(), pointer,
                             ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(offset)});
}

Value Emit::loadAs(Type type, Value pointer, unsigned align) {
  return LLVM::LoadOp::create(b, loc, type, pointer, align);
}
void Emit::store(Value v, Value pointer, unsigned align) { LLVM::StoreOp::create(b, loc, v, pointer, align); }

Value Emit::laneMask(Value count) {
  Value n = count.getType().isIndex() ? b.createOrFold<arith::IndexCastOp>(loc, b.getI32Type(), count) : count;
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, iota(), splat(n));
}

void Emit::prefetch(Value pointer, bool write) {
  LLVM::Prefetch::create(b, loc, pointer, write ? 1 : 0, /*hint=*/3, /*cache=*/1);
}

SmallVector<Value> Emit::loop(Value lo, Value hi, int64_t step, ValueRange init, Body body) {
  auto op = scf::ForOp::create(b, loc, lo, hi, index(step), init);
  // The body is filled once the loop stands in its function: what it emits may look for that.
  OpBuilder::InsertionGuard guard(b);
  Block *block = op.getBody();
  if (!block->empty()) // without carried values it comes with its terminator
    block->getTerminator()->erase();
  b.setInsertionPointToEnd(block);
  SmallVector<Value> next = body(op.getInductionVar(), op.getRegionIterArgs());
  scf::YieldOp::create(b, loc, next);
  return SmallVector<Value>(op.getResults());
}

void Emit::loop(Value lo, Value hi, int64_t step, llvm::function_ref<void(Value)> body) {
  auto op = scf::ForOp::create(b, loc, lo, hi, index(step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op.getBody()->getTerminator());
  body(op.getInductionVar());
}

void Emit::when(Value condition, llvm::function_ref<void()> then) {
  auto op = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op.thenBlock()->getTerminator());
  then();
}

void Emit::choose(Value condition, llvm::function_ref<void()> then, llvm::function_ref<void()> otherwise) {
  auto op = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op.thenBlock()->getTerminator());
  then();
  b.setInsertionPoint(op.elseBlock()->getTerminator());
  otherwise();
}
