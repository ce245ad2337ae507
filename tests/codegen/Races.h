// The threads of a call take turns from one barrier to the next, and what each touches in between is written down: no
// two of them may meet at a place that one of them writes. Finds a race in every run, not only when the threads
// collide.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <condition_variable>
#include <mutex>
#include <string>

namespace rondo {

class Races {
public:
  /// `barriers` false: as if the threads never met, to see that races are found.
  explicit Races(int32_t threads, bool barriers = true) : threads(threads), barriers(barriers) {}

  /// Every load and store of the emitted code tells its address before it happens.
  static void instrument(mlir::ModuleOp module);

  /// Runs the body once for each thread, the last one first.
  void run(llvm::function_ref<void(int32_t)> body);

  /// What rondo_team_wait does, and what instrumented code calls. `lanes`: which of the four-byte places from `pointer`
  /// on; `written`: whether they are stored to.
  void wait(int32_t thread);
  void touched(const void *pointer, uint64_t lanes, bool written);
  static Races *current;

  const int32_t threads;
  int64_t meetings = 0, places = 0;
  std::string found; // the first race, in words; empty if there is none

private:
  struct Touches {
    int64_t meeting = -1;
    int32_t writer = -1, reader = -1;
    bool otherReaders = false;
  };
  void pass();

  const bool barriers;
  llvm::DenseMap<uintptr_t, Touches> touches;
  std::mutex mutex;
  std::condition_variable turns;
  int32_t turn = 0;
};

} // namespace rondo
