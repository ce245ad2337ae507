// The fuzzers without libFuzzer: each seed as it is, then mutations of seeds, the same ones every time.
//   npz-fuzz -runs=20000 -seed=1 -max_len=4096 FOLDER|FILE ...
#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>
#include <vector>

namespace fs = std::filesystem;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t state = 1;

/// splitmix64: not of a standard library, whose numbers differ.
static uint64_t next() {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}
static size_t below(size_t bound) { return bound ? next() % bound : 0; }

/// Where a word or a line of the text stands: what is still grammar after a mutation goes further than the parser.
static std::pair<size_t, size_t> piece(const std::string &text, bool line) {
  auto inside = [&](char c) { return line ? c != '\n' : std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  size_t begin = below(text.size()), end = begin;
  while (begin && inside(text[begin - 1]))
    --begin;
  while (end < text.size() && inside(text[end]))
    ++end;
  return {begin, end - begin};
}

static void mutate(std::string &text, const std::vector<std::string> &seeds) {
  // Numbers on edges, brackets and signs: what readers branch on.
  static const char *const words[] = {"0",
                                      "-1",
                                      "1",
                                      "4294967296",
                                      "9223372036854775807",
                                      "1e999",
                                      "[",
                                      "]",
                                      "{",
                                      "}",
                                      "(",
                                      ")",
                                      "[[[[[[[[",
                                      "\"",
                                      "'",
                                      ",",
                                      ":",
                                      "->",
                                      "@",
                                      "\n",
                                      "#",
                                      "{n}",
                                      "\xff\xff\xff\xff"};
  switch (below(10)) {
  case 0:
    if (!text.empty())
      text[below(text.size())] ^= char(1 << below(8));
    break;
  case 1:
    if (!text.empty())
      text[below(text.size())] = char(next());
    break;
  case 2:
    text.erase(below(text.size()), below(1 + text.size() / 4));
    break;
  case 3:
    text.insert(below(text.size() + 1), words[below(std::size(words))]);
    break;
  case 4: {
    size_t at = below(text.size());
    text.insert(below(text.size() + 1), text.substr(at, below(64)));
    break;
  }
  case 6:
  case 7:
  case 8: {
    bool line = below(3) == 0;
    const std::string &other = below(3) ? text : seeds[below(seeds.size())];
    auto [from, size] = piece(other, line);
    std::string word = other.substr(from, size);
    auto [to, old] = piece(text, line);
    text.replace(to, old, word);
    break;
  }
  case 9: {
    auto [from, size] = piece(text, true);
    std::string line = text.substr(from, size) + "\n";
    if (below(2))
      text.erase(from, std::min(size + 1, text.size() - from));
    text.insert(piece(text, true).first, line);
    break;
  }
  case 5: {
    const std::string &other = seeds[below(seeds.size())];
    size_t at = below(text.size() + 1);
    text = text.substr(0, at) + other.substr(std::min(other.size(), below(2) ? at : below(other.size() + 1)));
    break;
  }
  }
}

/// What is being read, and where it goes when the program dies of it: for whoever looks, and for libFuzzer to read
/// again.
static const std::string *current = nullptr;
static std::string last;

static void keep(int signal) {
  int file = current ? open(last.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666) : -1;
  if (file >= 0 && write(file, current->data(), current->size()) < 0)
    _exit(1);
  ::signal(signal, SIG_DFL);
  raise(signal);
}

static void run(const std::string &text) {
  current = &text;
  // An exact copy on the heap, so that a sanitizer sees every read beyond it.
  std::vector<uint8_t> copy(text.begin(), text.end());
  copy.shrink_to_fit();
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

int main(int argc, char **argv) {
  size_t runs = 1000, longest = 4096;
  std::vector<fs::path> paths;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word.rfind("-runs=", 0) == 0)
      runs = strtoull(word.c_str() + 6, nullptr, 10);
    else if (word.rfind("-seed=", 0) == 0)
      state = strtoull(word.c_str() + 6, nullptr, 10);
    else if (word.rfind("-max_len=", 0) == 0)
      longest = strtoull(word.c_str() + 9, nullptr, 10);
    else if (fs::is_directory(word))
      for (auto &entry : fs::recursive_directory_iterator(word))
        paths.push_back(entry.path());
    else
      paths.push_back(word);
  }
  std::sort(paths.begin(), paths.end());
  last = fs::path(argv[0]).filename().string() + ".last";
  for (int died : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGBUS})
    signal(died, keep);
  std::vector<std::string> seeds;
  for (const fs::path &path : paths) {
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  if (seeds.empty())
    return fputs("no seeds\n", stderr), 2;
  for (const std::string &seed : seeds)
    run(seed);
  for (size_t i = 0; i < runs; ++i) {
    std::string text = seeds[below(seeds.size())];
    for (size_t n = 1 + below(8); n--;)
      mutate(text, seeds);
    text.resize(std::min(text.size(), longest));
    run(text);
  }
  printf("%zu seeds, %zu mutations\n", seeds.size(), runs);
  return 0;
}
