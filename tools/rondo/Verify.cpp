#include "tools/rondo/Options.h"
#include "tools/rondo/Terminal.h"

namespace rondo {

int verify(const Options &) { return fail("`rondo verify` is not built yet"); }

} // namespace rondo
