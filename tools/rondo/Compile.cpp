#include "tools/rondo/Options.h"
#include "tools/rondo/Terminal.h"

namespace rondo {

int compile(const Options &) { return fail("`rondo compile` is not built yet"); }

} // namespace rondo
