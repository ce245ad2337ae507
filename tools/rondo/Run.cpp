#include "tools/rondo/Options.h"
#include "tools/rondo/Terminal.h"

namespace rondo {

int run(const Options &) { return fail("`rondo run` is not built yet"); }

} // namespace rondo
