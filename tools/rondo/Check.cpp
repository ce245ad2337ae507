#include "tools/rondo/Options.h"
#include "tools/rondo/Terminal.h"

namespace rondo {

int check(const Options &) { return fail("`rondo check` is not built yet"); }

} // namespace rondo
