// What stands behind each group of diagnostics, for `rondo explain R0203`.
#include "tools/rondo/Options.h"
#include "tools/rondo/Terminal.h"
#include "llvm/Support/raw_ostream.h"

namespace rondo {

int explainCode(const std::string &code) {
  static constexpr std::pair<const char *, const char *> groups[] = {
      {"R01",
       "Text and grammar. A model file is UTF-8; outside comments only ASCII. A newline ends a statement, except in\n"
       "brackets, after an operator, and before an operator, `where`, `then` or `else`. docs/language.md has the\n"
       "grammar. After a mistake reading goes on with the next statement, so that one run shows several."},
      {"R02",
       "Axes and sizes. A static axis is a positive integer; two are the same when their values are. A sequence axis\n"
       "is an identity: two inputs share one only if one name stands in both types. Operators need operands of the\n"
       "same axes; the only broadcasting is that a number, or a call of a layer, lifts to leading axes."},
      {"R03",
       "Recurrences and streams. Arrays that depend on each other form a group, which must share one sequence axis\n"
       "and go strictly one way along it: by offsets (`h[t-1]`) or by a guarded index (`s < t`). A stream needs\n"
       "results that do not look ahead. The message shows the cycle or the path."},
      {"R04",
       "Names. Each name is defined once in its scope; an index must differ from every name visible in its fn. Layers\n"
       "and sizes come from the file, then from the standard library."},
      {"R05",
       "Kinds of elements and values: reals, ints, bools and tokens. Ints promote to reals, tokens to ints; an int\n"
       "becomes a token by proof or by clamp(n, A)."},
      {"R06", "Subscripts. Each one is proved to be in range, from index ranges, declared bounds (T <= M), tokens and\n"
              "guards, or the array has a boundary there (`where h[-1] = 0`). The message names the missing bound."},
      {"R09", "Not built yet: the language has it, this version of the compiler does not."}};
  for (auto [group, text] : groups)
    if (llvm::StringRef(code).starts_with(group)) {
      llvm::outs() << code << ": " << text << "\n";
      return Yes;
    }
  return fail("no diagnostic has the code " + code);
}

} // namespace rondo
