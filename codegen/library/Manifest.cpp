// The manifest: what a program that loads the library by name must know, as JSON. docs/library.md describes it.
#include "codegen/library/Parts.h"

using namespace llvm;

namespace rondo {

static const char *elementName(int32_t element) {
  return element == ElementF32 ? "f32" : element == ElementBool ? "bool" : "i32";
}

static json::Value value(const EmittedExport &fn, const EmittedValue &v) {
  json::Array axes;
  for (int32_t axis : v.axes)
    axes.push_back(fn.axes[axis].name);
  json::Object object{{"name", v.name},
                      {"element", elementName(v.element)},
                      {"axes", std::move(axes)},
                      {"shape", json::Array(v.shape)}};
  if (v.bound > 0)
    object["bound"] = v.bound;
  else if (v.bound < 0)
    object["bound"] = fn.axes[-1 - v.bound].name;
  if (v.preset)
    object["default"] = *v.preset;
  return object;
}

static json::Value madeAxis(const EmittedAxis &axis) {
  return json::Object{{"name", axis.name},
                      {"source", axis.source == EmittedAxis::Value ? "value" : "arithmetic"},
                      {"constant", axis.constant},
                      {"divisor", axis.divisor},
                      {"factors", json::Array(axis.factors)},
                      {"returned", axis.returned}};
}

json::Value writeManifest(const EmittedProgram &program, const LibraryOptions &options, const TableFacts &facts) {
  json::Array targets, cells, exports;
  for (const Target &target : program.targets)
    targets.push_back(target.cpu());
  int64_t parameters = 0;
  for (const EmittedCell &cell : program.cells) {
    json::Object object{{"name", cell.name}, {"kind", cell.kind}, {"shape", json::Array(cell.shape)}};
    if (cell.element != ElementF32)
      object["element"] = elementName(cell.element);
    if (cell.bound)
      object["bound"] = cell.bound;
    cells.push_back(std::move(object));
    int64_t elements = cell.kind == "const" ? 0 : 1;
    for (int64_t size : cell.shape)
      elements *= size;
    parameters += elements;
  }
  for (const EmittedExport &fn : program.exports) {
    json::Array axes, made, inputs, results;
    for (const EmittedAxis &axis : fn.axes)
      if (axis.source == EmittedAxis::Given)
        axes.push_back(json::Object{{"name", axis.name}, {"least", axis.least}, {"max", axis.max}});
      else
        made.push_back(madeAxis(axis));
    for (const EmittedValue &v : fn.inputs)
      inputs.push_back(value(fn, v));
    for (const EmittedValue &v : fn.results)
      results.push_back(value(fn, v));
    exports.push_back(json::Object{{"name", fn.name},
                                   {"signature", signature(fn)},
                                   {"axes", std::move(axes)},
                                   {"made_axes", std::move(made)},
                                   {"inputs", std::move(inputs)},
                                   {"results", std::move(results)}});
  }
  json::Object constants;
  for (auto &[name, number] : options.constants)
    constants[name] = number;
  json::Object weights{{"embedded", facts.embedded != 0}, {"packed_bytes", (program.packedFloats + 16) * 4}};
  if (!facts.weightsFile.empty())
    weights["file"] = facts.weightsFile;
  return json::Object{{"abi", kLibraryVersion},
                      {"interface", facts.interface},
                      {"name", options.name},
                      {"compiler", std::string("rondo ") + kCompilerVersion},
                      {"targets", std::move(targets)},
                      {"axes", json::Array(programAxes(program))},
                      {"constants", std::move(constants)},
                      {"parameters", parameters},
                      {"weights", std::move(weights)},
                      {"cells", std::move(cells)},
                      {"exports", std::move(exports)}};
}

} // namespace rondo
