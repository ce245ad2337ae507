// From an emitted program to what is shipped: a shared library, an archive, headers for C and C++, a manifest, files
// for build systems and, where asked, the packed weights. Every file appears whole or not at all, and the same input
// gives the same bytes in any folder.
#pragma once

#include "codegen/cpu/Program.h"
#include "llvm/Support/Error.h"

namespace rondo {

struct LibraryOptions {
  std::string name;              // lower-case name of the model; prefix of every symbol: charlm
  std::string folder = ".";      // made where missing
  bool shared = true;            // libNAME.so: needs ld.lld
  bool archive = true;           // libNAME.a
  std::string weights;           // safetensors file or .weights image to pack now; empty: given to `open` later
  int64_t embedBelow = 64 << 20; // bytes of packed weights that go into the library; more stand in NAME.weights
  unsigned partSize = 4000;      // operations, roughly, that one thread compiles at a time
  std::string linker;            // path of ld.lld; empty: it is searched for
  /// Sizes of the model for the header, in order: {"V", 256} gives CHARLM_V = 256.
  std::vector<std::pair<std::string, int64_t>> constants;
};

struct WrittenFiles {
  struct File {
    std::string path;
    uint64_t size = 0;
  };
  std::vector<File> files;                             // in the order of writing; the shared library first
  uint64_t codeSize = 0;                               // bytes of the object without weights
  uint64_t weightsSize = 0;                            // bytes of the packed weights, embedded or beside; 0: none given
  std::vector<std::pair<std::string, double>> seconds; // phases of the work, in order
};

/// Writes the library. The program's module is used up. Every failure says what to do about it; those of files have the
/// code std::errc::io_error.
llvm::Error writeLibrary(EmittedProgram &program, const LibraryOptions &options, WrittenFiles &written);

} // namespace rondo
