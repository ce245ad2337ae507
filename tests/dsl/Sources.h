// Files of the project that tests read: sources of the language, pages about it.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <string>
#include <vector>

namespace rondo::test {

inline std::string slurp(const std::filesystem::path &path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// The .rondo files in and below folders of the project, in order.
inline std::vector<std::filesystem::path> sources(std::initializer_list<const char *> folders) {
  std::vector<std::filesystem::path> paths;
  for (const char *folder : folders)
    for (auto &entry : std::filesystem::recursive_directory_iterator(std::filesystem::path(RONDO_SOURCE_DIR) / folder))
      if (entry.path().extension() == ".rondo")
        paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

} // namespace rondo::test
