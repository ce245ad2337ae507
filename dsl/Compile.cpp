#include "dsl/Compile.h"

#include "dsl/Elaborate.h"
#include "dsl/Groups.h"
#include "dsl/Lower.h"
#include "dsl/Names.h"
#include "dsl/Parser.h"
#include "dsl/Std.h"

#include "mlir/IR/MLIRContext.h"

using namespace llvm;

namespace rondo {

namespace {
struct Export {
  const ast::ExportDecl *decl = nullptr;
  std::unique_ptr<eq::Program> program;
  std::vector<eq::Group> groups;
};
} // namespace

struct Compilation::Impl {
  Source source;
  Diagnostics diagnostics;
  std::vector<std::unique_ptr<Source>> standardSources;
  std::vector<std::unique_ptr<ast::Ast>> standard;
  std::unique_ptr<ast::Ast> ast;
  std::vector<SizeOverride> overrides;
  mlir::MLIRContext context; // for the affine forms of proofs, and to try lowering
  eq::Model model;
  std::unique_ptr<eq::Elaborator> elaborator;
  std::vector<Export> exports;
  CheckResult result;
  bool checked = false;

  Impl(std::string path, std::string text, std::vector<SizeOverride> overrides)
      : source(std::move(path), std::move(text)), overrides(std::move(overrides)),
        context(mlir::MLIRContext::Threading::DISABLED) {
    for (const EmbeddedFile &file : standardLibrary()) {
      standardSources.push_back(std::make_unique<Source>(file.path.str(), file.text.str()));
      standard.push_back(parse(*standardSources.back(), diagnostics));
    }
    ast = parse(source, diagnostics);
  }

  void run();
  void checkExport(const ast::ExportDecl *decl);
};

void Compilation::Impl::checkExport(const ast::ExportDecl *decl) {
  ExportInfo info;
  info.name = decl->name.text.str();
  info.mode = decl->mode == ast::ExportKind::Whole    ? "whole"
              : decl->mode == ast::ExportKind::Stream ? "stream"
                                                      : "train";
  info.range = decl->range;
  const ast::FnDecl *fn = model.root->fn(decl->fn.text);
  if (!fn) // reported with the names
    return;
  Range head{fn->head.source, fn->args.empty() ? fn->name.range.end : fn->name.range.end, fn->head.end};
  info.signature = eq::oneLine(head.text());
  auto program = std::make_unique<eq::Program>();
  unsigned before = diagnostics.errors();
  bool ok = elaborator->elaborate(model, fn, info.name, *program);
  for (const eq::AxisNote &note : program->axisNotes)
    info.axes.push_back({note.variable, note.became});
  std::vector<eq::Group> groups;
  if (ok)
    ok = eq::proveSubscripts(&context, *program, diagnostics);
  if (ok) {
    auto found = eq::findGroups(&context, *program, diagnostics);
    ok = found.has_value();
    if (found)
      groups = std::move(*found);
  }
  if (!ok && elaborator->notBuilt && diagnostics.errors() == before) {
    info.built = false;
    info.reason = "not built yet: " + elaborator->notBuilt->what;
    info.reasonRange = elaborator->notBuilt->range;
  } else if (!ok) {
    info.built = false;
    info.reason = "it has errors";
  } else if (decl->mode != ast::ExportKind::Whole) {
    info.built = false;
    info.reason = "not built yet: `" + info.mode + "` exports";
    info.reasonRange = decl->range;
  }
  // Lowered once here and thrown away, so that `check` already knows what `compile` would leave out.
  if (info.built)
    if (auto notBuilt = eq::Lowering(context, model).add(*program, groups)) {
      info.built = false;
      info.reason = "not built yet: " + notBuilt->what;
      info.reasonRange = notBuilt->range;
    }
  if (info.built)
    exports.push_back({decl, std::move(program), std::move(groups)});
  result.exports.push_back(info);
}

void Compilation::Impl::run() {
  checked = true;
  if (diagnostics.hasErrors())
    return;
  std::vector<const ast::File *> files;
  for (auto &tree : standard)
    files.push_back(&tree->file);
  files.push_back(&ast->file);
  const ast::File &file = ast->file;
  if (!eq::checkNames(files, diagnostics))
    return;
  const ast::LayerDecl *model = nullptr;
  for (const ast::LayerDecl *layer : file.layers) {
    if (!layer->isModel) {
      ++result.layers;
      continue;
    }
    if (model) {
      diagnostics.error("R0406", layer->name.range, "a file has one model").label(model->name.range, "the first one");
      return;
    }
    model = layer;
  }
  if (!model) {
    if (file.layers.empty() && file.fns.empty())
      diagnostics.error("R0406", Range{&source, 0, 0}, "this file has neither a model nor a layer");
    result.ok = !diagnostics.hasErrors();
    return;
  }
  result.model = model->name.text.str();
  elaborator = std::make_unique<eq::Elaborator>(files, diagnostics);
  SmallVector<eq::Override> sizes;
  for (const SizeOverride &o : overrides)
    sizes.push_back({o.name, o.value});
  if (!elaborator->instantiate(this->model, model, sizes)) {
    if (auto &notBuilt = elaborator->notBuilt; notBuilt && !diagnostics.hasErrors())
      diagnostics.error("R0901", notBuilt->range, "not built yet: " + notBuilt->what);
    return;
  }
  for (const ast::Size &size : model->sizes)
    result.sizes.push_back({size.name.text.str(), this->model.root->entries[size.name.text].value.fixed->number});
  for (const eq::Array &cell : this->model.cells) {
    uint64_t count = 1;
    for (const eq::Axis &axis : cell.type.axes)
      count *= axis.size;
    result.parameters += cell.role == eq::Role::Param ? count : 0;
  }
  for (const ast::Member *member : model->members)
    if (auto *decl = dyn_cast<ast::ExportDecl>(member))
      checkExport(decl);
  result.ok = !diagnostics.hasErrors();
}

Compilation::Compilation(std::string path, std::string text, std::vector<SizeOverride> overrides)
    : impl(std::make_unique<Impl>(std::move(path), std::move(text), std::move(overrides))) {}
Compilation::~Compilation() = default;

Diagnostics &Compilation::diagnostics() { return impl->diagnostics; }
const Source &Compilation::source() const { return impl->source; }

const CheckResult &Compilation::check() {
  if (!impl->checked)
    impl->run();
  return impl->result;
}

std::string Compilation::equations() {
  check();
  std::string text;
  raw_string_ostream os(text);
  for (const Export &e : impl->exports)
    print(os, *e.program);
  return text;
}

mlir::OwningOpRef<mlir::ModuleOp> Compilation::lower(mlir::MLIRContext &context) {
  if (!check().ok)
    return nullptr;
  if (impl->exports.empty()) {
    auto &d = impl->diagnostics.error("R0902", Range{&impl->source, 0, 0}, "no export of this file can be built");
    if (impl->result.exports.empty())
      d.suggest("`export f` in the model compiles its fn `f`");
    for (const ExportInfo &info : impl->result.exports)
      d.note("`" + info.name + "`: " + info.reason +
             (info.reasonRange ? " (line " + std::to_string(info.reasonRange.line()) + ")" : ""));
    return nullptr;
  }
  eq::Lowering lowering(context, impl->model);
  for (Export &e : impl->exports)
    lowering.add(*e.program, e.groups);
  return lowering.finish();
}

} // namespace rondo
