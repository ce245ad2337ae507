// The HTML report. Figures are for one stated batch, so that kernels and memory can be compared with each other.
#include "tools/rondo/Report.h"
#include "dsl/Std.h"
#include "ir/Axes.h"
#include "ir/Dialect.h"
#include "tools/rondo/Cost.h"
#include "tools/rondo/Terminal.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <map>
#include <set>

using namespace llvm;

namespace rondo {

namespace {

constexpr double examples = 32, length = 64;

/// One step of an export's function: a kernel, or an operation that stands alone.
struct Step {
  mlir::Operation *op;
  std::string name, result;
  std::vector<unsigned> lines;                       // of the model's own file
  std::map<std::string, std::set<unsigned>> library; // lines of the library's files
  double flops = 0, bytes = 0;                       // for the stated batch
  double intensity() const { return bytes ? flops / bytes : 0; }
};

/// A slot of the memory plan: how large, from which step to which.
struct Slot {
  std::string unit;
  double bytes = 0;
  int first = -1, last = -1;
};

class Report {
public:
  Report(Model &model, mlir::ModuleOp kernels) : model(model), kernels(kernels), os(text) {}
  std::string run();

private:
  std::vector<Step> stepsOf(mlir::func::FuncOp function);
  std::vector<Slot> slotsOf(mlir::func::FuncOp function, ArrayRef<Step> steps);
  void source();
  void steps(StringRef fn, ArrayRef<Step> steps);
  void roofline(StringRef fn, ArrayRef<Step> steps);
  void memory(StringRef fn, ArrayRef<Step> steps, ArrayRef<Slot> slots);

