// The constant tables of runtime/src/program.h and the exported functions around them, as LLVM IR.
#include "codegen/library/Parts.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/xxhash.h"

using namespace llvm;

namespace rondo {

uint64_t layoutHash(const EmittedProgram &program) {
  // The best target's function that packs: targets may differ in arithmetic, never in places.
  std::string text = std::to_string(program.plainFloats) + " " + std::to_string(program.packedFloats);
  raw_string_ostream out(text);
  if (!program.load.empty())
    if (mlir::Operation *load = mlir::SymbolTable::lookupSymbolIn(*program.module, program.load.back()))
      for (mlir::Block &block : load->getRegion(0))
        block.print(out);
  return xxh3_64bits(text);
}

namespace {

class Tables {
public:
  Tables(Module &module, const EmittedProgram &program, const TableFacts &facts)
      : module(module), context(module.getContext()), program(program), facts(facts),
        pointer(PointerType::getUnqual(context)), i32(Type::getInt32Ty(context)), i64(Type::getInt64Ty(context)) {}

  void emit() {
    SmallVector<Constant *> exports, cells;
    for (const EmittedExport &fn : program.exports)
      exports.push_back(exportRow(fn));
    for (const EmittedCell &cell : program.cells)
      cells.push_back(row({text(cell.name), int32(cell.shape.size()), int32(cell.kind == "const"), words(cell.shape),
                           int64(cell.offset), int64(cell.element), int64(cell.bound)}));
    Constant *exportTable = array(exports);
    SmallVector<Constant *> axes, load(3, ConstantPointerNull::get(pointer));
    for (const std::string &axis : programAxes(program))
      axes.push_back(text(axis));
    for (auto [target, symbol] : zip_equal(program.targets, program.load))
      load[static_cast<int>(target.level)] = function(symbol);
    descriptor =
        global(row({text(facts.name), facts.weightsFile.empty() ? null() : text(facts.weightsFile), int32(axes.size()),
                    int32(cells.size()), int32(exports.size()), int32(0), array(axes), array(cells), exportTable,
                    int64(program.plainFloats), int64(program.packedFloats), int64(facts.layout),
                    ConstantArray::get(ArrayType::get(pointer, 3), load), embedded(), int64(facts.embedded)}));
    emitWrappers(exportTable);
  }

private:
  // ---- constants ----

  Constant *null() { return ConstantPointerNull::get(pointer); }
  Constant *int32(int64_t v) { return ConstantInt::get(i32, v, /*IsSigned=*/true); }
  Constant *int64(int64_t v) { return ConstantInt::get(i64, v, /*IsSigned=*/true); }
  /// A struct laid out as C does.
  Constant *row(ArrayRef<Constant *> fields) { return ConstantStruct::getAnon(context, fields); }

  Constant *global(Constant *value) {
    auto *result =
        new GlobalVariable(module, value->getType(), /*isConstant=*/true, GlobalValue::PrivateLinkage, value);
    result->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
    return result;
  }
  Constant *array(ArrayRef<Constant *> rows) {
    return rows.empty() ? null() : global(ConstantArray::get(ArrayType::get(rows[0]->getType(), rows.size()), rows));
  }
  Constant *text(StringRef string) { return global(ConstantDataArray::getString(context, string)); }
  Constant *words(ArrayRef<int64_t> values) {
    return values.empty() ? null()
                          : global(ConstantDataArray::get(
                                context, ArrayRef(reinterpret_cast<const uint64_t *>(values.data()), values.size())));
  }
  Constant *indices(ArrayRef<int32_t> values) {
    SmallVector<uint32_t> unsignedValues(values.begin(), values.end());
    return values.empty() ? null() : global(ConstantDataArray::get(context, ArrayRef(unsignedValues)));
  }
  /// A function of another object: a kernel, or one of the runtime.
  FunctionCallee elsewhere(StringRef symbol, FunctionType *type) {
    FunctionCallee callee = module.getOrInsertFunction(hiddenSymbol(facts.name, symbol), type);
    auto *made = cast<Function>(callee.getCallee());
    made->setVisibility(GlobalValue::HiddenVisibility);
    made->setDSOLocal(true);
    return callee;
  }
  Constant *function(StringRef symbol) {
    if (symbol.empty())
      return null();
    return cast<Function>(elsewhere(symbol, FunctionType::get(Type::getVoidTy(context), false)).getCallee());
  }

  Constant *embedded() {
    if (!facts.embedded)
      return null();
    // In an object of its own: the code is compiled once, before there are weights, and linked again with them.
    auto *image = new GlobalVariable(module, Type::getInt8Ty(context), true, GlobalValue::ExternalLinkage, nullptr,
                                     kWeightsSymbol);
    hide(*image, facts.name);
    image->setAlignment(Align(64));
    return image;
  }

  // ---- rows of the tables ----

  Constant *valueRow(const EmittedValue &value) {
    return row({text(value.name), int32(value.element), int32(value.axes.size()), indices(value.axes),
                int64(value.width()), int64(value.bound), int32(value.preset.has_value()), preset(value)});
  }

