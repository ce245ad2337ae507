// `rondo init`: a weights file of initial values, drawn as the model's initialisers say: what training begins with, and
// what a new cell is tried with before there is anything trained.
#include "ir/interp/Init.h"
#include "tools/rondo/Model.h"
#include "tools/rondo/Terminal.h"
#include "tools/support/Array.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace rondo {

int init(const Options &options) {
  if (options.files.size() != 1)
    return fail("one model is expected (see `rondo init --help`)");
  const std::string &path = options.files[0];
  int status = Yes;
  std::unique_ptr<Model> model = Model::read(options, path, status);
  if (!model)
    return status;

  Arrays weights;
  std::map<std::string, int64_t> whole = model->whole();
  uint64_t count = 0;
  for (CellOp cell : model->module().getOps<CellOp>()) {
    if (!cell.getInit())
      return fail(path + ": `" + cell.getSymName().str() +
                      "` has no initialiser: its values come from you, in a weights file",
                  No);
    Tensor value = initialValue(cell, options.seed);
    Array &array = weights[cell.getSymName().str()];
    if (whole.count(cell.getSymName().str()))
      array = Array::ofInts(value.shape, std::vector<int32_t>(value.data.begin(), value.data.end()));
    else
      array = Array::ofFloats(value.shape, std::vector<float>(value.data.begin(), value.data.end()));
    count += value.size();
  }
  std::string to = options.output;
  if (to.empty())
    to = model->name + ".safetensors";
  if (to != "-" && sys::fs::exists(to) && !options.force)
    return fail(to + " exists, and may have been trained; --force replaces it, -o names another");
  if (Error error = writeBytes(to, writeSafetensors(weights)))
    return fail(std::move(error));
  if (to != "-" && !options.quiet)
    outs() << formatv("wrote {0}: {1} tensor{2}, {3} values, seed {4}\n", to, weights.size(),
                      weights.size() == 1 ? "" : "s", grouped(count), options.seed);
  return Yes;
}

} // namespace rondo