  Model &model;
  mlir::ModuleOp kernels;
  std::string text;
  raw_string_ostream os;
  std::map<unsigned, std::vector<std::string>> made; // source line -> ids of steps
};

} // namespace

static std::string escaped(StringRef text) {
  std::string out;
  for (char c : text)
    out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
  return out;
}

/// `1.23 M`
static std::string scaled(double number) { return print(Polynomial{{{}, number}}); }

static double sizeOf(const std::string &axis) { return axis == "b" ? examples : length; }

static double evaluate(const Polynomial &cost) {
  double total = 0;
  for (auto &[axes, factor] : cost) {
    double term = factor;
    for (const std::string &axis : axes)
      term *= sizeOf(axis);
    total += term;
  }
  return total;
}

static double bytesOf(mlir::Value value) {
  auto type = dyn_cast<mlir::RankedTensorType>(value.getType());
  if (!type)
    return 0;
  double bytes = 4;
  for (unsigned d = 0; d < type.getRank(); ++d)
    bytes *= type.isDynamicDim(d) ? sizeOf(axisOf(type, d).str()) : type.getDimSize(d);
  return bytes;
}

/// `B x T x 512`
static std::string shapeOf(mlir::Value value) {
  auto type = dyn_cast<mlir::RankedTensorType>(value.getType());
  std::string shape;
  for (unsigned d = 0; type && d < type.getRank(); ++d) {
    std::string axis = type.isDynamicDim(d) ? axisOf(type, d).str() : std::to_string(type.getDimSize(d));
    shape += (d ? " x " : "") + (axis == "b" ? "B" : StringRef(axis).split('(').first.str());
  }
  return shape.empty() ? "one number" : shape;
}

std::vector<Step> Report::stepsOf(mlir::func::FuncOp function) {
  std::vector<Step> steps;
  for (mlir::Operation &op : function.getBody().front()) {
    auto kernel = dyn_cast<KernelOp>(&op);
    bool counts = kernel || isa<mlir::func::CallOp, ScanOp, FoldOp, Equation>(&op);
    if (!counts || (kernel && kernel.getForm() == "load")) // weights are loaded once, when the library is opened
      continue;
    Step step{&op, kernel ? kernel.getForm().str() : op.getName().stripDialect().str(), "", {}, {}, 0, 0};
    mlir::Operation *body = &op;
    if (auto call = dyn_cast<mlir::func::CallOp>(&op)) {
      step.name = "call of " + call.getCallee().str();
      if (auto callee = kernels.lookupSymbol<mlir::func::FuncOp>(call.getCallee()))
        body = callee;
    }
    step.flops = evaluate(countFlops(body));
    SetVector<mlir::Value> read;
    SetVector<unsigned> lines;
    op.walk([&](mlir::Operation *inner) {
      std::string file;
      unsigned line = 0, column = 0;
      if (sourceOf(inner->getLoc(), file, line, column)) {
        if (file == model.path)
          lines.insert(line);
        else
          step.library[file].insert(line);
      }
      for (mlir::Value operand : inner->getOperands())
        if (operand.getParentBlock() == op.getBlock())
          read.insert(operand);
    });
    for (mlir::Value value : read)
      step.bytes += bytesOf(value);
    for (mlir::Value value : op.getResults()) {
      step.bytes += bytesOf(value);
      step.result += (step.result.empty() ? "" : ", ") + shapeOf(value);
    }
    step.lines.assign(lines.begin(), lines.end());
    sort(step.lines);
    steps.push_back(std::move(step));
  }
  return steps;
}

std::vector<Slot> Report::slotsOf(mlir::func::FuncOp function, ArrayRef<Step> steps) {
  std::vector<Slot> slots;
  auto arena = function->getAttrOfType<mlir::ArrayAttr>("rondo.arena");
  if (!arena)
    return slots;
  for (mlir::Attribute entry : arena) {
    auto pair = cast<mlir::ArrayAttr>(entry);
    StringRef unit = cast<mlir::StringAttr>(pair[0]).getValue();
    double each = cast<mlir::IntegerAttr>(pair[1]).getInt() * 4.0;
    double count = unit.starts_with("examples") ? examples : 1;
    if (!unit.starts_with("examples")) // "rows T", "pairs T S" and the like: every axis named multiplies
      for (StringRef rest = unit.split(' ').second; !rest.empty(); rest = rest.split(' ').second)
        count *= length;
    slots.push_back({unit.str(), each * count * (unit.starts_with("examples") ? 1 : examples)});
  }
  auto stepAt = [&](mlir::Operation *op) {
    for (auto [i, step] : enumerate(steps))
      if (step.op == op || step.op->isAncestor(op))
        return static_cast<int>(i);
    return static_cast<int>(steps.size()) - 1; // the return reads what is copied out
  };
  function.walk([&](mlir::Operation *op) {
    auto numbers = op->getAttrOfType<mlir::DenseI64ArrayAttr>("rondo.slots");
    if (!numbers)
      return;
    int step = stepAt(op);
    for (auto [k, number] : enumerate(numbers.asArrayRef())) {
      if (number < 0 || number >= static_cast<int64_t>(slots.size()))
        continue;
      Slot &slot = slots[number];
      slot.first = slot.first < 0 ? step : std::min(slot.first, step);
      slot.last = std::max(slot.last, step);
      // A value lives until its last reader, also under the name that its kernel yields it by.
      SmallVector<mlir::Value> names;
      if (k < op->getNumResults())
        names.push_back(op->getResult(k));
      for (size_t n = 0; n < names.size(); ++n)
        for (mlir::OpOperand &use : names[n].getUses()) {
          slot.last = std::max(slot.last, stepAt(use.getOwner()));
          mlir::Operation *parent = use.getOwner()->getParentOp();
          if (use.getOwner()->hasTrait<mlir::OpTrait::IsTerminator>() && isa<KernelOp>(parent) &&
              use.getOperandNumber() < parent->getNumResults())
            names.push_back(parent->getResult(use.getOperandNumber()));
        }
    }
  });
  return slots;
}

//===--- Parts of the page ----------------------------------------------===//

static const char *const colours[] = {"#4269d0", "#efb118", "#ff725c", "#3ca951",
                                      "#a463f2", "#9c6b4e", "#6cc5b0", "#97bbf5"};

void Report::source() {
  os << "<h2>Equations, and what was made of them</h2>\n<table class=src>\n";
  const Source &file = model.compilation().source();
  std::map<unsigned, std::vector<const PassRemark *>> said;
  for (const PassRemark &remark : model.remarks)
    if (remark.file == model.path)
      said[remark.line].push_back(&remark);
  for (unsigned line = 1; line <= file.lines(); ++line) {
    if (line == file.lines() && file.line(line).empty())
      break;
    os << formatv("<tr id=L{0}><td class=n>{0}<td><pre>{1}</pre><td>", line, escaped(file.line(line)));
    for (const std::string &id : made[line])
      os << formatv("<a class=k href=#{0} style=\"background:{1}\">{2}</a> ", id,
                    colours[std::stoi(id.substr(id.rfind('-') + 1)) % std::size(colours)],
                    id.substr(0, id.rfind('-')) + " #" + id.substr(id.rfind('-') + 1));
    for (const PassRemark *remark : said[line])
      os << "<div class=" << (remark->done ? "did" : "left") << ">" << (remark->done ? "" : "not: ")
         << escaped(remark->text) << " <span class=pass>" << remark->pass << "</span></div>";
    os << "\n";
  }
  os << "</table>\n";
  bool first = true;
  for (const PassRemark &remark : model.remarks)
    if (remark.file != model.path) {
      os << (first ? "<details><summary>In layers of the library</summary><ul>\n" : "") << "<li><code>"
         << escaped(remark.file.empty() ? "everywhere" : remark.file + ":" + std::to_string(remark.line)) << "</code> "
         << (remark.done ? "" : "not: ") << escaped(remark.text) << " <span class=pass>" << remark.pass << "</span>\n";
      first = false;
    }
  os << (first ? "" : "</ul></details>\n");
}

/// The equations of these lines, to be seen where the pointer rests.
static std::string libraryText(StringRef path, const std::set<unsigned> &lines) {
  std::string text;
  for (const EmbeddedFile &file : standardLibrary())
    if (file.path == path) {
      SmallVector<StringRef> all;
      file.text.split(all, '\n');
      for (unsigned line : lines)
        if (line >= 1 && line <= all.size())
          text += (text.empty() ? "" : "\n") + all[line - 1].trim().str();
    }
  return text;
}

void Report::steps(StringRef fn, ArrayRef<Step> steps) {
  double most = 1;
  for (const Step &step : steps)
    most = std::max(most, step.flops);
  os << "<h3>Kernels</h3>\n<table><tr><th>#<th>kernel<th>makes<th>operations<th><th>bytes<th>operations a "
        "byte<th>from\n";
  for (auto [i, step] : enumerate(steps)) {
    os << formatv(
        "<tr id={0}-{1}><td><span class=k style=\"background:{2}\">#{1}</span><td>{3}<td>{4}<td class=r>{5}<td>"
        "<span class=bar style=\"width:{6}px;background:{2}\"></span><td class=r>{7}<td class=r>{8:f1}<td>",
        fn, i, colours[i % std::size(colours)], escaped(step.name), escaped(step.result), scaled(step.flops),
        static_cast<int>(160 * step.flops / most), humanBytes(step.bytes), step.intensity());
    for (unsigned line : step.lines)
      os << formatv("<a href=#L{0}>{0}</a> ", line);
    for (auto &[file, at] : step.library)
      os << "<code title=\"" << escaped(libraryText(file, at)) << "\">" << escaped(file) << ":" << *at.begin()
         << (at.size() > 1 ? "-" + std::to_string(*at.rbegin()) : "") << "</code> ";
    os << "\n";
  }
  os << "</table>\n";
}

/// Log scales on both sides: what a kernel could reach, given how often it uses each byte that it must move.
void Report::roofline(StringRef fn, ArrayRef<Step> steps) {
  constexpr double width = 640, height = 260, left = 60, bottom = 220, top = 20;
  constexpr double low = -4, high = 9; // powers of two of operations a byte
  // A core of today, for the shape of the picture only; `rondo bench` measures this machine.
  constexpr double peak = 200, memory = 20;
  auto x = [&](double intensity) {
    return left +
           (width - left - 10) * (std::clamp(std::log2(std::max(intensity, 1e-3)), low, high) - low) / (high - low);
  };
  auto y = [&](double rate) {
    return bottom - (bottom - top) * std::log2(std::max(rate, 1.0)) / std::log2(peak * 1.6);
  };
  os << "<h3>Roofline</h3>\n<svg viewBox=\"0 0 " << width << " " << height << "\" width=" << width << ">\n";
  for (double power = low; power <= high; power += 1)
    os << formatv(
        "<line class=grid x1={0:f1} x2={0:f1} y1={1} y2={2} /><text x={0:f1} y={3} text-anchor=middle>{4}</text>\n",
        x(std::exp2(power)), top, bottom, bottom + 16,
        power < 0 ? "1/" + std::to_string(1 << static_cast<int>(-power))
                  : std::to_string(1 << static_cast<int>(power)));
  for (double rate : {1.0, 10.0, 100.0})
    os << formatv(
        "<line class=grid x1={0} x2={1} y1={2:f1} y2={2:f1} /><text x={3} y={4:f1} text-anchor=end>{5}</text>\n", left,
        width - 10, y(rate), left - 6, y(rate) + 4, static_cast<int>(rate));
  os << formatv("<polyline class=roof points=\"{0:f1},{1:f1} {2:f1},{3:f1} {4:f1},{3:f1}\" />\n", x(std::exp2(low)),
                y(memory * std::exp2(low)), x(peak / memory), y(peak), x(std::exp2(high)));
  os << formatv("<text x={0} y={1} text-anchor=end>operations per byte</text><text x=8 y=14>GFLOP/s</text>\n",
                width - 10, bottom + 34);
  double most = 1;
  for (const Step &step : steps)
    most = std::max(most, step.flops);
  for (auto [i, step] : enumerate(steps)) {
    if (!step.flops)
      continue;
    double rate = std::min(peak, memory * step.intensity());
    os << formatv("<a href=#{0}-{1}><circle cx={2:f1} cy={3:f1} r={4:f1} fill=\"{5}\" fill-opacity=.7><title>#{1} {6}: "
                  "{7} operations, {8:f1} a "
                  "byte</title></circle></a>\n",
                  fn, i, x(step.intensity()), y(rate), 4 + 10 * std::sqrt(step.flops / most),
                  colours[i % std::size(colours)], escaped(step.name), scaled(step.flops), step.intensity());
  }
  os << "</svg>\n<p class=small>Each circle is a kernel, its area its share of the work, placed on the roof of a core "
        "with "
     << static_cast<int>(peak) << " GFLOP/s and " << static_cast<int>(memory)
     << " GB/s. On the slope, memory decides; on the flat, arithmetic. <code>rondo bench</code> measures the real "
        "ceiling.</p>\n";
}

void Report::memory(StringRef fn, ArrayRef<Step> steps, ArrayRef<Slot> slots) {
  double total = 0;
  for (const Slot &slot : slots)
    total += slot.bytes;
  os << "<h3>Memory</h3>\n";
  if (!total || steps.empty()) {
    os << "<p>Nothing is stored between kernels.</p>\n";
    return;
  }
  constexpr double width = 640, most = 260;
  double across = (width - 60) / steps.size(), down = 0;
  std::string strips;
  raw_string_ostream svg(strips);
  for (auto [i, slot] : enumerate(slots)) {
    if (slot.first < 0)
      continue;
    double height = std::max(3.0, most * slot.bytes / total);
    svg << formatv(
        "<rect x={0:f1} y={1:f1} width={2:f1} height={3:f1} fill=\"{4}\"><title>slot {5}: {6} ({7})</title></rect>\n",
        60 + across * slot.first, down, across * (slot.last - slot.first + 1) - 1, height - 1,
        colours[slot.first % std::size(colours)], i, humanBytes(slot.bytes), escaped(slot.unit));
    if (height > 11)
      svg << formatv("<text x=54 y={0:f1} text-anchor=end>{1}</text>\n", down + height / 2 + 4, humanBytes(slot.bytes));
    down += height;
  }
  os << formatv("<svg viewBox=\"0 0 {0} {1:f0}\" width={0}>\n{2}", width, down + 20, strips);
  for (size_t i = 0; i < steps.size(); ++i)
    if (steps.size() <= 40 || i % 5 == 0)
      os << formatv("<text x={0:f1} y={1:f1} text-anchor=middle>{2}</text>", 60 + across * (i + 0.5), down + 14, i);
  os << formatv(
      "</svg>\n<p class=small>{0} in {1} slots. A strip is a slot, as high as it is large, from the first kernel "
      "that writes it to the last that reads it (kernels from left to right).</p>\n",
      humanBytes(total), slots.size());
}

static const char *const style = R"(<style>
:root { color-scheme: light dark; --line: #8884; --soft: #888; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0 } h2 { margin-top: 2.2rem; border-bottom: 1px solid var(--line) } h3 { margin-bottom: .4rem }
table { border-collapse: collapse } td, th { padding: 2px 10px 2px 0; text-align: left; vertical-align: top }
th { font-weight: 600; color: var(--soft) } .r { text-align: right; white-space: nowrap }
pre { margin: 0; font: 13px/1.5 ui-monospace, monospace } code { font: 13px ui-monospace, monospace }
.src { width: 100% } .src tr:target, tr:target { background: #ffd54f55 } .src td { border-top: 1px solid #8881 }
.n { color: var(--soft); text-align: right; font: 12px/1.6 ui-monospace, monospace }
.did, .left { font-size: 13px } .left { color: var(--soft) } .pass { color: var(--soft); font-size: 12px }
.k { color: #fff; border-radius: 4px; padding: 0 5px; font-size: 12px; text-decoration: none }
.bar { display: inline-block; height: 10px; border-radius: 2px } .small { color: var(--soft); font-size: 13px; max-width: 640px }
svg { max-width: 100% } svg text { font-size: 11px; fill: var(--soft) } .grid { stroke: var(--line) }
.roof { fill: none; stroke: var(--soft); stroke-width: 2 }
</style>
)";

std::string Report::run() {
  std::vector<std::pair<mlir::func::FuncOp, std::vector<Step>>> exports;
  for (auto function : kernels.getOps<mlir::func::FuncOp>())
    if (!function.isExternal() && model.function(function.getSymName()))
      exports.push_back({function, stepsOf(function)});
  for (auto &[function, steps] : exports)
    for (auto [i, step] : enumerate(steps))
      for (unsigned line : step.lines)
        made[line].push_back(function.getSymName().str() + "-" + std::to_string(i));
  std::string title = escaped(model.checked().model);
  os << "<!doctype html>\n<html lang=en><meta charset=utf-8><meta name=viewport "
        "content=\"width=device-width\">\n<title>"
     << title << "</title>\n"
     << style << "<h1>" << title << "</h1>\n<p class=small>" << escaped(model.path) << ": "
     << grouped(model.checked().parameters) << " parameters, " << humanBytes(4.0 * model.checked().parameters)
     << ". Figures are for " << int(examples) << " examples, " << int(length) << " long on every axis.</p>\n";
  source();
  for (auto &[function, list] : exports) {
    StringRef fn = function.getSymName();
    os << "<h2>export " << escaped(fn)
       << "</h2>\n<p>Operations per example: " << escaped(print(countFlops(model.function(fn)))) << "</p>\n";
    steps(fn, list);
    roofline(fn, list);
    memory(fn, list, slotsOf(function, list));
  }
  os << "</html>\n";
  return text;
}

std::string htmlReport(Model &model, mlir::ModuleOp kernels) { return Report(model, kernels).run(); }

} // namespace rondo
