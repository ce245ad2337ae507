// `rondo explain`: what the passes did at each line of the model, what they left and why, and what a call costs. Every
// line about a rewrite is a remark of the pass that did it. With a code (R0203) it says more about a diagnostic.
#include "tools/rondo/Build.h"
#include "tools/rondo/Cost.h"
#include "tools/rondo/Report.h"
#include "tools/rondo/Terminal.h"
#include "tools/support/Array.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

using namespace llvm;

namespace rondo {

/// `14-17 text` under the model's own line; remarks of the standard library name its file.
static void printRemarks(const Model &model) {
  auto own = [&](const PassRemark &remark) { return remark.file == model.path; };
  std::multimap<std::tuple<bool, std::string, unsigned>, const PassRemark *> ordered; // equal keys stay as said
  for (const PassRemark &remark : model.remarks)
    ordered.insert({{!own(remark), remark.file, remark.line}, &remark});
  const Source &source = model.compilation().source();
  std::string file;
  unsigned line = 0;
  for (auto &[key, said] : ordered) {
    const PassRemark &remark = *said;
    if (remark.file != file || remark.line != line) {
      file = remark.file;
      line = remark.line;
      if (own(remark) && line >= 1 && line <= source.lines())
        outs() << format("%5u | ", line) << source.line(line).trim() << "\n";
      else
        outs() << "      | " << (file.empty() ? "(everywhere)" : file + ":" + std::to_string(line)) << "\n";
    }
    outs() << "        " << (remark.done ? "" : "not: ") << remark.text << "  [" << remark.pass << "]\n";
  }
}

int explain(const Options &options) {
  if (options.files.size() != 1)
    return fail("one model is expected (see `rondo explain --help`)");
  const std::string &word = options.files[0];
  if (isCode(word))
    return explainCode(word);
  int status = Yes;
  std::unique_ptr<Model> model = Model::read(options, word, status);
  if (!model)
    return status;
  auto kernels = runPasses(options, *model, status);
  if (!kernels)
    return status;
  if (!options.html.empty()) {
    if (Error error = writeBytes(options.html, htmlReport(*model, *kernels)))
      return fail(std::move(error));
    note(options, "wrote " + options.html);
    return Yes;
  }
  printRemarks(*model);
  outs() << "\n" << costTable(*model, *kernels);
  EmittedProgram program;
  if ((status = emitModel(options, *model, *kernels, program)))
    return status;
  outs() << memoryTable(program) << leftOut(*model);
  outs() << grouped(model->checked().parameters) << " parameters, " << humanBytes(4.0 * model->checked().parameters)
         << " in f32\n";
  return Yes;
}

} // namespace rondo
