// `rondo check`: every mistake of the model files, as text or JSON. What it finds is this command's result: stdout.
#include "dsl/Compile.h"
#include "tools/rondo/Model.h"
#include "tools/rondo/Terminal.h"
#include "tools/support/Array.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace rondo {

static void printSummary(const std::string &path, const CheckResult &result) {
  if (result.model.empty()) {
    outs() << formatv("{0}: ok, {1} layer{2}\n", path, result.layers, result.layers == 1 ? "" : "s");
    return;
  }
  const char *nothing = result.exports.empty() ? "; nothing to compile: `export f` in the model exports fn `f`" : "";
  outs() << formatv("{0}: ok, model {1}, {2} export{3}, {4} parameters{5}\n", path, result.model, result.exports.size(),
                    result.exports.size() == 1 ? "" : "s", grouped(result.parameters), nothing);
  for (const ExportInfo &info : result.exports) {
    outs() << "  " << info.name << info.signature << (info.mode == "whole" ? "" : "   " + info.mode) << "\n";
    for (const ExportInfo::Axis &axis : info.axes)
      outs() << "    " << axis.variable << ": " << axis.became << "\n";
    if (!info.built)
      outs() << "    checked, but compile leaves it out: " << info.reason << "\n";
  }
}

int check(const Options &options) {
  if (options.files.empty())
    return fail("which model? (see `rondo check --help`)");
  std::vector<SizeOverride> overrides;
  if (int status = readOverrides(options, overrides))
    return status;
  unsigned errors = 0;
  std::string json;
  for (const std::string &path : options.files) {
    auto text = readBytes(path);
    if (!text)
      return fail(text.takeError());
    Compilation compilation(path == "-" ? "<stdin>" : path, std::move(*text), overrides);
    const CheckResult &result = compilation.check();
    Diagnostics &diagnostics = compilation.diagnostics();
    errors += diagnostics.errors();
    if (options.json) {
      // Each file gives an array; several files give one.
      std::string one;
      raw_string_ostream os(one);
      diagnostics.printJSON(os);
      StringRef inner = StringRef(one).trim();
      inner.consume_front("[");
      inner.consume_back("]");
      if (!inner.trim().empty())
        json += (json.empty() ? "" : ",") + inner.str();
      continue;
    }
    diagnostics.print(outs(), wantsColor(options, /*forStdout=*/true));
    if (result.ok && !options.quiet)
      printSummary(path == "-" ? "<stdin>" : path, result);
    else if (!result.ok && !diagnostics.hasErrors())
      return bug(path + ": check fails without saying why");
  }
  if (options.json)
    outs() << "[" << json << "]\n";
  else if (errors)
    outs() << errors << (errors == 1 ? " error\n" : " errors\n");
  return errors ? No : Yes;
}

} // namespace rondo
