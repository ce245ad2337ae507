// A program becomes files: what they hold, what they export, what they need, and that they work.
#include "tests/library/TestProgram.h"

#include "runtime/include/rondo.h"
#include "llvm/Object/Archive.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include <dlfcn.h>
#include <gtest/gtest.h>

using namespace rondo;

namespace {

const Level kAll[] = {Level::V2, Level::V3, Level::V4};

class LibraryTest : public testing::Test {
protected:
  LibraryTest() : context(mlir::MLIRContext::Threading::DISABLED) { prepare(context); }

  LibraryOptions options(const std::string &name) {
    LibraryOptions o;
    o.name = name;
    o.folder = scratch.path;
    o.constants = {{"width", 3}};
    return o;
  }

  /// Empty when it went well, else the message.
  std::string write(const LibraryOptions &o, int64_t width = 3, llvm::ArrayRef<Level> levels = kAll) {
    EmittedProgram program = scaleProgram(context, width, levels);
    written = {};
    return llvm::toString(writeLibrary(program, o, written));
  }

  mlir::MLIRContext context;
  Scratch scratch;
  WrittenFiles written;
};

/// A loaded library, called by name.
struct Loaded {
  Loaded(const std::string &path, std::string name)
      : name(std::move(name)), handle(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (!handle)
      ADD_FAILURE() << dlerror();
  }
  ~Loaded() {
    call<void>("session_free", session);
    call<void>("close", model);
    if (handle)
      dlclose(handle);
  }
  template <typename Result, typename... Arguments>
  Result call(const std::string &suffix, Arguments... arguments) {
    return reinterpret_cast<Result (*)(Arguments...)>(dlsym(handle, (name + "_" + suffix).c_str()))(arguments...);
  }
  rondo_status open(const char *path) {
    int64_t limits[] = {4, 16, 16};
    if (rondo_status status =
            call<rondo_status>("open", &model, path, static_cast<const rondo_config *>(nullptr), &error))
      return status;
    return call<rondo_status>("session_new", &session, model, static_cast<const void *>(limits), &error);
  }
  /// The first result of one example with one row of ones.
  float first(const std::string &fn, size_t width) {
    std::vector<float> x(width, 1), y(width, -1);
    int64_t ends[] = {0, 1};
    const void *in[] = {reinterpret_cast<void *>(1), ends, x.data()},
               *out[] = {y.data(), reinterpret_cast<void *>(width)};
    EXPECT_EQ(call<rondo_status>(fn, session, static_cast<const void *>(in), static_cast<const void *>(out), &error), 0)
        << error.text;
    return y[0];
  }

