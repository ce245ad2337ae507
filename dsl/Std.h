// The standard library, dsl/std/*.rondo, as it was when the compiler was built.
#ifndef RONDO_DSL_STD_H
#define RONDO_DSL_STD_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace rondo {

struct EmbeddedFile {
  llvm::StringRef path; // "std/linear.rondo"
  llvm::StringRef text;
};

/// In the order of their names. The text is there as long as the program runs.
llvm::ArrayRef<EmbeddedFile> standardLibrary();

} // namespace rondo

#endif
