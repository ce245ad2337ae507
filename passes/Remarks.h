// What a pass did and what it left, said at the source line: the only source of `rondo explain`.
// Passes call `did` and `left`; MLIR's remark engine carries it, and costs nothing while nobody listens.
#pragma once

#include "mlir/IR/Location.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/Twine.h"
#include <string>
#include <vector>

namespace rondo {

/// A number that goes with a remark ("bytes", "flops", "products").
struct RemarkNumber {
  std::string name;
  int64_t value;
};

struct PassRemark {
  std::string pass; // "fuse-products"
  bool done;        // false: it could have been done, and the text says why it was not
  std::string text; // lower case, no full stop
  std::string file; // of the source; empty when unknown
  unsigned line = 0, column = 0;
  std::vector<RemarkNumber> numbers;
};

void did(mlir::Location loc, llvm::StringRef pass, const llvm::Twine &text, llvm::ArrayRef<RemarkNumber> numbers = {});
void left(mlir::Location loc, llvm::StringRef pass, const llvm::Twine &text, llvm::ArrayRef<RemarkNumber> numbers = {});

/// Collects all remarks of a context from now on into `sink`, which must outlive the context's passes. A remark said
/// twice of one place is kept once.
void collectRemarks(mlir::MLIRContext &context, std::vector<PassRemark> &sink);

/// First file, line and column of a location (inside name, call and fused locations too); false when there is none.
bool sourceOf(mlir::Location loc, std::string &file, unsigned &line, unsigned &column);

/// "lstm.rondo:14:3: fuse-products: 4 products became one [512 x 2048]".
void print(llvm::raw_ostream &os, const PassRemark &remark);

} // namespace rondo
