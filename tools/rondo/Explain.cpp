#include "tools/rondo/Options.h"
#include "tools/rondo/Terminal.h"

namespace rondo {

int explain(const Options &) { return fail("`rondo explain` is not built yet"); }

} // namespace rondo