  /// The bits of one element of what is left out.
  Constant *preset(const EmittedValue &value) {
    double number = value.preset.value_or(0);
    return value.element == ElementF32 ? int32(bit_cast<int32_t>(float(number))) : int32(int64_t(number));
  }

  Constant *exportRow(const EmittedExport &fn) {
    std::vector<std::string> names = programAxes(program);
    SmallVector<Constant *> axes, inputs, results, entries(3, null());
    int64_t given = fn.given(), returned = 0;
    for (const EmittedAxis &axis : fn.axes) {
      bool made = axis.source != EmittedAxis::Given;
      std::vector<int64_t> form = {axis.constant, axis.divisor};
      form.insert(form.end(), axis.factors.begin(), axis.factors.end());
      axes.push_back(row({text(axis.name), int64(axis.max), int32(axis.least),
                          int32(made ? -1 : find(names, axis.name) - names.begin()), made ? words(form) : null(),
                          int32(axis.source == EmittedAxis::Value), int32(axis.returned ? ++returned : 0)}));
    }
    for (const EmittedValue &value : fn.inputs)
      inputs.push_back(valueRow(value));
    for (const EmittedValue &value : fn.results)
      results.push_back(valueRow(value));
    for (auto [target, symbol] : zip_equal(program.targets, fn.entry))
      entries[static_cast<int>(target.level)] = function(symbol);
    std::vector<int64_t> plan;
    for (const std::vector<int64_t> &slot : fn.plan)
      append_range(plan, slot);
    SmallVector<Constant *> grids;
    for (const EmittedGrid &grid : fn.grids)
      grids.push_back(row({int32(grid.axes.size()), int32(grid.owners), indices(grid.axes)}));
    return row({text(fn.name), int32(axes.size()), int32(inputs.size()), int32(results.size()), int32(fn.plan.size()),
                array(axes), array(inputs), array(results), int32(fn.scratch.size()), int32(grids.size()), array(grids),
                int32(fn.axes.size() - given), int32(0), words(plan), words(fn.scratch),
                ConstantArray::get(ArrayType::get(pointer, 3), entries)});
  }

  // ---- exported functions ----

  /// `name` of the model, which calls `target` of the runtime with `first` before its own arguments.
  void wrapper(StringRef name, StringRef target, Constant *first, Type *result, ArrayRef<Type *> parameters) {
    SmallVector<Type *> all = {pointer};
    append_range(all, parameters);
    FunctionCallee callee = elsewhere(target, FunctionType::get(result, all, false));
    Function *made = define(name, FunctionType::get(result, parameters, false));
    IRBuilder<> b(&made->getEntryBlock());
    SmallVector<Value *> arguments = {first};
    for (Argument &argument : made->args())
      arguments.push_back(&argument);
    CallInst *call = b.CreateCall(callee, arguments);
    call->setTailCall();
    if (result->isVoidTy())
      b.CreateRetVoid();
    else
      b.CreateRet(call);
  }

  Function *define(StringRef name, FunctionType *type) {
    std::string symbol = facts.name + "_" + name.str();
    Function *made = Function::Create(type, GlobalValue::ExternalLinkage, symbol, module);
    // Runs before anything is known of the processor.
    made->addFnAttr("target-cpu", "x86-64");
    made->setDoesNotThrow();
    BasicBlock::Create(context, "", made);
    return made;
  }

  void constantFunction(StringRef name, Constant *value) {
    IRBuilder<>(&define(name, FunctionType::get(value->getType(), false))->getEntryBlock()).CreateRet(value);
  }

  void emitWrappers(Constant *exportTable) {
    Type *none = Type::getVoidTy(context);
    constantFunction("abi", int32(facts.interface));
    constantFunction("manifest", text(facts.manifest));
    wrapper("open", "rondo_open", descriptor, i32, {pointer, pointer, pointer, pointer});
    wrapper("open_memory", "rondo_open_memory", descriptor, i32, {pointer, pointer, i64, pointer, pointer});
    wrapper("save", "rondo_save", descriptor, i32, {pointer, pointer, pointer});
    wrapper("close", "rondo_close", descriptor, none, {pointer});
    wrapper("session_new", "rondo_session_new", descriptor, i32, {pointer, pointer, pointer, pointer});
    wrapper("session_free", "rondo_session_free", descriptor, none, {pointer});
    wrapper("selftest", "rondo_selftest", descriptor, i32, {pointer, pointer});
    for (auto [i, fn] : enumerate(program.exports)) {
      Constant *at = ConstantExpr::getInBoundsGetElementPtr(cast<GlobalVariable>(exportTable)->getValueType(),
                                                            exportTable, ArrayRef<Constant *>{int64(0), int64(i)});
      wrapper(fn.name, "rondo_call", at, i32, {pointer, pointer, pointer, pointer});
    }
  }

  Module &module;
  LLVMContext &context;
  const EmittedProgram &program;
  const TableFacts &facts;
  PointerType *pointer;
  Type *i32, *i64;
  Constant *descriptor = nullptr;
};

} // namespace

void emitTables(Module &module, const EmittedProgram &program, const TableFacts &facts) {
  Tables(module, program, facts).emit();
}

} // namespace rondo
