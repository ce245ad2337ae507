// One way to write a source: `rondo fmt`. Spaces, indentation and columns are the formatter's; where a line ends, which
// lines are empty and what comments say stay the author's. Only for sources that parse.
#ifndef RONDO_DSL_FORMAT_H
#define RONDO_DSL_FORMAT_H

#include "dsl/Diagnostics.h"

#include <optional>

namespace rondo {

/// The source formatted, or nothing after diagnostics (without any: the result did not say the same, a bug). The result
/// parses to the same tree and formats to itself.
///
/// - Two spaces for each open brace, four more for a line that goes on; a `{` never begins a line.
/// - `h[t-1]`, `a[t,s]`, `2*H`: tight inside subscripts and in multiples of a size; spaces around every other operator.
/// - The `:` and `=` of neighbouring parameters, the `=` of neighbouring instances, exports and one-line fns, and
///   the comments behind neighbouring lines stand below each other. Three spaces before a `where` and a comment.
/// - At most one empty line, none inside a brace's edge.
std::optional<std::string> format(const Source &source, Diagnostics &diagnostics);

} // namespace rondo

#endif
