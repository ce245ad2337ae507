// Batches in files, for `rondo run` and `rondo import --reference`.
//
// NPZ: an array per input and result, the rows of all examples one after another, and for each sequence axis T the
// array `T.offsets` (batch + 1 row offsets, the first 0). Without offsets the file holds one example. JSON lines: one
// example a line, {"text": [72, 105]}; reals and static axes as nested lists; ids below 256 also as a string, its
// bytes. Names that belong to nothing are refused.
#pragma once

#include "tools/support/Library.h"

namespace rondo {

/// Results (recorded ones) are left alone. Errors name the input.
llvm::Expected<Ragged> batchFromArrays(const Signature &fn, const Arrays &arrays);
/// Whether a value of this shape is that of the whole batch: its rows, or, of one example, as many as its own axes say.
bool fits(const Port &value, const Ragged &batch, llvm::ArrayRef<int64_t> shape);
Arrays arraysFromResults(const Signature &fn, const Ragged &batch, llvm::ArrayRef<Array> results);

/// The lengths of one example, from those that its inputs show (-1: none does). What the model makes of lengths is an
/// error where an input shows otherwise.
llvm::Expected<Ragged> measureExample(const Signature &fn, llvm::ArrayRef<int64_t> shown);
/// Errors name the line; `firstLine` is the number of lines[0].
llvm::Expected<Ragged> batchFromJson(const Signature &fn, llvm::ArrayRef<llvm::StringRef> lines, size_t firstLine);
/// As `how` prints it; what is no finite number as Python's json reads it: NaN, Infinity, -Infinity.
std::string printNumber(const char *how, double number);
void printJson(llvm::raw_ostream &os, const Signature &fn, const Ragged &batch, llvm::ArrayRef<Array> results);

} // namespace rondo
