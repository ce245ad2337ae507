#include "dsl/Lower.h"

#include "dsl/Emitter.h"

#include "llvm/Support/Format.h"

using namespace llvm;
using namespace mlir;

namespace rondo::eq {

RankedTensorType Lowering::cellType(const Array &cell) {
  SmallVector<int64_t> shape;
  for (const Axis &axis : cell.type.axes)
    shape.push_back(axis.size);
  Builder b(&context);
  Kind kind = cell.type.element.kind;
  return makeType(shape, {},
                  kind == Kind::Real ? mlir::Type(b.getF32Type()) : b.getIntegerType(kind == Kind::Int ? 32 : 1));
}

Lowering::Lowering(MLIRContext &context, const Model &model) : context(context), model(model) {
  context.loadDialect<RondoDialect, func::FuncDialect, arith::ArithDialect, math::MathDialect>();
  Range range = model.decl->name.range;
  Location loc = FileLineColLoc::get(&context, range.source->path, range.line(), range.column());
  module = ModuleOp::create(loc);
  OpBuilder b = OpBuilder::atBlockEnd(module->getBody());
  module->getOperation()->setAttr("rondo.model", b.getStringAttr(model.decl->name.text));
  for (const Array &cell : model.cells) {
    RankedTensorType type = cellType(cell);
    StringAttr init;
    auto text = [](double v) {
      std::string s;
      raw_string_ostream os(s);
      os << format("%.9g", v);
      return s;
    };
    if (cell.init == "constant")
      init = b.getStringAttr(text(cell.initArgs[0]));
    else if (cell.init == "normal")
      init = b.getStringAttr("normal(" + text(cell.initArgs[0]) + ")");
    else if (cell.init == "uniform")
      init = b.getStringAttr("uniform(" + text(cell.initArgs[0]) + ", " + text(cell.initArgs[1]) + ")");
    else if (cell.init != "supplied")
      init = b.getStringAttr(cell.init);
    Location at = FileLineColLoc::get(&context, cell.range.source->path, cell.range.line(), cell.range.column());
    auto op = CellOp::create(b, at, b.getStringAttr(cell.role == Role::Param ? "param" : "const"),
                             b.getStringAttr(cell.name), TypeAttr::get(type), init);
    if (cell.type.element.token)
      op->setAttr("rondo.bound", b.getI64IntegerAttr(cell.type.element.bound.size));
  }
}

std::optional<NotBuilt> Lowering::add(Program &program, const std::vector<Group> &groups) {
  OpBuilder b = OpBuilder::atBlockEnd(module->getBody());
  Emitter emitter(b, program);
  SmallVector<mlir::Type> inputs, results;
  for (Array *a : program.inputs)
    inputs.push_back(emitter.typeOf(a->type));
  for (const Output &o : program.outputs)
    results.push_back(emitter.typeOf(o.array->type));
  Range range = program.range;
  Location loc = FileLineColLoc::get(&context, range.source->path, range.line(), range.column());
  auto func = func::FuncOp::create(b, loc, program.name, b.getFunctionType(inputs, results));
  func->setAttr("rondo.export", b.getUnitAttr());
  SmallVector<NamedAttribute> longest, least, words;
  for (const Sequence &s : program.sequences) {
    if (!s.word.empty() && s.word != s.name)
      words.push_back(b.getNamedAttr(s.name, b.getStringAttr(s.word)));
    if (!s.given())
      continue;
    if (s.most)
      longest.push_back(b.getNamedAttr(s.name, b.getI64IntegerAttr(*s.most)));
    if (s.least != 1)
      least.push_back(b.getNamedAttr(s.name, b.getI64IntegerAttr(s.least)));
  }
  if (!longest.empty())
    func->setAttr("rondo.max", b.getDictionaryAttr(longest));
  if (!least.empty())
    func->setAttr("rondo.least", b.getDictionaryAttr(least));
  if (!words.empty())
    func->setAttr("rondo.words", b.getDictionaryAttr(words));
  for (auto [i, a] : enumerate(program.inputs)) {
    func.setArgAttr(i, "rondo.name", b.getStringAttr(a->name));
    const Element &e = a->type.element;
    if (e.token && e.bound.seq)
      func.setArgAttr(i, "rondo.bound", b.getStringAttr(e.bound.seq->name));
    else if (e.token)
      func.setArgAttr(i, "rondo.bound", b.getI64IntegerAttr(e.bound.size));
    if (a->preset)
      func.setArgAttr(i, "rondo.default", b.getF64FloatAttr(*a->preset));
  }
  for (auto [i, o] : enumerate(program.outputs))
    func.setResultAttr(i, "rondo.name", b.getStringAttr(o.name));

  Block *entry = func.addEntryBlock();
  b.setInsertionPointToEnd(entry);
  for (auto [a, arg] : zip(program.inputs, entry->getArguments()))
    emitter.values[a] = arg;
  // Parameters in the order of the model, each read once.
  SmallPtrSet<const Array *, 16> used;
  for (const Array &a : program.arrays) {
    if (!a.body)
      continue;
    auto visit = [&](const Expr *e) {
      if (e->is(Op::Read) && e->array->isCell())
        used.insert(e->array);
      return true;
    };
    walk(a.body, visit);
    for (Expr *g : a.guards)
      walk(g, visit);
    for (auto &[name, outside] : a.before)
      for (const Outside &o : outside)
        walk(o.value, visit);
  }
  for (const Array &cell : model.cells) {
    if (!used.count(&cell))
      continue;
    emitter.values[&cell] = ReadOp::create(b, loc, cellType(cell), FlatSymbolRefAttr::get(&context, cell.name));
  }
  emitter.emit(groups);
  if (emitter.failed) {
    func.erase();
    return emitter.notBuilt.value_or(NotBuilt{program.range, "this fn"});
  }
  SmallVector<mlir::Value> outputs;
  for (const Output &o : program.outputs)
    outputs.push_back(emitter.values.lookup(o.array));
  func::ReturnOp::create(b, loc, outputs);
  return std::nullopt;
}

OwningOpRef<ModuleOp> Lowering::finish() { return std::move(module); }

} // namespace rondo::eq
