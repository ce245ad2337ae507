// Any text at all is checked within the limits of the language: what is refused is refused with a message, what is not
// becomes operations that verify.
#include "dsl/Compile.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"

#include <cstdlib>

using namespace rondo;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Compilation compilation("fuzz.rondo", std::string(reinterpret_cast<const char *>(data), size));
  const CheckResult &result = compilation.check();
  Diagnostics &diagnostics = compilation.diagnostics();
  if (result.ok == diagnostics.hasErrors())
    abort();
  if (!result.ok) {
    if (diagnostics.str().empty())
      abort();
    return 0;
  }
  bool built = false;
  for (const ExportInfo &info : result.exports)
    built |= info.built;
  if (!built)
    return 0;
  compilation.equations();
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = compilation.lower(context);
  if (!module && !diagnostics.hasErrors())
    abort();
  if (module && mlir::failed(mlir::verify(*module)))
    abort();
  return 0;
}
