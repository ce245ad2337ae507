// `rondo explain R0203`: the page about a diagnostic; of a group (R02), the list of its codes.
#include "tools/rondo/CodePages.h"
#include "tools/rondo/Options.h"
#include "tools/rondo/Terminal.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace rondo {

bool isCode(StringRef word) {
  return word.size() >= 3 && word.size() <= 5 && word.consume_front("R") && all_of(word, isDigit);
}

/// Markdown as a terminal reads it: code is indented instead of fenced.
static void printPage(StringRef page) {
  bool code = false;
  SmallVector<StringRef> lines;
  page.rtrim().split(lines, '\n');
  for (StringRef line : lines) {
    line.consume_front("# ");
    if (line.starts_with("```"))
      code = !code;
    else
      outs() << (code && !line.empty() ? "    " : "") << line << "\n";
  }
}

int explainCode(const std::string &word) {
  bool found = false;
  for (const EmbeddedFile &page : codePages()) {
    StringRef code = page.path.take_until([](char c) { return c == '.'; });
    if (code == word)
      return printPage(page.text), Yes;
    if (code.starts_with(word)) {
      outs() << page.text.split('\n').first.drop_front(2) << "\n";
      found = true;
    }
  }
  return found ? static_cast<int>(Yes) : fail("no diagnostic has the code " + word);
}

} // namespace rondo
