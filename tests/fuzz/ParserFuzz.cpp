// Any bytes at all: reading them ends, within its limits, and without error gives a tree that prints and reads as
// itself.
#include "dsl/AstPrinter.h"
#include "dsl/Parser.h"

#include <cstdlib>

using namespace rondo;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Source source("fuzz.rondo", std::string(reinterpret_cast<const char *>(data), size));
  Diagnostics diagnostics;
  auto ast = parse(source, diagnostics);
  std::string text = diagnostics.str();
  if (diagnostics.hasErrors()) {
    if (text.empty() || diagnostics.errors() > 50)
      abort();
    return 0;
  }
  // A `where` of its own has no form that the printer could give it without the equation before.
  std::string once = str(ast->file);
  if (once.find("(nothing)") != std::string::npos)
    return 0;
  Source again("again.rondo", once);
  Diagnostics second;
  auto reread = parse(again, second);
  if (second.hasErrors() || str(reread->file) != once)
    abort();
  return 0;
}
