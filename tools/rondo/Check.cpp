// `rondo check`: every mistake of the model files, as text or JSON. Diagnostics are this command's result: stdout.
#include "dsl/Parser.h"
#include "tools/rondo/Options.h"
#include "tools/rondo/Terminal.h"
#include "tools/support/Array.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace rondo {

int check(const Options &options) {
  if (options.files.empty())
    return fail("which model? (see `rondo check --help`)");
  unsigned errors = 0;
  std::string json;
  for (const std::string &path : options.files) {
    auto text = readFile(path);
    if (!text)
      return fail(text.takeError());
    Source source(path == "-" ? "<stdin>" : path, std::move(*text));
    Diagnostics diagnostics;
    parse(source, diagnostics);
    errors += diagnostics.errors();
    if (options.json) {
      std::string one;
      raw_string_ostream os(one);
      diagnostics.printJSON(os);
      // Each file gives an array; several files give one.
      StringRef inner = StringRef(one).trim();
      inner.consume_front("[");
      inner.consume_back("]");
      if (!inner.trim().empty())
        json += (json.empty() ? "" : ",") + inner.str();
    } else {
      diagnostics.print(outs(), wantsColor(options, /*forStdout=*/true));
    }
  }
  if (options.json)
    outs() << "[" << json << "]\n";
  else if (errors)
    outs() << errors << (errors == 1 ? " error\n" : " errors\n");
  return errors ? No : Yes;
}

} // namespace rondo
