// The order of the work: code, tables, runtime, object, weights, files.
#include "codegen/library/Library.h"

#include "codegen/cpu/Lowering.h"
#include "codegen/library/Parts.h"
#include "codegen/library/TemporaryFolder.h"
#include "mlir/IR/Threading.h"
#include "runtime/embedded.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <chrono>

using namespace llvm;

namespace rondo {

namespace {

class Writer {
public:
  Writer(EmittedProgram &program, const LibraryOptions &options, WrittenFiles &written)
      : program(program), options(options), written(written), started(std::chrono::steady_clock::now()) {}

  Error write() {
    if (Error error = check())
      return error;
    decide();
    if (!facts.weightsFile.empty() && sys::fs::equivalent(at(facts.weightsFile), options.weights))
      return unavailable("the packed weights would replace " + options.weights +
                         ", which they are made of; write into another folder");
    if (Error error = compile())
      return error;
    if (!options.weights.empty())
      if (Error error = pack())
        return error;
    return writeAll();
  }

private:
  Error check() {
    if (Error error = checkNames(program, options))
      return error;
    if (!options.weights.empty() && program.cells.empty())
      return failed("the model has no parameters: leave out --weights");
    // Now, not after a minute of work.
    if (!options.weights.empty() && !sys::fs::exists(options.weights))
      return unavailable("cannot read " + options.weights + ": no such file");
    if (std::error_code code = sys::fs::create_directories(options.folder, /*IgnoreExisting=*/true, sys::fs::all_all))
      return unavailable("cannot make the folder " + options.folder + ": " + code.message());
    return Error::success();
  }

  /// What the tables say of the weights is known before there are any.
  void decide() {
    int64_t imageSize = 64 + (program.packedFloats + 16) * 4;
    facts.name = options.name;
    facts.layout = layoutHash(program);
    facts.interface = interfaceNumber(program, options);
    if (!options.weights.empty()) {
      if (imageSize < options.embedBelow)
        facts.embedded = imageSize;
      else
        facts.weightsFile = options.name + ".weights";
    }
    facts.manifest = formatv("{0}", writeManifest(program, options, facts)).str();
  }

  Error compile() {
    mlir::MLIRContext *context = program.module->getContext();
    prepareLowering(context);
    Division division = divide(program, options);
    std::vector<CodePart> &parts = division.parts;
    if (Error error = runtimeObject(options.name, runtime))
      return error;
    std::vector<std::string> errors(parts.size() + 1);
    // Tables last: they take longer than no part, and the first to be taken up should be the long ones.
    mlir::parallelFor(context, 0, errors.size(), [&](size_t i) {
      errors[i] = toString(i < parts.size() ? compilePart(parts[i], division.functions, options)
                                            : compileTables(program, facts, tables));
    });
    for (const std::string &error : errors)
      if (!error.empty())
        return failed(error);
    program.module = nullptr;
    code = std::move(parts);
    written.codeSize = tables.size() + runtime.size();
    for (const CodePart &part : code)
      written.codeSize += part.object.size();
    phase("machine code");
    return Error::success();
  }

  std::vector<Member> members(const Bytes *weights) const {
    std::vector<Member> all = {{options.name + ".o", {tables.data(), tables.size()}},
                               {options.name + "_runtime.o", {runtime.data(), runtime.size()}}};
    for (const CodePart &part : code)
      all.push_back({part.name, {part.object.data(), part.object.size()}});
    if (facts.embedded)
      all.push_back({options.name + "_weights.o", {weights->data(), weights->size()}});
    return all;
  }

  /// The library packs its own weights, linked with an empty image first.
  Error pack() {
    auto folder = TemporaryFolder::create();
    if (!folder)
      return folder.takeError();
    Bytes none = embeddedObject(options.name, StringRef("", 1));
    std::string library = folder->file("lib.so"), path = folder->file("image");
    if (Error error = linkShared(library, "lib.so", members(&none), options))
      return error;
    if (Error error = packWeights(library, path, options))
      return error;
    auto file = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!file)
      return unavailable("cannot read " + path + ": " + file.getError().message());
    image = std::move(*file);
    written.weightsSize = image->getBufferSize();
    if (facts.embedded && static_cast<int64_t>(written.weightsSize) != facts.embedded)
      return failed("internal error: the packed weights have " + Twine(written.weightsSize) + " bytes, expected " +
                    Twine(facts.embedded));
    if (facts.embedded)
      weights = embeddedObject(options.name, image->getBuffer());
    phase("weights");
    return Error::success();
  }

  Error writeAll() {
    if (options.shared) {
      std::string name = "lib" + options.name + ".so", path = at(name);
      SmallString<128> temporary;
      sys::fs::createUniquePath(path + ".tmp-%%%%%%", temporary, /*MakeAbsolute=*/false);
      if (Error error = linkShared(temporary, name, members(&weights), options))
        return error;
      if (std::error_code code = sys::fs::rename(temporary, path)) {
        sys::fs::remove(temporary);
        return unavailable("cannot write " + path + ": " + code.message());
      }
      if (Error error = note(path))
        return error;
    }
    if (options.archive) {
      auto archive = makeArchive(members(&weights));
      if (!archive)
        return archive.takeError();
      if (Error error = put("lib" + options.name + ".a", (*archive)->getBuffer()))
        return error;
    }
    phase("link");
    if (image && !facts.embedded)
      if (Error error = put(facts.weightsFile, image->getBuffer()))
        return error;
    if (Error error = put("rondo.h", StringRef(rondo_header_text, rondo_header_text_size)))
      return error;
    if (Error error = put(options.name + ".h", writeHeader(program, options)))
      return error;
    if (Error error = put("rondo.hpp", StringRef(rondo_wrapper_text, rondo_wrapper_text_size)))
      return error;
    if (Error error = put(options.name + ".hpp", writeWrapper(program, options)))
      return error;
    if (Error error = put(options.name + ".pc", writePkgConfig(options)))
      return error;
    if (Error error = put(options.name + "-config.cmake", writeCMakePackage(options)))
      return error;
    std::string manifest = formatv("{0:2}\n", writeManifest(program, options, facts)).str();
    Error error = put(options.name + ".json", manifest);
    phase("write");
    return error;
  }

  std::string at(StringRef name) const {
    SmallString<128> path(options.folder);
    sys::path::append(path, name);
    return path.str().str();
  }
  Error note(const std::string &path) {
    uint64_t size = 0;
    if (std::error_code code = sys::fs::file_size(path, size))
      return unavailable("cannot write " + path + ": " + code.message());
    written.files.push_back({path, size});
    return Error::success();
  }
  Error put(StringRef name, StringRef bytes) {
    std::string path = at(name);
    if (Error error = writeFile(path, bytes))
      return error;
    return note(path);
  }
  /// Ends a phase.
  void phase(const char *name) {
    auto now = std::chrono::steady_clock::now();
    written.seconds.emplace_back(name, std::chrono::duration<double>(now - started).count());
    started = now;
  }

  EmittedProgram &program;
  const LibraryOptions &options;
  WrittenFiles &written;
  std::chrono::steady_clock::time_point started;
  TableFacts facts;
  std::vector<CodePart> code;
  Bytes runtime, tables, weights;
  std::unique_ptr<MemoryBuffer> image;
};

} // namespace

Error writeLibrary(EmittedProgram &program, const LibraryOptions &options, WrittenFiles &written) {
  return Writer(program, options, written).write();
}

} // namespace rondo
