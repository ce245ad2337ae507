// The runtime under the names of a library, objects into an archive, objects into a shared library.
#include "codegen/cpu/Lowering.h"
#include "codegen/library/Parts.h"
#include "codegen/library/TemporaryFolder.h"
#include "runtime/embedded.h"

#include "llvm/ObjCopy/CommonConfig.h"
#include "llvm/ObjCopy/ELF/ELFConfig.h"
#include "llvm/ObjCopy/ELF/ELFObjcopy.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"

using namespace llvm;

namespace rondo {

static StringRef asText(const unsigned char *bytes, size_t size) {
  return StringRef(reinterpret_cast<const char *>(bytes), size);
}

Error runtimeObject(StringRef library, Bytes &object) {
  auto runtime = object::ObjectFile::createELFObjectFile(
      MemoryBufferRef(asText(rondo_runtime_object, rondo_runtime_object_size), "runtime"));
  if (!runtime)
    return runtime.takeError();
  auto &elf = cast<object::ELFObjectFileBase>(**runtime);
  StringMap<std::string> names;
  for (const object::ELFSymbolRef &symbol : elf.symbols()) {
    auto flags = symbol.getFlags();
    auto name = symbol.getName();
    if (!flags || !name)
      return joinErrors(flags.takeError(), name.takeError());
    if ((*flags & object::SymbolRef::SF_Global) && !(*flags & object::SymbolRef::SF_Undefined))
      names[*name] = hiddenSymbol(library, *name);
  }
  objcopy::CommonConfig config;
  for (auto &entry : names)
    config.SymbolsToRename[entry.getKey()] = entry.getValue();
  raw_svector_ostream stream(object);
  return objcopy::elf::executeObjcopyOnBinary(config, objcopy::ELFConfig(), elf, stream);
}

Expected<std::unique_ptr<MemoryBuffer>> makeArchive(ArrayRef<Member> members) {
  std::vector<NewArchiveMember> list;
  for (const Member &member : members)
    list.emplace_back(MemoryBufferRef(member.bytes, member.name));
  return writeArchiveToBuffer(list, SymtabWritingMode::NormalSymtab, object::Archive::K_GNU, /*Deterministic=*/true,
                              /*Thin=*/false);
}

static Expected<std::string> findLinker(const LibraryOptions &options) {
  if (!options.linker.empty())
    return options.linker;
  for (StringRef candidate : {"ld.lld-22", "ld.lld"})
    if (auto found = sys::findProgramByName(candidate))
      return *found;
  // Where LLVM stood when the compiler was built.
  if (sys::fs::can_execute(RONDO_LLD))
    return RONDO_LLD;
  return unavailable(
      "a shared library needs LLVM's linker, and ld.lld-22 is not to be found: install lld-22, or ask for the "
      "archive alone");
}

Error linkShared(StringRef path, StringRef name, ArrayRef<Member> members, const LibraryOptions &options) {
  auto linker = findLinker(options);
  if (!linker)
    return linker.takeError();
  auto folder = TemporaryFolder::create();
  if (!folder)
    return folder.takeError();
  std::vector<std::string> inputs;
  for (const Member &member : members) {
    inputs.push_back(folder->file(member.name));
    if (Error error = writeFile(inputs.back(), member.bytes))
      return error;
  }
  // Stand-ins for the system's libraries: they bind to the oldest versions of what is used.
  for (auto [file, bytes] : {std::pair("libc.so", asText(rondo_stub_c, rondo_stub_c_size)),
                             {"libm.so", asText(rondo_stub_m, rondo_stub_m_size)},
                             {"libpthread.so", asText(rondo_stub_pthread, rondo_stub_pthread_size)}}) {
    inputs.push_back(folder->file(file));
    if (Error error = writeFile(inputs.back(), bytes))
      return error;
  }
  std::vector<StringRef> arguments = {*linker,
                                      "-shared",
                                      "-soname",
                                      name,
                                      "-o",
                                      path,
                                      "-z",
                                      "now",
                                      "-z",
                                      "relro",
                                      "-z",
                                      "noexecstack",
                                      "-z",
                                      "defs",
                                      "-z",
                                      "max-page-size=4096",
                                      "--build-id=none",
                                      "--hash-style=gnu",
                                      "--gc-sections",
                                      "--as-needed",
                                      "--no-mmap-output-file", // a full disk is an error then, no signal
                                      "--no-color-diagnostics"};
  append_range(arguments, inputs);
  std::string said = folder->file("errors");
  std::string message;
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(said), StringRef(said)};
  int status = sys::ExecuteAndWait(*linker, arguments, std::nullopt, redirects, 0, 0, &message);
  if (!status)
    return Error::success();
  sys::fs::remove(path);
  if (auto text = MemoryBuffer::getFile(said))
    message += (*text)->getBuffer().rtrim();
  return unavailable("linking " + Twine(name) + " with " + *linker + " failed: " + message);
}

} // namespace rondo
