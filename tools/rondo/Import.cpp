#include "tools/rondo/Options.h"
#include "tools/rondo/Terminal.h"

namespace rondo {

int importCommand(const Options &) { return fail("`rondo import` is not built yet"); }

} // namespace rondo
