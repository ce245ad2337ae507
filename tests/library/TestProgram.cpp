#include "tests/library/TestProgram.h"

#include "codegen/cpu/Lowering.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace rondo;

// Offsets are those of rondo_frame in runtime/src/program.h. The first thread does the work, all of them meet.
static const char *const kEntry = R"(
llvm.func @{0}.{1}(%frame: !llvm.ptr, %tid: i32, %threads: i32) {
  %none = llvm.mlir.constant(0 : i32) : i32
  %zero = llvm.mlir.constant(0 : i64) : i64
  %one = llvm.mlir.constant(1 : i64) : i64
  %width = llvm.mlir.constant({2} : i64) : i64
  %rowsAt = llvm.getelementptr %frame[16] : (!llvm.ptr) -> !llvm.ptr, i8
  %rows = llvm.load %rowsAt : !llvm.ptr -> !llvm.ptr
  %total = llvm.load %rows : !llvm.ptr -> i64
  %count = llvm.mul %total, %width : i64
  %inputsAt = llvm.getelementptr %frame[48] : (!llvm.ptr) -> !llvm.ptr, i8
  %inputs = llvm.load %inputsAt : !llvm.ptr -> !llvm.ptr
  %x = llvm.load %inputs : !llvm.ptr -> !llvm.ptr
  %resultsAt = llvm.getelementptr %frame[56] : (!llvm.ptr) -> !llvm.ptr, i8
  %results = llvm.load %resultsAt : !llvm.ptr -> !llvm.ptr
  %y = llvm.load %results : !llvm.ptr -> !llvm.ptr
  %weightsAt = llvm.getelementptr %frame[64] : (!llvm.ptr) -> !llvm.ptr, i8
  %weights = llvm.load %weightsAt : !llvm.ptr -> !llvm.ptr
  %shiftAt = llvm.getelementptr %weights[{2}] : (!llvm.ptr) -> !llvm.ptr, f32
  %shift = llvm.load %shiftAt : !llvm.ptr -> f32
  %first = llvm.icmp "eq" %tid, %none : i32
  llvm.cond_br %first, ^loop(%zero : i64), ^end
^loop(%i: i64):
  %more = llvm.icmp "slt" %i, %count : i64
  llvm.cond_br %more, ^body, ^end
^body:
  %xi = llvm.getelementptr %x[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  %in = llvm.load %xi : !llvm.ptr -> f32
  %c = llvm.urem %i, %width : i64
  %gi = llvm.getelementptr %weights[%c] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  %gain = llvm.load %gi : !llvm.ptr -> f32
  %product = llvm.fmul %in, %gain : f32
  %out = {3}
  %yi = llvm.getelementptr %y[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  llvm.store %out, %yi : f32, !llvm.ptr
  %next = llvm.add %i, %one : i64
  llvm.br ^loop(%next : i64)
^end:
  %teamAt = llvm.getelementptr %frame[96] : (!llvm.ptr) -> !llvm.ptr, i8
  %team = llvm.load %teamAt : !llvm.ptr -> !llvm.ptr
  llvm.call @rondo_team_wait(%team, %tid) : (!llvm.ptr, i32) -> ()
  llvm.return
}
)";

// The packed block: the gains without their padding, then the shift, which stands 16-aligned in the plain block.
static const char *const kLoad = R"(
llvm.func @load.{0}(%plain: !llvm.ptr, %packed: !llvm.ptr) {
  %size = llvm.mlir.constant({1} : i64) : i64
  "llvm.intr.memcpy"(%packed, %plain, %size) <{{isVolatile = false}> : (!llvm.ptr, !llvm.ptr, i64) -> ()
  %from = llvm.getelementptr %plain[{2}] : (!llvm.ptr) -> !llvm.ptr, f32
  %shift = llvm.load %from : !llvm.ptr -> f32
  %to = llvm.getelementptr %packed[{3}] : (!llvm.ptr) -> !llvm.ptr, f32
  llvm.store %shift, %to : f32, !llvm.ptr
  llvm.return
}
)";

void rondo::prepare(MLIRContext &context) {
  DialectRegistry registry;
  registerCpuDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
}

EmittedProgram rondo::scaleProgram(MLIRContext &context, int64_t width, llvm::ArrayRef<Level> levels) {
  EmittedProgram program;
  int64_t padded = llvm::alignTo(width, 16);
  program.cells = {{"gain", "param", {width}, 0}, {"shift", "const", {}, padded}};
  program.plainFloats = padded + 16;
  program.packedFloats = width + 1;
  EmittedValue x{"x", 0, {0}, {width}, 0}, y{"y", 0, {0}, {width}, 0};
  program.exports = {{"scale", {{"T", 512, 0}}, {}, {x}, {y}, {{16, 0, 1, 0}}, {16, 0, 0, 0}, {}},
                     {"moved", {{"T", 0, 0}}, {}, {x}, {y}, {}, {0, 0, 0, 0}, {}}};
  std::string text = "llvm.func @rondo_team_wait(!llvm.ptr, i32)\n";
  for (Level level : levels) {
    Target target{level};
    program.targets.push_back(target);
    program.load.push_back(("load." + target.name()).str());
    text += llvm::formatv(kLoad, target.name(), width * 4, padded, width).str();
    for (EmittedExport &fn : program.exports) {
      const char *last = fn.name == "scale" ? "llvm.fadd %product, %product : f32" : "llvm.fadd %product, %shift : f32";
      text += llvm::formatv(kEntry, fn.name, target.name(), width, last).str();
      fn.entry.push_back((fn.name + "." + target.name()).str());
    }
  }
  program.module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
  for (auto func : program.module->getOps<LLVM::LLVMFuncOp>())
    for (Target target : program.targets)
      if (func.getSymName().ends_with(("." + target.name()).str()))
        setTarget(func, target);
  return program;
}

std::string rondo::scaleWeights(int64_t width, float shift, float firstGain) {
  std::string header = llvm::formatv(
      R"({{"gain":{{"dtype":"F32","shape":[{0}],"data_offsets":[0,{1}]},"shift":{{"dtype":"F32","shape":[],)"
      R"("data_offsets":[{1},{2}]}})",
      width, width * 4, width * 4 + 4);
  header.resize(llvm::alignTo(header.size(), 8), ' ');
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i)
    bytes[i] = static_cast<char>(header.size() >> (8 * i));
  bytes += header;
  auto put = [&](float value) { bytes.append(reinterpret_cast<const char *>(&value), 4); };
  for (int64_t i = 0; i < width; ++i)
    put(firstGain + static_cast<float>(i));
  put(shift);
  return bytes;
}

Scratch::Scratch() {
  llvm::SmallString<128> made;
  if (!llvm::sys::fs::createUniqueDirectory("rondo-library-test", made))
    path = made.str().str();
}

Scratch::~Scratch() { llvm::sys::fs::remove_directories(path); }

std::string Scratch::put(llvm::StringRef name, llvm::StringRef bytes) const {
  std::error_code error;
  llvm::raw_fd_ostream(file(name), error) << bytes;
  return file(name);
}

std::string rondo::readBytes(llvm::StringRef path) {
  auto file = llvm::MemoryBuffer::getFile(path, false, false);
  return file ? (*file)->getBuffer().str() : "";
}

std::string rondo::shell(const std::string &command, int *status) {
  std::string output;
  FILE *pipe = popen((command + " 2>&1").c_str(), "r");
  char buffer[4096];
  while (size_t n = fread(buffer, 1, sizeof buffer, pipe))
    output.append(buffer, n);
  *status = pclose(pipe);
  return output;
}
