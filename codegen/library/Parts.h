// What the files of this folder share. Outside of it only Library.h and TemporaryFolder.h are included.
#pragma once

#include "codegen/library/Library.h"
#include "codegen/library/Version.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

namespace llvm {
class GlobalValue;
class Module;
} // namespace llvm

namespace rondo {

using Bytes = llvm::SmallVector<char, 0>;

/// Version of the calling conventions between a library and its callers; numbers are never reused.
constexpr int kLibraryVersion = 1;

// ---- Names.cpp: how a program appears in C ----

/// The struct fields of one export, in order and unique. Of `axes`, given ones are fields of the inputs (and name those
/// of the limits), returned ones fields of the results.
struct FieldNames {
  std::vector<std::string> axes, inputs, results;
  std::vector<std::string> counts; // of the room at each result
};

/// Refuses names that would not make a C header; says which and what to do.
llvm::Error checkNames(const EmittedProgram &program, const LibraryOptions &options);
/// Axes given to all exports, each once, in order of appearance: the order of the limits struct.
std::vector<std::string> programAxes(const EmittedProgram &program);
/// Fields of the limits struct behind `batch`: the total and the longest of each axis.
std::vector<std::string> limitNames(const EmittedProgram &program);
/// An identifier that is a keyword neither of C nor of C++.
std::string identifier(llvm::StringRef name);
/// The name as an identifier that nothing else in its scope has.
std::string claim(llvm::StringSet<> &taken, llvm::StringRef name);
/// The C type of the elements.
std::string elementType(const EmittedValue &value);
FieldNames fieldNames(const EmittedExport &fn);
/// The enumerators of the model's sizes that fit an int: {"CHARLM_V", 256}.
std::vector<std::pair<std::string, int64_t>> constantNames(const LibraryOptions &options);
/// "0.5".
std::string shown(double number);
/// "logits(text: token(256)[T]) -> [T, 256]".
std::string signature(const EmittedExport &fn);
/// A positive number that differs when what callers see differs.
uint32_t interfaceNumber(const EmittedProgram &program, const LibraryOptions &options);

// ---- Tables.cpp: constant tables and exported functions ----

struct TableFacts {
  std::string name;        // of the model
  std::string manifest;    // JSON
  std::string weightsFile; // what `open` names when it is given none
  int64_t embedded = 0;    // size of the image at embeddedSymbol(name); 0: none
  uint64_t layout = 0;
  uint32_t interface = 0;
};

/// Makes the program's tables and wrappers.
void emitTables(llvm::Module &module, const EmittedProgram &program, const TableFacts &facts);
/// What the packed block's layout depends on, before the module is lowered.
uint64_t layoutHash(const EmittedProgram &program);

// ---- Header.cpp, Wrapper.cpp, Manifest.cpp, Packages.cpp ----

std::string writeHeader(const EmittedProgram &program, const LibraryOptions &options);
std::string writeWrapper(const EmittedProgram &program, const LibraryOptions &options);
std::string writePkgConfig(const LibraryOptions &options);
std::string writeCMakePackage(const LibraryOptions &options);
llvm::json::Value writeManifest(const EmittedProgram &program, const LibraryOptions &options, const TableFacts &facts);

// ---- Code.cpp: machine code, in objects that share only symbols named <model>_.* ----

/// Functions of the runtime that kernels call: the barrier, and how long an axis is that the model computes.
constexpr llvm::StringLiteral kCalledSymbols[] = {"rondo_team_wait", "rondo_make_axis"};
/// The embedded weights.
constexpr llvm::StringLiteral kWeightsSymbol = "weights";

/// What a symbol that objects of one library share is called: hidden, and unlike anything in another library.
std::string hiddenSymbol(llvm::StringRef library, llvm::StringRef symbol);
void hide(llvm::GlobalValue &value, llvm::StringRef library);

struct CodePart {
  std::string name; // charlm_code1.o
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Bytes object;
};
struct Division {
  std::vector<CodePart> parts;
  llvm::StringSet<> functions; // those of all parts
};
/// Takes the program's module apart.
Division divide(EmittedProgram &program, const LibraryOptions &options);
/// From structured operations to an object; parts may be compiled at the same time.
llvm::Error compilePart(CodePart &part, const llvm::StringSet<> &functions, const LibraryOptions &options);
/// The object of tables and wrappers.
llvm::Error compileTables(const EmittedProgram &program, const TableFacts &facts, Bytes &object);
/// An object that holds only the image of the weights.
Bytes embeddedObject(llvm::StringRef name, llvm::StringRef image);

// ---- Link.cpp: the runtime, archives, shared libraries ----

/// The runtime's object, its symbols called as this library calls them.
llvm::Error runtimeObject(llvm::StringRef library, Bytes &object);

struct Member {
  std::string name; // charlm.o
  llvm::StringRef bytes;
};
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> makeArchive(llvm::ArrayRef<Member> members);
/// Writes `path`, whose soname is `name`.
llvm::Error linkShared(llvm::StringRef path, llvm::StringRef name, llvm::ArrayRef<Member> members,
                       const LibraryOptions &options);

// ---- Weights.cpp ----

/// Loads the library at `library` and has it pack `options.weights` into `image`.
llvm::Error packWeights(llvm::StringRef library, llvm::StringRef image, const LibraryOptions &options);

// ---- Files.cpp ----

llvm::Error failed(const llvm::Twine &message);
/// The same of files and the machine, not of the model: its code is std::errc::io_error.
llvm::Error unavailable(const llvm::Twine &message);
/// Writes under a temporary name in the same folder, then renames.
llvm::Error writeFile(llvm::StringRef path, llvm::StringRef bytes);

} // namespace rondo
