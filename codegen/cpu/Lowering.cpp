#include "codegen/cpu/Lowering.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace rondo;

static ArrayAttr targetAttributes(MLIRContext *context, Target target) {
  Builder b(context);
  auto pair = [&](StringRef key, StringRef value) -> Attribute {
    return b.getArrayAttr({b.getStringAttr(key), b.getStringAttr(value)});
  };
  SmallVector<Attribute> list{pair("target-cpu", target.cpu())};
  if (target.is512())
    list.push_back(pair("prefer-vector-width", "512"));
  return b.getArrayAttr(list);
}

void rondo::setTarget(func::FuncOp func, Target target) {
  func->setAttr("passthrough", targetAttributes(func.getContext(), target));
}

void rondo::setTarget(LLVM::LLVMFuncOp func, Target target) {
  func.setPassthroughAttr(targetAttributes(func.getContext(), target));
}

llvm::TargetMachine *rondo::targetMachine() {
  // Registered once; a machine for each thread, since it remembers what it compiles.
  static const llvm::Target *target = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser(); // the runtime has a line of assembly
    std::string error;
    return llvm::TargetRegistry::lookupTarget(llvm::Triple("x86_64-unknown-linux-gnu"), error);
  }();
  thread_local std::unique_ptr<llvm::TargetMachine> machine(
      target ? target->createTargetMachine(llvm::Triple("x86_64-unknown-linux-gnu"), "x86-64-v2", "",
                                           llvm::TargetOptions(), llvm::Reloc::PIC_, std::nullopt,
                                           llvm::CodeGenOptLevel::Default)
             : nullptr);
  return machine.get();
}

static void buildLowering(PassManager &pm) {
  pm.enableVerifier(false); // twice is enough: what came in, and what goes out
  // Once over everything: a second round finds next to nothing and takes as long. Regions have one block each so far.
  pm.addPass(createCanonicalizerPass(
      GreedyRewriteConfig().setMaxIterations(1).setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled)));
  pm.addPass(createCSEPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

static LogicalResult lowerToLLVMDialect(ModuleOp module) {
  PassManager pm(module.getContext());
  buildLowering(pm);
  return pm.run(module);
}

void rondo::prepareLowering(MLIRContext *context) {
  PassManager pm(context);
  buildLowering(pm);
  DialectRegistry registry;
  pm.getDependentDialects(registry);
  context->appendDialectRegistry(registry);
  for (llvm::StringRef name : registry.getDialectNames())
    context->getOrLoadDialect(name);
}

std::unique_ptr<llvm::Module> rondo::translateToLLVM(ModuleOp module, llvm::LLVMContext &context) {
  llvm::TargetMachine *machine = targetMachine();
  if (!machine) {
    module.emitError("this LLVM cannot emit x86-64 code");
    return nullptr;
  }
  if (failed(mlir::verify(module)) || failed(lowerToLLVMDialect(module)))
    return nullptr;
  auto result = translateModuleToLLVMIR(module, context, "rondo");
  if (!result)
    return nullptr;
  result->setTargetTriple(machine->getTargetTriple());
  result->setDataLayout(machine->createDataLayout());
  return result;
}

void rondo::optimizeKernels(llvm::Module &module) {
  llvm::PassBuilder builder(targetMachine());
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  llvm::ModulePassManager passes;
  if (auto error = builder.parsePassPipeline(
          passes, "function(sroa,early-cse,simplifycfg,instcombine<no-verify-fixpoint>,loop-mssa(licm),simplifycfg)"))
    llvm::report_fatal_error(std::move(error));
  passes.run(module, modules);
}

llvm::SmallVector<char, 0> rondo::emitObject(llvm::Module &module) {
  llvm::SmallVector<char, 0> object;
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager passes;
  if (targetMachine()->addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::ObjectFile))
    return {};
  passes.run(module);
  return object;
}

void rondo::registerCpuDialects(DialectRegistry &registry) {
  registry.insert<func::FuncDialect, scf::SCFDialect, cf::ControlFlowDialect, arith::ArithDialect, math::MathDialect,
                  index::IndexDialect, vector::VectorDialect, LLVM::LLVMDialect>();
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}
