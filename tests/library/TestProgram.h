// Programs written by hand, so that libraries can be tested before and beside the emitters.
#pragma once

#include "codegen/library/Library.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/ArrayRef.h"
#include <string>

namespace rondo {

/// A model with one parameter `gain` : [width] and the export `scale(x: [T, width]) -> [T, width]` = gain * x, and a
/// constant `shift` : [] that `moved(x: [T, width]) -> [T, width]` adds to it.
EmittedProgram scaleProgram(mlir::MLIRContext &context, int64_t width, llvm::ArrayRef<Level> levels);

/// A safetensors file with the gains 1 .. width and the shift.
std::string scaleWeights(int64_t width, float shift, float firstGain = 1);

/// The context with what programs need.
void prepare(mlir::MLIRContext &context);

/// A fresh folder that goes with this object.
class Scratch {
public:
  Scratch();
  ~Scratch();
  std::string path;
  std::string file(llvm::StringRef name) const { return path + "/" + name.str(); }
  std::string put(llvm::StringRef name, llvm::StringRef bytes) const;
};

std::string readBytes(llvm::StringRef path);
/// Runs a command of the shell; its output with stderr, and the status at `status`.
std::string shell(const std::string &command, int *status);

} // namespace rondo
