#include "codegen/cpu/Program.h"

#include "codegen/cpu/Copy.h"
#include "codegen/cpu/Equation.h"
#include "codegen/cpu/FindAxes.h"
#include "codegen/cpu/FoldKernel.h"
#include "codegen/cpu/Lowering.h"
#include "codegen/cpu/Rows.h"
#include "ir/Axes.h"

using namespace mlir;

namespace rondo {

namespace {

/// One export during emission; its placement is shared by all targets.
struct Export {
  func::FuncOp func;
  AxisTable axes;
  std::unique_ptr<Placement> placement;
};

/// The grids of axes that values are over.
void addGrids(func::FuncOp func, AxisTable &table) {
  auto add = [&](Type t, size_t skipped = 0, bool byRows = false) {
    if (!isa<RankedTensorType>(t))
      return;
    SmallVector<int64_t> axes = Layout::of(cast<RankedTensorType>(t), true).axes(table);
    if (axes.size() > skipped && !llvm::is_contained(axes, -1))
      table.addGrid(ArrayRef(axes).drop_front(skipped), byRows);
  };
  for (Type t : func.getArgumentTypes())
    add(t);
  func.walk([&](Operation *op) {
    auto kernel = op->getParentOfType<KernelOp>();
    bool byRows = isa<ScanOp>(op) || (kernel && kernel.getForm() == "product");
    if (byRows)
      for (Type t : op->getOperandTypes())
        add(t, 0, true);
    for (Type t : op->getResultTypes()) {
      add(t, 0, byRows);
      // What a row of a fold holds.
      if (op->getParentOfType<FoldOp>())
        for (int64_t row = 1; isa<RankedTensorType>(t) && row < cast<RankedTensorType>(t).getRank(); ++row)
          add(t, row);
    }
  });
}

ElementKind elementKind(RankedTensorType type) {
  Type element = type.getElementType();
  return element.isF32() ? ElementF32 : element.isInteger(1) ? ElementBool : ElementI32;
}

EmittedValue describe(Type t, DictionaryAttr attributes, const AxisTable &axes, StringRef fallback) {
  auto type = cast<RankedTensorType>(t);
  EmittedValue v;
  v.name = fallback.str();
  if (attributes)
    if (auto name = attributes.getAs<StringAttr>("rondo.name"))
      v.name = name.str();
  v.element = elementKind(type);
  for (int64_t d = 0; d < type.getRank(); ++d) {
    if (!type.isDynamicDim(d))
      v.shape.push_back(type.getDimSize(d));
    else if (axisOf(type, d) != "b")
      v.axes.push_back(axes.indexOf(axisOf(type, d)));
  }
  if (attributes) {
    if (auto bound = attributes.getAs<IntegerAttr>("rondo.bound"))
      v.bound = bound.getInt();
    else if (auto axis = attributes.getAs<StringAttr>("rondo.bound"))
      v.bound = -1 - axes.indexOf(axis.getValue());
    if (auto preset = attributes.getAs<FloatAttr>("rondo.default"))
      v.preset = preset.getValueAsDouble();
  }
  return v;
}

/// A kernel function and the buffers an entry passes to it.
struct KernelCall {
  std::string name;
  SmallVector<std::pair<FrameField, int64_t>> pointers;
};

class ProgramEmitter {
public:
  ProgramEmitter(ModuleOp source, ArrayRef<Target> targets) : source(source) {
    program.targets.assign(targets.begin(), targets.end());
    program.module = ModuleOp::create(source.getLoc());
  }

  FailureOr<EmittedProgram> emit() {
    declareRuntime();
    describeCells();
    for (auto func : source.getOps<func::FuncOp>())
      if (failed(place(func)))
        return failure();
    program.plainFloats = weights.plainFloats;
    program.packedFloats = weights.packedFloats;
    for (Target target : program.targets) {
      if (failed(emitLoad(target)))
        return failure();
      for (auto [i, e] : llvm::enumerate(exports))
        if (failed(emitEntry(e, program.exports[i], target)))
          return failure();
    }
    return std::move(program);
  }

private:
  void describeCells() {
    for (auto cell : source.getOps<CellOp>()) {
      auto type = cast<RankedTensorType>(cell.getType());
      EmittedCell &out = program.cells.emplace_back();
      out.name = cell.getSymName().str();
      out.kind = cell.getKind().str();
      out.shape.assign(type.getShape().begin(), type.getShape().end());
      out.offset = weights.plainFloats;
      out.element = elementKind(type);
      if (auto bound = cell->getAttrOfType<IntegerAttr>("rondo.bound"))
        out.bound = bound.getInt();
      weights.plainFloats += llvm::alignTo(type.getNumElements(), kLanes);
    }
    for (const EmittedCell &cell : program.cells)
      weights.cells[cell.name] = &cell;
  }

