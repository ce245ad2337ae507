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
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/KnownBits.h"
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

/// LLVM 22 reads half of a masked load of 16 lanes without its mask where it knows, for v3, that none of that half is
/// wanted and the mask is no constant (`and` of a condition and the lanes there are): wrong, and beyond the array. Such
/// a load is made one of 8 lanes here.
static void loadWantedHalves(llvm::Module &module) {
  for (llvm::Function &function : module) {
    if (function.getFnAttribute("target-cpu").getValueAsString() != Target{Level::V3}.cpu())
      continue;
    for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(function))) {
      auto *load = dyn_cast<llvm::IntrinsicInst>(&instruction);
      auto *type = dyn_cast<llvm::FixedVectorType>(instruction.getType());
      if (!load || load->getIntrinsicID() != llvm::Intrinsic::masked_load || !type || type->getNumElements() != kLanes)
        continue;
      llvm::Value *from = load->getArgOperand(0), *mask = load->getArgOperand(1), *absent = load->getArgOperand(2);
      constexpr int half = kLanes / 2;
      for (int wanted : {0, half}) {
        auto others = llvm::APInt::getBitsSet(kLanes, half - wanted, kLanes - wanted);
        if (!llvm::computeKnownBits(mask, others, module.getDataLayout()).isZero())
          continue;
        llvm::IRBuilder<> b(load);
        auto lanes = llvm::to_vector(llvm::seq<int>(wanted, wanted + half));
        llvm::Value *part = b.CreateMaskedLoad(llvm::FixedVectorType::get(type->getElementType(), half),
                                               b.CreateConstGEP1_64(type->getElementType(), from, wanted),
                                               load->getParamAlign(0).valueOrOne(), b.CreateShuffleVector(mask, lanes),
                                               b.CreateShuffleVector(absent, lanes));
        auto all = llvm::to_vector(llvm::seq<int>(-wanted, kLanes - wanted)); // the loaded ones; others stay absent
        for (int lane = 0; lane < kLanes; ++lane)
          if (lane < wanted || lane >= wanted + half)
            all[lane] = kLanes + lane;
        auto wide = llvm::to_vector(llvm::seq<int>(0, half));
        wide.resize(kLanes, llvm::PoisonMaskElem);
        load->replaceAllUsesWith(b.CreateShuffleVector(b.CreateShuffleVector(part, wide), absent, all));
        load->eraseFromParent();
        break;
      }
    }
  }
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
  loadWantedHalves(module);
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
