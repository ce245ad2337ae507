// What the passes say is shown in the words of who wrote equations: no operation of MLIR stands in it.
#include "tools/rondo/Build.h"

#include "ir/Dialect.h"

#include "mlir/IR/MLIRContext.h"

#include "gtest/gtest.h"

using namespace rondo;

TEST(SourceDiagnostics, NameNoOperation) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(true);
  context.loadDialect<RondoDialect>();
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  std::vector<std::string> shown;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    shown.push_back(wordsOf(diagnostic));
    for (mlir::Diagnostic &note : diagnostic.getNotes())
      shown.push_back(wordsOf(note));
  });
  module->emitOpError("is too large");
  module->emitError("'x' is defined here, op or not").attachNote() << "of this size";
  EXPECT_EQ(shown,
            (std::vector<std::string>{"is too large", "", "'x' is defined here, op or not", "", "of this size"}));
}
