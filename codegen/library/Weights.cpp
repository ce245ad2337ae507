// Packing weights while compiling: the library itself does it, through its public interface.
#include "codegen/library/Parts.h"
#include "runtime/include/rondo.h"

#include <dlfcn.h>

using namespace llvm;

namespace rondo {

static void collect(void *lines, int, const char *text) { (*static_cast<std::string *>(lines) += "\n  ") += text; }

Error packWeights(StringRef library, StringRef image, const LibraryOptions &options) {
  void *handle = dlopen(library.str().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    return unavailable("cannot load the library to pack its weights: " + Twine(dlerror()));
  auto symbol = [&](StringRef suffix) { return dlsym(handle, (options.name + "_" + suffix).str().c_str()); };
  auto open =
      reinterpret_cast<rondo_status (*)(void **, const char *, const rondo_config *, rondo_error *)>(symbol("open"));
  auto save = reinterpret_cast<rondo_status (*)(const void *, const char *, rondo_error *)>(symbol("save"));
  auto close = reinterpret_cast<void (*)(void *)>(symbol("close"));

  std::string lines;
  rondo_config config = {};
  config.size = sizeof config;
  config.user = &lines;
  config.log = collect;
  rondo_error error = {};
  void *model = nullptr;
  rondo_status status = open(&model, options.weights.c_str(), &config, &error);
  if (!status)
    status = save(model, image.str().c_str(), &error);
  close(model);
  dlclose(handle);
  if (!status)
    return Error::success();
  std::string help;
  if (status == RONDO_ECPU)
    help = "; leave out --weights and open the library with the path of the file where it runs";
  std::string message = "weights " + options.weights + ": " + error.text + help + lines;
  return status == RONDO_EIO ? unavailable(message) : failed(message);
}

} // namespace rondo
