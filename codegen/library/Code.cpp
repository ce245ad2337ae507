// Machine code for a program, in parts that are compiled at the same time. How a program is divided depends on the
// program alone, never on the machine: the same input gives the same bytes.
#include "codegen/cpu/Lowering.h"
#include "codegen/library/Parts.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

namespace rondo {

static constexpr unsigned kPartsPerTarget = 8;

std::string hiddenSymbol(StringRef library, StringRef symbol) { return (library + "_." + symbol).str(); }

void hide(GlobalValue &value, StringRef library) {
  value.setName(hiddenSymbol(library, value.getName()));
  value.setLinkage(GlobalValue::ExternalLinkage);
  value.setVisibility(GlobalValue::HiddenVisibility);
  value.setDSOLocal(true);
}

static bool isFunction(mlir::Operation &op) { return isa<mlir::func::FuncOp, mlir::LLVM::LLVMFuncOp>(op); }

/// What setTarget wrote; functions of one target stand together.
static mlir::Attribute targetOf(mlir::Operation &op) { return op.getAttr("passthrough"); }

static unsigned countOps(mlir::Operation &op) {
  unsigned count = 0;
  op.walk([&](mlir::Operation *) { ++count; });
  return count;
}

/// Declares in `part` what it uses of the others.
static void declareUsed(mlir::ModuleOp part, const StringMap<mlir::Operation *> &functions) {
  StringSet<> have;
  for (mlir::Operation &op : *part.getBody())
    have.insert(mlir::SymbolTable::getSymbolName(&op));
  SmallVector<StringRef> missing;
  if (auto uses = mlir::SymbolTable::getSymbolUses(&part.getBodyRegion()))
    for (const mlir::SymbolTable::SymbolUse &use : *uses) {
      StringRef name = use.getSymbolRef().getRootReference();
      if (functions.contains(name) && have.insert(name).second)
        missing.push_back(name);
    }
  mlir::OpBuilder b = mlir::OpBuilder::atBlockBegin(part.getBody());
  for (StringRef name : missing) {
    mlir::Operation *declaration = b.insert(functions.lookup(name)->cloneWithoutRegions());
    if (isa<mlir::func::FuncOp>(declaration))
      mlir::SymbolTable::setSymbolVisibility(declaration, mlir::SymbolTable::Visibility::Private);
  }
}

Division divide(EmittedProgram &program, const LibraryOptions &options) {
  Division division;
  for (StringRef called : kCalledSymbols)
    division.functions.insert(called);
  mlir::ModuleOp module = *program.module;
  StringMap<mlir::Operation *> functions;
  MapVector<mlir::Attribute, std::vector<std::pair<mlir::Operation *, unsigned>>> byTarget;
  std::vector<mlir::Operation *> others;
  for (mlir::Operation &op : *module.getBody()) {
    if (!isFunction(op)) {
      others.push_back(&op);
      continue;
    }
    functions[mlir::SymbolTable::getSymbolName(&op)] = &op;
    if (op.getRegion(0).empty())
      continue;
    division.functions.insert(mlir::SymbolTable::getSymbolName(&op));
    byTarget[targetOf(op)].push_back({&op, countOps(op)});
  }
  std::vector<CodePart> &parts = division.parts;
  for (auto &[target, list] : byTarget) {
    uint64_t total = 0, before = 0;
    for (auto &[op, size] : list)
      total += size;
    unsigned count = std::clamp<uint64_t>(divideCeil(total, std::max(options.partSize, 1u)), 1, kPartsPerTarget),
             first = parts.size();
    for (unsigned i = 0; i < count; ++i) {
      CodePart &part = parts.emplace_back();
      part.name = options.name + "_code" + std::to_string(parts.size()) + ".o";
      part.module = mlir::ModuleOp::create(module.getLoc());
      // Tables of constants, if emitters make any, are small: each part has its own.
      for (mlir::Operation *other : others)
        part.module->push_back(other->clone());
    }
    for (auto &[op, size] : list) {
      op->remove();
      parts[first + std::min<uint64_t>((before + size / 2) * count / std::max<uint64_t>(total, 1), count - 1)]
          .module->push_back(op);
      before += size;
    }
  }
  for (CodePart &part : parts)
    declareUsed(*part.module, functions);
  return division;
}

/// Kernels are hidden, not internal: tables and other parts name them. Prefixed, since archives may be linked together.
static void hideFunctions(Module &module, const StringSet<> &ours, StringRef library) {
  for (Function &function : module)
    if (ours.contains(function.getName()))
      hide(function, library);
}

Error compilePart(CodePart &part, const StringSet<> &functions, const LibraryOptions &options) {
  LLVMContext context;
  auto module = translateToLLVM(*part.module, context);
  if (!module)
    return failed("the model could not be lowered to machine code");
  part.module = nullptr;
  module->setModuleIdentifier(options.name);
  module->setSourceFileName(options.name);
  hideFunctions(*module, functions, options.name);
  optimizeKernels(*module);
  part.object = emitObject(*module);
  return part.object.empty() ? failed("this LLVM cannot write x86-64 objects") : Error::success();
}

Error compileTables(const EmittedProgram &program, const TableFacts &facts, Bytes &object) {
  LLVMContext context;
  Module module(facts.name, context);
  module.setTargetTriple(targetMachine()->getTargetTriple());
  module.setDataLayout(targetMachine()->createDataLayout());
  module.setPICLevel(PICLevel::BigPIC);
  emitTables(module, program, facts);
  object = emitObject(module);
  return object.empty() ? failed("this LLVM cannot write x86-64 objects") : Error::success();
}

Bytes embeddedObject(StringRef name, StringRef image) {
  LLVMContext context;
  Module module(name, context);
  module.setTargetTriple(targetMachine()->getTargetTriple());
  module.setDataLayout(targetMachine()->createDataLayout());
  Constant *bytes = ConstantDataArray::getRaw(image, image.size(), Type::getInt8Ty(context));
  auto *global =
      new GlobalVariable(module, bytes->getType(), true, GlobalValue::ExternalLinkage, bytes, kWeightsSymbol);
  hide(*global, name);
  global->setAlignment(Align(64));
  return emitObject(module);
}

} // namespace rondo