  std::string name;
  void *handle, *model = nullptr, *session = nullptr;
  rondo_error error = {};
};

TEST_F(LibraryTest, LoadsAndComputes) {
  ASSERT_EQ(write(options("scale")), "");
  Loaded library(scratch.file("libscale.so"), "scale");
  std::string weights = scratch.put("w.safetensors", scaleWeights(3, 7));
  ASSERT_EQ(library.open(weights.c_str()), RONDO_OK) << library.error.text;
  EXPECT_EQ(library.first("scale", 3), 2);
  EXPECT_EQ(library.first("moved", 3), 8);
  EXPECT_EQ(library.call<rondo_status>("selftest", library.session, &library.error), RONDO_OK) << library.error.text;
  // Without weights inside it says what it needs.
  void *model = nullptr;
  const rondo_config *config = nullptr;
  const char *path = nullptr;
  EXPECT_EQ(library.call<rondo_status>("open", &model, path, config, &library.error), RONDO_EINVAL);
  EXPECT_NE(std::string(library.error.text).find("without weights"), std::string::npos);
}

TEST_F(LibraryTest, EmbedsWeights) {
  LibraryOptions o = options("scale");
  o.weights = scratch.put("w.safetensors", scaleWeights(3, 7));
  ASSERT_EQ(write(o), "");
  EXPECT_EQ(written.weightsSize, 64u + 4 * (3 + 1 + 16));
  Loaded library(scratch.file("libscale.so"), "scale");
  ASSERT_EQ(library.open(nullptr), RONDO_OK) << library.error.text;
  EXPECT_EQ(library.first("moved", 3), 8);
  EXPECT_EQ(library.call<rondo_status>("selftest", library.session, &library.error), RONDO_OK) << library.error.text;
}

TEST_F(LibraryTest, WritesLargeWeightsBeside) {
  LibraryOptions o = options("scale");
  o.weights = scratch.put("w.safetensors", scaleWeights(3, 7));
  o.embedBelow = 100;
  ASSERT_EQ(write(o), "");
  Loaded library(scratch.file("libscale.so"), "scale");
  EXPECT_EQ(library.open(nullptr), RONDO_EINVAL);
  EXPECT_NE(std::string(library.error.text).find("scale.weights"), std::string::npos) << library.error.text;
  ASSERT_EQ(library.open(scratch.file("scale.weights").c_str()), RONDO_OK) << library.error.text;
  EXPECT_EQ(library.first("moved", 3), 8);
}

TEST_F(LibraryTest, SaysWhatIsWrongWithWeights) {
  LibraryOptions o = options("scale");
  o.weights = scratch.file("none");
  EXPECT_NE(write(o).find("no such file"), std::string::npos);
  o.weights = scratch.put("w.safetensors", scaleWeights(4, 7));
  std::string message = write(o);
  EXPECT_NE(message.find("w.safetensors: "), std::string::npos) << message;
  EXPECT_NE(message.find("gain"), std::string::npos) << message;
  o.embedBelow = 0;
  o.weights = scratch.put("scale.weights", scaleWeights(3, 7));
  EXPECT_NE(write(o).find("would replace " + o.weights), std::string::npos);
  // What failed leaves nothing behind.
  EXPECT_FALSE(llvm::sys::fs::exists(scratch.file("libscale.so")));
  EXPECT_FALSE(llvm::sys::fs::exists(scratch.file("scale.h")));
}

TEST_F(LibraryTest, RefusesNames) {
  EXPECT_NE(write(options("Scale")).find("lower-case"), std::string::npos);
  EXPECT_NE(write(options("time")).find("time.h"), std::string::npos);
  EXPECT_NE(write(options("rondo")).find("--name"), std::string::npos);
  for (const char *kept : {"_scale", "scale_", "sc__ale"})
    EXPECT_NE(write(options(kept)).find("underscores"), std::string::npos);
  EXPECT_NE(write(options("sem")).find("its sem_close would take the place of C's"), std::string::npos);
  EmittedProgram program = scaleProgram(context, 3, kAll);
  program.exports[1].name = "exit";
  EXPECT_NE(llvm::toString(writeLibrary(program, options("quick"), written)).find("quick_exit"), std::string::npos);
  program.exports[1].name = "open";
  EXPECT_NE(llvm::toString(writeLibrary(program, options("scale"), written)).find("scale_open"), std::string::npos);
}

TEST_F(LibraryTest, SaysThatTheLinkerIsMissing) {
  LibraryOptions o = options("scale");
  o.linker = "/nowhere/ld.lld";
  EXPECT_NE(write(o).find("/nowhere/ld.lld"), std::string::npos);
  o.shared = false;
  EXPECT_EQ(write(o), "");
}

/// Memory that is refused once, at every place in turn: the library as it is shipped, not the runtime's own tests.
TEST_F(LibraryTest, RefusedMemoryIsAStatus) {
  ASSERT_EQ(write(options("scale")), "");
  std::string weights = scratch.put("w.safetensors", scaleWeights(3, 7));
  struct Memory {
    int calls = 0, refused = 0;
    int64_t live = 0;
  };
  rondo_config config = {};
  config.size = sizeof config;
  config.threads = 2;
  config.alloc = [](void *user, size_t size, size_t align) -> void * {
    auto *memory = static_cast<Memory *>(user);
    void *block = nullptr;
    if (++memory->calls == memory->refused || posix_memalign(&block, align, size))
      return nullptr;
    ++memory->live;
    return std::memset(block, 0xFF, size);
  };
  config.release = [](void *user, void *block, size_t, size_t) {
    --static_cast<Memory *>(user)->live;
    free(block);
  };
  Memory memory;
  config.user = &memory;
  do {
    memory = {0, memory.refused + 1, 0};
    {
      Loaded library(scratch.file("libscale.so"), "scale");
      int64_t limits[] = {4, 16, 16};
      rondo_status status = library.call<rondo_status>("open", &library.model, weights.c_str(),
                                                       static_cast<const rondo_config *>(&config), &library.error);
      if (!status)
        status = library.call<rondo_status>("session_new", &library.session, library.model,
                                            static_cast<const void *>(limits), &library.error);
      if (!status)
        status = library.call<rondo_status>("selftest", library.session, &library.error);
      EXPECT_EQ(status, memory.calls < memory.refused ? RONDO_OK : RONDO_ENOMEM) << library.error.text;
      if (library.session)
        EXPECT_EQ(library.first("moved", 3), 8);
    }
    EXPECT_EQ(memory.live, 0) << memory.refused;
  } while (memory.calls >= memory.refused);
  EXPECT_EQ(memory.calls, 10); // six for the weights, two for the session, one for each export of the self-test
}

// ---- what is inside ----

TEST_F(LibraryTest, ExportsAndNeedsLittle) {
  ASSERT_EQ(write(options("scale")), "");
  auto file = llvm::object::ObjectFile::createObjectFile(scratch.file("libscale.so"));
  ASSERT_TRUE(bool(file));
  auto *elf = llvm::cast<llvm::object::ELF64LEObjectFile>(file->getBinary());
  std::set<std::string> exported;
  for (const llvm::object::ELFSymbolRef &symbol : elf->getDynamicSymbolIterators()) {
    if (!(llvm::cantFail(symbol.getFlags()) & llvm::object::SymbolRef::SF_Undefined))
      exported.insert(llvm::cantFail(symbol.getName()).str());
  }
  EXPECT_EQ(exported, (std::set<std::string>{"scale_abi", "scale_manifest", "scale_open", "scale_open_memory",
                                             "scale_save", "scale_close", "scale_session_new", "scale_session_free",
                                             "scale_selftest", "scale_scale", "scale_moved"}));
  const auto &inner = elf->getELFFile();
  std::string bytes = readBytes(scratch.file("libscale.so"));
  llvm::StringRef strings;
  for (const auto &section : llvm::cantFail(inner.sections()))
    if (section.sh_type == llvm::ELF::SHT_DYNSYM)
      strings = llvm::cantFail(inner.getStringTableForSymtab(section));
  for (const auto &entry : llvm::cantFail(inner.dynamicEntries())) {
    EXPECT_NE(entry.getTag(), llvm::ELF::DT_INIT_ARRAY) << "a constructor";
    EXPECT_NE(entry.getTag(), llvm::ELF::DT_TEXTREL);
    EXPECT_NE(entry.getTag(), llvm::ELF::DT_RUNPATH);
    if (entry.getTag() == llvm::ELF::DT_NEEDED) {
      llvm::StringRef needed = strings.data() + entry.getVal();
      EXPECT_TRUE(needed == "libc.so.6" || needed == "libm.so.6" || needed == "libpthread.so.0") << needed.str();
    }
    if (entry.getTag() == llvm::ELF::DT_SONAME)
      EXPECT_STREQ(strings.data() + entry.getVal(), "libscale.so");
  }
  for (const char *path : {"/tmp", "/work", "/home", "/usr", scratch.path.c_str()})
    EXPECT_EQ(bytes.find(path), std::string::npos) << path;
}

TEST_F(LibraryTest, ArchiveDefinesOnlyItsOwn) {
  LibraryOptions o = options("scale");
  o.weights = scratch.put("w.safetensors", scaleWeights(3, 7));
  ASSERT_EQ(write(o), "");
  std::string bytes = readBytes(scratch.file("libscale.a"));
  auto archive = llvm::object::Archive::create(llvm::MemoryBufferRef(bytes, "libscale.a"));
  ASSERT_TRUE(bool(archive));
  llvm::Error error = llvm::Error::success();
  for (const auto &child : (*archive)->children(error)) {
    auto binary = llvm::cantFail(child.getAsBinary());
    for (const auto &symbol : llvm::cast<llvm::object::ObjectFile>(*binary).symbols()) {
      uint32_t flags = llvm::cantFail(symbol.getFlags());
      if ((flags & llvm::object::SymbolRef::SF_Global) && !(flags & llvm::object::SymbolRef::SF_Undefined))
        EXPECT_TRUE(llvm::cantFail(symbol.getName()).starts_with("scale_")) << llvm::cantFail(symbol.getName()).str();
    }
  }
  EXPECT_FALSE(bool(error));
}

TEST_F(LibraryTest, SameBytesInAnyFolder) {
  Scratch other;
  LibraryOptions o = options("scale");
  o.weights = scratch.put("w.safetensors", scaleWeights(3, 7));
  ASSERT_EQ(write(o), "");
  std::vector<WrittenFiles::File> files = written.files;
  o.folder = other.file("deep/er");
  o.weights = other.put("v.safetensors", scaleWeights(3, 7));
  ASSERT_EQ(write(o), "");
  ASSERT_EQ(files.size(), 9u);
  for (auto [a, b] : llvm::zip_equal(files, written.files)) {
    std::string bytes = readBytes(a.path);
    EXPECT_EQ(bytes.size(), a.size);
    EXPECT_FALSE(bytes.empty());
    EXPECT_TRUE(bytes == readBytes(b.path)) << a.path;
  }
}

TEST_F(LibraryTest, CompilesInParts) {
  LibraryOptions o = options("scale");
  o.partSize = 10;
  o.weights = scratch.put("w.safetensors", scaleWeights(3, 7));
  ASSERT_EQ(write(o), "");
  std::string archive = readBytes(scratch.file("libscale.a"));
  EXPECT_NE(archive.find("scale_code9.o"), std::string::npos);
  Loaded library(scratch.file("libscale.so"), "scale");
  ASSERT_EQ(library.open(nullptr), RONDO_OK) << library.error.text;
  EXPECT_EQ(library.first("moved", 3), 8);
}

TEST_F(LibraryTest, ManifestTellsWhatTheHeaderTells) {
  ASSERT_EQ(write(options("scale")), "");
  Loaded library(scratch.file("libscale.so"), "scale");
  auto inside = llvm::json::parse(library.call<const char *>("manifest"));
  ASSERT_TRUE(bool(inside));
  EXPECT_EQ(*inside, llvm::cantFail(llvm::json::parse(readBytes(scratch.file("scale.json")))));
  const llvm::json::Object &root = *inside->getAsObject();
  EXPECT_EQ(root.getString("name"), "scale");
  EXPECT_EQ(root.getInteger("interface"), library.call<uint32_t>("abi"));
  EXPECT_EQ(root.getInteger("parameters"), 3);
  EXPECT_EQ((*root.getArray("exports"))[0].getAsObject()->getString("signature"), "scale(x: [T, 3]) -> [T, 3]");
  EXPECT_EQ(root.getArray("targets")->size(), 3u);
}

TEST_F(LibraryTest, EveryLevelAloneIsChosenOrRefused) {
  std::string weights = scratch.put("w.safetensors", scaleWeights(3, 7));
  for (Level level : kAll) {
    ASSERT_EQ(write(options("scale"), 3, level), "");
    Loaded library(scratch.file("libscale.so"), "scale");
    rondo_status status = library.open(weights.c_str());
    bool runs = level == Level::V2   ? __builtin_cpu_supports("x86-64-v2")
                : level == Level::V3 ? __builtin_cpu_supports("x86-64-v3")
                                     : __builtin_cpu_supports("x86-64-v4");
    EXPECT_EQ(status, runs ? RONDO_OK : RONDO_ECPU) << library.error.text;
    if (runs)
      EXPECT_EQ(library.first("moved", 3), 8);
  }
}

// ---- for C ----

/// What compilers say of `source` with the headers of this folder, in every standard from C99 and C++11 on.
static std::string compileEverywhere(Scratch &scratch, const std::string &source) {
  scratch.put("h.c", source);
  scratch.put("h.cpp", source);
  const std::string flags =
                        " -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wcast-qual -Werror "
                        "-fsyntax-only ",
                    c = flags + "-Wstrict-prototypes -Wc++-compat ", cpp = flags + "-Wold-style-cast ",
                    clang = "-Wreserved-identifier -Wdocumentation ";
  std::string said;
  auto run = [&](const std::string &command) {
    int status;
    std::string output = shell(command, &status);
    if (status)
      said += command + "\n" + output;
  };
  for (const char *standard : {"c99", "c11", "c17", "c2x"}) {
    run("gcc -std=" + std::string(standard) + c + scratch.file("h.c"));
    run("clang-22 -std=" + std::string(standard) + c + clang + scratch.file("h.c"));
  }
  for (const char *standard : {"c++11", "c++14", "c++17", "c++20"}) {
    run("g++ -std=" + std::string(standard) + cpp + scratch.file("h.cpp"));
    run("clang++-22 -std=" + std::string(standard) + cpp + clang + scratch.file("h.cpp"));
  }
  return said;
}

TEST_F(LibraryTest, HeaderCompilesCleanly) {
  ASSERT_EQ(write(options("left")), "");
  ASSERT_EQ(write(options("right"), 5), "");
  EXPECT_EQ(compileEverywhere(scratch, "#include \"left.h\"\n#include \"right.h\"\n#include \"left.h\"\n"
                                       "int main(void) { return left_abi() != LEFT_ABI; }\n"),
            "");
}

TEST_F(LibraryTest, HeaderMakesFieldsOfAnyNames) {
  EmittedProgram program = scaleProgram(context, 3, kAll);
  EmittedExport &fn = program.exports[0];
  fn.axes[0].name = "batch";
  fn.inputs[0].name = "class";
  EmittedValue again = fn.results[0];
  again.name = "y_count";
  fn.results.push_back(again);
  // An exported fn may be a keyword, since the model's name stands before it; another axis a macro of C.
  program.exports[1].name = "register";
  program.exports[1].axes[0].name = "I";
  ASSERT_EQ(llvm::toString(writeLibrary(program, options("odd"), written)), "");
  EXPECT_EQ(compileEverywhere(scratch,
                              "#include <complex.h>\n#include <errno.h>\n#include <stdio.h>\n#include \"odd.h\"\n"
                              "int main(void) {\n  odd_scale_in in;\n  odd_limits limits;\n"
                              "  in.class_ = 0;\n  limits.I_total = 0;\n  (void)odd_register;\n"
                              "  return in.class_ != 0 || limits.I_total != 0;\n}\n"),
            "")
      << readBytes(scratch.file("odd.h"));
}

TEST_F(LibraryTest, HeaderMakesConstantsOfAnyNames) {
  // The guard of a model with a size H; sizes that differ in case, or are called as the number of the interface.
  LibraryOptions o = options("small");
  o.constants = {{"H", 1}, {"h", 2}, {"ABI", 3}, {"ABI_", 4}, {"large", int64_t(1) << 40}};
  ASSERT_EQ(write(o), "");
  // Macros of C.
  LibraryOptions m = options("m");
  m.constants = {{"PI", 5}};
  ASSERT_EQ(write(m), "");
  LibraryOptions i = options("int");
  i.constants = {{"max", 6}};
  ASSERT_EQ(write(i), "");
  EXPECT_EQ(compileEverywhere(
                scratch,
                "#include <limits.h>\n#include <math.h>\n#include \"small.h\"\n#include \"m.h\"\n"
                "#include \"int.h\"\n#include \"m.h\"\n"
                "typedef char small[SMALL_H == 1 && SMALL_H_ == 2 && SMALL_ABI_ == 3 && SMALL_ABI_2 == 4 ? 1 : -1];\n"
                "typedef char others[M_PI_ == 5 && INT_MAX_ == 6 ? 1 : -1];\n"
                "int main(void) { return small_abi() != SMALL_ABI; }\n"),
            "")
      << readBytes(scratch.file("small.h"));
}

TEST_F(LibraryTest, TwoModelsInOneProgram) {
  ASSERT_EQ(write(options("left")), "");
  LibraryOptions o = options("right");
  o.weights = scratch.put("r.safetensors", scaleWeights(5, 7, 10));
  ASSERT_EQ(write(o, 5), "");
  std::string weights = scratch.put("l.safetensors", scaleWeights(3, 0)), at = scratch.path;
  std::string flags =
      " -std=c99 -D_POSIX_C_SOURCE=200112L -Wall -Wextra -Wpedantic -Werror -I" + at + " " RONDO_TEST_SOURCES "/two.c ";
  for (std::string link : {at + "/libleft.a " + at + "/libright.a -lm -pthread",
                           "-static " + at + "/libright.a " + at + "/libleft.a -lm -pthread",
                           at + "/libleft.so " + at + "/libright.so -Wl,-rpath," + at}) {
    int status;
    std::string said = shell("gcc" + flags + link + " -o " + at + "/two && " + at + "/two " + weights + " && " + at +
                                 "/two " + weights + " threads",
                             &status);
    EXPECT_EQ(status, 0) << link;
    EXPECT_EQ(said, "ok\nok\n") << link;
  }
}

} // namespace
