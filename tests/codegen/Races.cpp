#include "tests/codegen/Races.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/FormatVariadic.h"
#include <thread>
#include <vector>

using namespace mlir;
using namespace rondo;

Races *Races::current = nullptr;

extern "C" void rondo_team_wait(void *team, int32_t thread) {
  if (team)
    static_cast<Races *>(team)->wait(thread);
}
extern "C" void rondo_touched(const void *pointer, int64_t lanes, bool written) {
  if (Races::current)
    Races::current->touched(pointer, lanes, written);
}

void Races::instrument(ModuleOp module) {
  OpBuilder b(module.getBodyRegion());
  Type number = b.getI64Type(), truth = b.getI1Type(), pointer = LLVM::LLVMPointerType::get(module.getContext());
  auto tell = LLVM::LLVMFuncOp::create(
      b, module.getLoc(), "rondo_touched",
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(module.getContext()), {pointer, number, truth}));
  auto before = [&](Operation *op, Value address, Value lanes, bool written) {
    Value store = LLVM::ConstantOp::create(b, op->getLoc(), truth, b.getBoolAttr(written));
    LLVM::CallOp::create(b, op->getLoc(), tell, ValueRange{address, lanes, store});
  };
  auto whole = [&](Operation *op, Value address, Type type, bool written) {
    auto vector = dyn_cast<VectorType>(type);
    Type element = vector ? vector.getElementType() : type;
    unsigned lanes = (vector ? vector.getNumElements() : 1) *
                     (isa<LLVM::LLVMPointerType>(element) ? 64 : element.getIntOrFloatBitWidth()) / 32;
    assert(lanes > 0 && lanes < 64);
    b.setInsertionPoint(op);
    before(op, address, LLVM::ConstantOp::create(b, op->getLoc(), number, b.getI64IntegerAttr((1ll << lanes) - 1)),
           written);
  };
  auto masked = [&](Operation *op, Value address, Value mask, bool written) {
    b.setInsertionPoint(op);
    unsigned lanes = cast<VectorType>(mask.getType()).getNumElements();
    Value bits = LLVM::BitcastOp::create(b, op->getLoc(), b.getIntegerType(lanes), mask);
    before(op, address, LLVM::ZExtOp::create(b, op->getLoc(), number, bits), written);
  };
  module.walk([&](Operation *op) {
    if (auto load = dyn_cast<LLVM::LoadOp>(op))
      whole(op, load.getAddr(), load.getType(), false);
    else if (auto store = dyn_cast<LLVM::StoreOp>(op))
      whole(op, store.getAddr(), store.getValue().getType(), true);
    else if (auto load = dyn_cast<LLVM::MaskedLoadOp>(op))
      masked(op, load.getData(), load.getMask(), false);
    else if (auto store = dyn_cast<LLVM::MaskedStoreOp>(op))
      masked(op, store.getData(), store.getMask(), true);
  });
}

void Races::run(llvm::function_ref<void(int32_t)> body) {
  current = this;
  turn = threads - 1;
  std::vector<std::thread> team;
  for (int32_t thread = 0; thread < threads; ++thread)
    team.emplace_back([&, thread] {
      std::unique_lock lock(mutex);
      turns.wait(lock, [&] { return turn == thread; });
      lock.unlock();
      body(thread);
      lock.lock();
      pass();
    });
  for (std::thread &thread : team)
    thread.join();
  current = nullptr;
}

/// The turn goes on; after the first thread's all of them have met.
void Races::pass() {
  meetings += turn == 0 && barriers;
  turn = turn == 0 ? threads - 1 : turn - 1;
  turns.notify_all();
}

void Races::wait(int32_t thread) {
  std::unique_lock lock(mutex);
  pass();
  turns.wait(lock, [&] { return turn == thread; });
}

void Races::touched(const void *pointer, uint64_t lanes, bool written) {
  for (uintptr_t place = reinterpret_cast<uintptr_t>(pointer) / 4; lanes; ++place, lanes >>= 1) {
    if (!(lanes & 1))
      continue;
    Touches &t = touches[place];
    if (t.meeting != meetings)
      t = {meetings, -1, -1, false};
    bool writtenByOther = t.writer >= 0 && t.writer != turn,
         readByOther = t.otherReaders || (t.reader >= 0 && t.reader != turn);
    if (found.empty() && (writtenByOther || (written && readByOther)))
      found = llvm::formatv("after {0} meetings thread {1} {2} what thread {3} {4}", meetings, turn,
                            written ? "writes" : "reads", writtenByOther ? t.writer : t.reader,
                            writtenByOther ? "wrote" : "read");
    if (written)
      t.writer = turn;
    else if (t.reader < 0)
      t.reader = turn;
    else
      t.otherReaders |= t.reader != turn;
    places += 1;
  }
}