  LogicalResult place(func::FuncOp func) {
    for (Type type : llvm::concat<const Type>(func.getArgumentTypes(), func.getResultTypes()))
      if (auto tensor = dyn_cast<RankedTensorType>(type); !tensor || dimOfAxis(tensor, "b") != 0u)
        return func.emitError("is a program of one example; what is emitted takes batches (rondo-batch makes them)");
    Export e{func, {}, nullptr};
    auto axes = findAxes(func, e.axes);
    if (failed(axes))
      return failure();
    addGrids(func, e.axes);
    auto placement = Placement::of(func, e.axes, weights);
    if (failed(placement))
      return failure();
    exports.push_back(std::move(e));
    Export &kept = exports.back();
    // The placement points at the table that lives with it.
    kept.placement = std::make_unique<Placement>(std::move(*placement));
    kept.placement->setAxes(kept.axes);
    EmittedExport out;
    out.name = func.getName().str();
    out.axes = std::move(*axes);
    for (auto [i, t] : llvm::enumerate(func.getArgumentTypes()))
      out.inputs.push_back(describe(t, func.getArgAttrDict(i), kept.axes, ("input" + Twine(i)).str()));
    for (auto [i, t] : llvm::enumerate(func.getResultTypes()))
      out.results.push_back(describe(t, func.getResultAttrDict(i), kept.axes, ("result" + Twine(i)).str()));
    for (const AxisTable::Grid &grid : kept.axes.grids)
      out.grids.push_back({{grid.axes.begin(), grid.axes.end()}, grid.byRows});
    out.plan.assign(kept.placement->plan().begin(), kept.placement->plan().end());
    out.scratch.assign(kept.placement->scratch().begin(), kept.placement->scratch().end());
    program.exports.push_back(std::move(out));
    return success();
  }

  /// A function of the output module whose body `fill` writes; every pointer argument first, then two i32.
  std::string function(const Twine &name, Target target, unsigned pointers, bool threaded, bool isExternal,
                       Location loc, LogicalResult &result, llvm::function_ref<LogicalResult(Code &, Block &)> fill) {
    OpBuilder b(source.getContext());
    b.setInsertionPointToEnd(program.module->getBody());
    SmallVector<Type> types(pointers, LLVM::LLVMPointerType::get(b.getContext()));
    if (threaded)
      types.append(2, b.getI32Type());
    auto func = func::FuncOp::create(b, loc, name.str(), b.getFunctionType(types, {}));
    if (!isExternal)
      func.setPrivate();
    setTarget(func, target);
    Block *entry = func.addEntryBlock();
    b.setInsertionPointToStart(entry);
    Code code(b, loc, target);
    result = fill(code, *entry);
    func::ReturnOp::create(b, loc);
    func.setType(b.getFunctionType(entry->getArgumentTypes(), {})); // filling may have asked for more pointers
    return name.str();
  }

  LogicalResult emitLoad(Target target) {
    LogicalResult result = success();
    std::string name = ("load." + target.name()).str();
    program.load.push_back(
        function(name, target, 2, false, true, source.getLoc(), result, [&](Code &code, Block &entry) {
          for (Export &e : exports) {
            Kernel kernel(code, entry.getArgument(1), Value(), Value(), e.axes, *e.placement);
            kernel.plain = entry.getArgument(0);
            kernel.packed = entry.getArgument(1);
            Scope scope(kernel);
            LogicalResult ok = success();
            e.func.walk([&](Operation *op) {
              if (succeeded(ok) && e.placement->isConstant(op) && !isa<KernelOp, FoldOp>(op))
                ok = emitConstant(scope, op);
            });
            if (failed(ok))
              return ok;
          }
          return LogicalResult::success();
        }));
    return result;
  }

