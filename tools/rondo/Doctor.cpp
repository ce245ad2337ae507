// `rondo doctor`: what is here, what is missing, and the command that helps. The last line compiles and runs a model,
// since that is what all the others are for.
#include "codegen/library/Version.h"
#include "dsl/Compile.h"
#include "tools/rondo/Build.h"
#include "tools/rondo/Terminal.h"
#include "tools/support/Random.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include <thread>

using namespace llvm;

namespace rondo {

namespace {
struct Finding {
  StringRef what;
  bool ok, needed;
  std::string found, fix;
};
} // namespace

static std::string firstProgram(std::initializer_list<StringRef> names) {
  StringRef packaged[] = {"/usr/lib/llvm-22/bin"};
  for (StringRef name : names)
    for (ArrayRef<StringRef> folder : {ArrayRef<StringRef>(packaged), ArrayRef<StringRef>()})
      if (auto path = sys::findProgramByName(name, folder))
        return *path;
  return "";
}

/// A Python program's first line of output, or nothing when it fails.
static std::string python(StringRef program, StringRef code) {
  TemporaryFolder folder = scratch();
  std::string file = folder.path + "/out";
  std::optional<StringRef> to[] = {StringRef(""), StringRef(file), StringRef("")};
  if (sys::ExecuteAndWait(program, {program, "-c", code}, std::nullopt, to))
    return "";
  auto text = readBytes(file);
  if (!text) {
    consumeError(text.takeError());
    return "";
  }
  return StringRef(*text).split('\n').first.str();
}

/// Where the Python package stands: installed, or in the sources that this was built from.
static std::string packageFolder() {
  SmallString<128> bin(sys::fs::getMainExecutable(nullptr, nullptr));
  sys::path::remove_filename(bin);
  for (StringRef place : {"../share/rondo/python", "../../../runtime/python"}) {
    SmallString<128> path(bin), folder;
    sys::path::append(path, place);
    if (!sys::fs::real_path(path, folder))
      return folder.str().str();
  }
  return "runtime/python";
}

/// The whole way once: from equations to numbers.
static Finding tryModel(const Options &options) {
  Finding finding{"compile and run", false, true, "", "run `rondo compile` on a model: its message says what is wrong"};
  Clock clock;
  TemporaryFolder folder = scratch();
  std::string path = folder.path + "/doctor.rondo";
  if (Error error = writeBytes(path, "model Doctor(E = 4) {\n  rnn = gru(E, E)\n"
                                     "  fn f(x: [T, E]) -> [T, E] = rnn(x)\n  export f\n}\n")) {
    finding.found = toString(std::move(error));
    return finding;
  }
  Options quiet;
  quiet.quiet = true;
  int status = Yes;
  std::unique_ptr<Model> model = Model::read(quiet, path, status);
  std::string library;
  if (!model || buildBest(quiet, *model, folder.path, library)) {
    finding.found = "a two-line model does not compile";
    return finding;
  }
  auto loaded = CompiledLibrary::load(library);
  if (!loaded) {
    finding.found = toString(loaded.takeError());
    return finding;
  }
  const Signature &fn = (*loaded)->exports[0];
  Ragged batch = randomBatch(fn, {3, 9}, 1, 4);
  Error error = (*loaded)->openMemory(writeSafetensors(randomWeights(model->cells(), 1)));
  if (!error)
    error = (*loaded)->call(fn, batch).takeError();
  finding.ok = !error;
  finding.found = error ? toString(std::move(error)) : "a GRU, " + clock.text();
  return finding;
}

int doctor(const Options &options) {
  std::vector<Finding> findings;
  std::string level = bestHere();
  findings.push_back({"processor", !level.empty(), true,
                      sys::getHostCPUName().str() + ", " + (level.empty() ? "below x86-64-v2" : level) + ", " +
                          std::to_string(std::max(1u, std::thread::hardware_concurrency())) + " cores",
                      "libraries need an x86-64-v2 processor at least; compiling for others works"});
  findings.push_back({"compiler", true, true,
                      std::string("rondo ") + kCompilerVersion + ", LLVM and MLIR " + LLVM_VERSION_STRING, ""});
  std::string linker = firstProgram({"ld.lld-22", "ld.lld"});
  findings.push_back(
      {"linker", !linker.empty(), true, linker.empty() ? "no ld.lld-22" : linker, "apt-get install lld-22"});
  std::string cc = firstProgram({"cc", "gcc", "clang-22", "clang"});
  findings.push_back({"C compiler", !cc.empty(), false, cc.empty() ? "none: only needed to call libraries from C" : cc,
                      "apt-get install gcc"});
  std::string py = firstProgram({"python3"});
  std::string numpy =
      py.empty() ? "" : python(py, "import numpy, sys; print(sys.version.split()[0], 'with NumPy', numpy.__version__)");
  findings.push_back({"Python", !numpy.empty(), false,
                      !numpy.empty() ? numpy
                      : py.empty()   ? "none: only needed for the Python package"
                                     : py + " without NumPy: only needed for the Python package",
                      "apt-get install python3-numpy (in a virtual environment: pip install numpy)"});
  std::string package = py.empty() ? "" : python(py, "import rondo; print(rondo.__file__)");
  findings.push_back({"Python package", !package.empty(), false, package.empty() ? "`import rondo` fails" : package,
                      "export PYTHONPATH=" + packageFolder() + " (in a virtual environment: pip install that folder)"});
  findings.push_back(tryModel(options));

  bool healthy = true;
  json::Array list;
  for (const Finding &finding : findings) {
    healthy &= finding.ok || !finding.needed;
    StringRef verdict = finding.ok ? "ok" : finding.needed ? "MISSING" : "missing";
    json::Object object{
        {"what", finding.what}, {"ok", finding.ok}, {"needed", finding.needed}, {"found", finding.found}};
    if (!finding.ok)
      object["fix"] = finding.fix;
    list.push_back(std::move(object));
    if (options.json)
      continue;
    outs() << left_justify(finding.what, 16) << left_justify(verdict, 9) << finding.found << "\n";
    if (!finding.ok)
      outs() << std::string(25, ' ') << "fix: " << finding.fix << "\n";
  }
  if (options.json)
    outs() << formatv("{0:2}", json::Value(std::move(list))) << "\n";
  return healthy ? Yes : No;
}

} // namespace rondo
