// How build systems find a library: <model>.pc for pkg-config, <model>-config.cmake for find_package. Both say where
// things are by where they themselves stand, so that the folder can be moved.
#include "codegen/library/Parts.h"

using namespace llvm;

namespace rondo {

std::string writePkgConfig(const LibraryOptions &options) {
  return "Name: " + options.name + "\nDescription: A model compiled by Rondo\nVersion: " + kCompilerVersion +
         "\nLibs: -L${pcfiledir} -l" + options.name + "\nLibs.private: -lm -pthread\nCflags: -I${pcfiledir}\n";
}

std::string writeCMakePackage(const LibraryOptions &options) {
  const std::string &name = options.name;
  std::string text = "# find_package(" + name + " CONFIG): the library as the targets";
  if (options.shared)
    text += " " + name + "::shared";
  if (options.archive)
    text += " " + name + "::static";
  text += ".\n";
  auto target = [&](StringRef kind, StringRef file, StringRef needs) {
    std::string full = name + "::" + kind.lower();
    text += "if(NOT TARGET " + full + ")\n  add_library(" + full + " " + kind.str() + " IMPORTED)\n" +
            "  set_target_properties(" + full + " PROPERTIES IMPORTED_LOCATION \"${CMAKE_CURRENT_LIST_DIR}/" +
            file.str() + "\"\n    INTERFACE_INCLUDE_DIRECTORIES \"${CMAKE_CURRENT_LIST_DIR}\"" + needs.str() +
            ")\nendif()\n";
  };
  if (options.shared)
    target("SHARED", "lib" + name + ".so", " IMPORTED_SONAME lib" + name + ".so");
  if (options.archive)
    target("STATIC", "lib" + name + ".a", " INTERFACE_LINK_LIBRARIES \"m;-pthread\"");
  return text;
}

} // namespace rondo