  /// What is computed once, when a model is opened. A cell that entries read is copied into the packed block.
  LogicalResult emitConstant(Scope &scope, Operation *op) {
    Kernel &kernel = scope.kernel;
    Code &c = kernel.code;
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    SmallVector<Value> open(type.getRank());
    if (auto read = dyn_cast<ReadOp>(op)) {
      const EmittedCell *cell = weights.cells.lookup(read.getCell());
      Value from = c.at(kernel.plain, c.index(cell->offset));
      Storage plain{from, Layout::of(type, false), {}, {}};
      if (kernel.placement[read.getResult()].kind == Place::Packed &&
          copied.insert({c.b.getBlock(), cell->name}).second)
        emitCopy(scope, plain, kernel.storageOf(read.getResult()), type, open);
      return success();
    }
    if (auto pack = dyn_cast<PackOp>(op)) {
      emitPack(scope, pack);
      return success();
    }
    if (isa<Equation>(op)) {
      emitEquation(scope, op, open);
      return success();
    }
    if (auto concat = dyn_cast<ConcatOp>(op)) {
      emitConcat(scope, concat, open);
      return success();
    }
    if (auto detach = dyn_cast<DetachOp>(op)) {
      emitCopy(scope, kernel.storageOf(detach.getOperand()), kernel.storageOf(detach.getResult()), type, open);
      return success();
    }
    return op->emitError("has no code generation yet"), failure();
  }

  // Panel u * G + g holds rows g * (N / G) + 16 u .. + 15 of the operand, key-major; beyond a gate's rows zero.
  void emitPack(Scope &scope, PackOp op) {
    Code &c = scope.kernel.code;
    auto type = cast<RankedTensorType>(op.getOperand().getType());
    int64_t gates = op.getGates(), units = type.getDimSize(0) / gates, depth = type.getDimSize(1);
    Storage from = scope.kernel.storageOf(op.getOperand()), to = scope.kernel.storageOf(op.getResult());
    c.loop(c.index(0), c.index(llvm::divideCeil(units, kLanes)), 1, [&](Value u) {
      for (int64_t g = 0; g < gates; ++g)
        c.loop(c.index(0), c.index(kLanes), 1, [&](Value lane) {
          Value unit = c.add(c.mul(u, kLanes), lane);
          Value panel = c.add(c.mul(u, gates), g), row = c.add(unit, g * units);
          c.guarded(c.less(unit, c.index(units)), [&] {
            c.loop(c.index(0), c.index(depth), 1, [&](Value k) {
              c.store(c.load(scope.address(from, {row, k})), scope.address(to, {panel, k, lane}));
            });
          });
        });
    });
  }

  LogicalResult emitEntry(Export &e, EmittedExport &out, Target target) {
    SmallVector<KernelCall> kernels;
    auto kernel = [&](Location loc, llvm::function_ref<LogicalResult(Kernel &)> fill) {
      LogicalResult result = success();
      std::string name = (out.name + "." + Twine(kernels.size()) + "." + target.name()).str();
      KernelCall call;
      call.name = function(name, target, 1, true, false, loc, result, [&](Code &code, Block &entry) {
        auto wide = [&](unsigned i) {
          return arith::IndexCastOp::create(code.b, loc, code.b.getIndexType(), entry.getArgument(i));
        };
        Value tid = wide(1), threads = wide(2);
        Kernel k(code, entry.getArgument(0), tid, threads, e.axes, *e.placement);
        k.startAfter(threads.getDefiningOp());
        LogicalResult filled = fill(k);
        call.pointers.assign(k.pointers().begin(), k.pointers().end());
        return filled;
      });
      call.name = shared(call.name);
      kernels.push_back(std::move(call));
      return result;
    };
    for (Operation &op : e.func.getBody().front().without_terminator()) {
      if (auto axis = dyn_cast<AxisOp>(op)) {
        if (failed(kernel(op.getLoc(), [&](Kernel &k) { return emitAxis(k, axis); })))
          return failure();
        continue;
      }
      if (isa<ReadOp>(op) || e.placement->isConstant(&op) || op.getNumResults() == 0)
        continue;
      for (Operation *part : partsOf(&op, *e.placement)) {
        FoldOp fold = dyn_cast<FoldOp>(part);
        if (auto slot = fold ? e.placement->panelSlot(fold) : std::nullopt) {
          auto pattern = FoldPattern::of(fold);
          auto step = [&](llvm::function_ref<void(Kernel &)> emit) {
            return kernel(part->getLoc(), [&](Kernel &k) {
              emit(k);
              return LogicalResult::success();
            });
          };
          if (failed(step([&](Kernel &k) { emitKeyPanels(k, *pattern, *slot); })) ||
              failed(step([&](Kernel &k) { emitFoldTiles(k, *pattern, *slot); })))
            return failure();
          continue;
        }
        if (failed(kernel(part->getLoc(), [&](Kernel &k) { return emitRows(k, part); })))
          return failure();
      }
    }
    for (auto [value, index] : e.placement->copies()) {
      Value v = value;
      unsigned i = index;
      if (failed(kernel(e.func.getLoc(), [&](Kernel &k) { return emitResultCopy(k, v, i); })))
        return failure();
    }
    LogicalResult result = success();
    out.entry.push_back(function(Twine(out.name) + "." + target.name(), target, 1, true, true, e.func.getLoc(), result,
                                 [&](Code &code, Block &entry) {
                                   emitCalls(code, entry, kernels);
                                   return LogicalResult::success();
                                 }));
    return result;
  }

