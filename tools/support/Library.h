// A compiled library, called through its public C interface by what its manifest says: no private door.
// Of the manifest this reads
//
//   { "name": "mt", "axes": ["S", "T"], "targets": ["x86-64-v3", "x86-64-v4"], "exports": [
//     { "name": "logits", "axes": [{"name": "S", "least": 1, "max": 0}, {"name": "T", "least": 1, "max": 512}],
//       "made_axes": [{"name": "P", "source": "arithmetic", "constant": -1, "divisor": 1, "factors": [0, 2],
//                      "returned": false}],
//       "inputs": [{"name": "src", "element": "i32", "axes": ["S"], "shape": [], "bound": 8000},
//                  {"name": "at", "element": "i32", "axes": ["T"], "shape": [], "bound": "S"}],
//       "results": [{"name": "logits", "element": "f32", "axes": ["T"], "shape": [8000]}] }] }
#pragma once

#include "runtime/include/rondo.h"
#include "tools/support/Array.h"
#include "llvm/Support/JSON.h"
#include <memory>
#include <optional>

namespace rondo {

/// What the manifest says of one input or result.
struct Port {
  std::string name;
  bool real = true;                 // float, else int32_t
  bool isBool = false;              // int32_t 0 or 1
  std::vector<unsigned> axes;       // sequence axes, indices into Signature::axes
  llvm::SmallVector<int64_t> shape; // static axes
  int64_t bound = 0;                // ids are 0 .. bound-1; 0: any int; -1-k: below the length of axis k
  std::optional<double> preset;     // of inputs: what they are where they are left out
  int64_t width() const;
};

struct PortAxis {
  std::string name;
  int64_t least = 1, max = 0; // max 0: any
  /// Of an axis that the model makes: its length is (constant + sum of factor * length of earlier axes) div divisor, or
  /// that is the most it can be.
  bool ofValue = false, returned = false;
  int64_t constant = 0, divisor = 1;
  std::vector<int64_t> factors;
};

struct Signature {
  std::string name;
  std::vector<PortAxis> axes; // given ones, then made ones
  size_t given = 0;
  std::vector<Port> inputs, results;
};

/// One ragged batch for an export: lengths[axis][example] of the given axes, and for each input the rows of all
/// examples in order. A call adds the lengths of the axes that are made.
struct Ragged {
  int64_t count = 0;
  std::vector<std::vector<int64_t>> lengths;
  std::vector<Array> inputs; // F32 or I32

  /// Rows of example `example` in a value, and before it.
  int64_t rows(const Port &value, int64_t example) const;
  int64_t before(const Port &value, int64_t example) const;
  /// Lengths of made axes by their forms: what they are, or the most they can be.
  void measure(const Signature &fn);
};

class CompiledLibrary {
public:
  static llvm::Expected<std::unique_ptr<CompiledLibrary>> load(llvm::StringRef path);
  /// What a manifest says, without a library behind it: nothing can be opened or called.
  static llvm::Expected<std::unique_ptr<CompiledLibrary>> fromManifest(llvm::StringRef text);
  ~CompiledLibrary();

  std::string name;
  std::vector<std::string> axes; // of all exports, in the order of the limits struct
  std::vector<Signature> exports;
  std::vector<std::string> targets;
  llvm::json::Value manifest = nullptr;

  const Signature *find(llvm::StringRef fn) const;

  /// Before `open`: memory that the library asks for is full of NaNs (and ids of -1), and so are results before a call;
  /// every second call has a fresh session. What is read before it was written is then seen in what comes out. Writing
  /// beyond the end of a result is an error of the call, and reading beyond the end of an input ends the process.
  bool poison = false;

  /// Weights: a path, or "" for the embedded ones.
  llvm::Error open(llvm::StringRef path, unsigned threads = 1);
  llvm::Error openMemory(llvm::StringRef bytes, unsigned threads = 1);
  /// Room for a batch; the old session goes.
  llvm::Error session(const Signature &fn, const Ragged &batch);
  /// Results in the manifest's order, rows of all examples one after another. Makes a session if it must.
  llvm::Expected<std::vector<Array>> call(const Signature &fn, Ragged &batch);

private:
  CompiledLibrary() = default;
  void *symbol(llvm::StringRef suffix) const;
  llvm::Error readManifest(llvm::StringRef text);
  void close();

  void *handle = nullptr, *model = nullptr, *current = nullptr;
  std::vector<int64_t> limits;
  unsigned calls = 0;
};

} // namespace rondo