  /// The first kernel with the same code; this one goes if there is another.
  std::string shared(const std::string &name) {
    auto func = cast<func::FuncOp>(program.module->lookupSymbol(name));
    func.setName("kernel");
    std::string text;
    llvm::raw_string_ostream stream(text);
    func.print(stream, OpPrintingFlags().assumeVerified().useLocalScope());
    func.setName(name);
    auto [it, isNew] = kernelOf.try_emplace(text, name);
    if (!isNew)
      func.erase();
    return it->second;
  }

  void emitCalls(Code &code, Block &entry, ArrayRef<KernelCall> kernels) {
    OpBuilder &b = code.b;
    Value frame = entry.getArgument(0);
    auto field = [&](FrameField f) { return code.loadPointer(frame, code.index(int64_t(f))); };
    Value team = field(FrameField::Team);
    for (auto [i, kernel] : llvm::enumerate(kernels)) {
      if (i)
        func::CallOp::create(b, code.loc, "rondo_team_wait", TypeRange(), ValueRange{team, entry.getArgument(1)});
      SmallVector<Value> arguments(entry.getArguments());
      for (auto [f, index] : kernel.pointers)
        arguments.push_back(f == FrameField::Weights ? code.at(field(f), index)
                                                     : code.loadPointer(field(f), code.index(index)));
      func::CallOp::create(b, code.loc, kernel.name, TypeRange(), arguments);
    }
  }

  /// What entries, recurrences and axes call of the runtime.
  void declareRuntime() {
    OpBuilder b(source.getContext());
    Type pointer = LLVM::LLVMPointerType::get(b.getContext()), number = b.getI32Type();
    declare(b, "rondo_team_wait", {pointer, number});
    declare(b, "rondo_make_axis", {pointer, number, pointer});
  }

  void declare(OpBuilder &b, StringRef name, ArrayRef<Type> parameters) {
    b.setInsertionPointToStart(program.module->getBody());
    func::FuncOp::create(b, source.getLoc(), name, b.getFunctionType(parameters, {})).setPrivate();
  }

  /// One thread tells the runtime how long the axis is; kernels before and after stand behind barriers.
  LogicalResult emitAxis(Kernel &kernel, AxisOp op) {
    Code &c = kernel.code;
    Value lengths = kernel.storageOf(op.getLength()).base;
    c.guarded(c.holds(arith::CmpIPredicate::eq, kernel.tid, c.index(0)), [&] {
      Value axis = arith::ConstantOp::create(c.b, c.loc, c.b.getI32IntegerAttr(kernel.axes.indexOf(op.getAxis())));
      func::CallOp::create(c.b, c.loc, "rondo_make_axis", TypeRange(), ValueRange{kernel.frame, axis, lengths});
    });
    return success();
  }

  LogicalResult emitResultCopy(Kernel &kernel, Value v, unsigned result) {
    Code &c = kernel.code;
    auto type = cast<RankedTensorType>(v.getType());
    Storage to{kernel.pointerTo(FrameField::Results, result), Layout::of(type, false), {}, {}};
    Storage from = kernel.storageOf(v);
    Value batch = kernel.field(FrameField::Batch);
    Value mine = kernel.tid;
    c.guarded(c.holds(arith::CmpIPredicate::eq, mine, c.index(0)), [&] {
      c.loop(c.index(0), batch, 1, [&](Value e) {
        Scope scope = Scope(kernel).withExample(e);
        SmallVector<Value> preset(type.getRank());
        for (int64_t d = 0; d < type.getRank(); ++d)
          if (type.isDynamicDim(d) && axisOf(type, d) == "b")
            preset[d] = e;
        emitCopy(scope, from, to, type, preset);
      });
    });
    return success();
  }

  ModuleOp source;
  EmittedProgram program;
  llvm::StringMap<std::string> kernelOf; // by the text of its code
  WeightBlocks weights;
  std::vector<Export> exports;
  std::set<std::pair<Block *, std::string>> copied;
};

} // namespace

FailureOr<EmittedProgram> emitProgram(ModuleOp module, ArrayRef<Target> targets) {
  return ProgramEmitter(module, targets).emit();
}

} // namespace rondo
