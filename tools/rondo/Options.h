// What the command line said. Parsing stands alone in Options.cpp, the only file that is compiled with exceptions.
#pragma once

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rondo {

/// Exit statuses of every command.
enum Exit { Yes = 0, No = 1, Usage = 2, Bug = 101 };

struct Options {
  std::string command;

  // Every command.
  std::string color = "auto"; // auto, always, never
  bool quiet = false;
  int verbose = 0;
  bool json = false;

  std::vector<std::string> files;                            // models, libraries or weights, as the command says
  std::vector<std::pair<std::string, std::string>> settings; // NAME=value, sizes of the model
  std::string output;                                        // -o
  std::string weights;
  std::vector<std::string> targets = {"x86-64-v3", "x86-64-v4"};
  std::string recurrences; // what threads have of their own there: examples, columns; empty: each call decides
  unsigned threads = 1;

  // compile
  std::string emit;
  std::string name; // of the library, instead of the model's

  // verify
  std::string against;
  unsigned count = 200;
  uint64_t seed = 1;
  unsigned longest = 97;
  unsigned largestBatch = 9;
  double bound = 8;   // k of k * eps * scale
  std::string only;   // one export
  std::string inject; // a mistake made on purpose

  // compile and explain
  std::vector<std::string> plugins; // shared objects with passes
  std::string pipeline;             // instead of the compiler's: text, or @file
  std::string html;                 // explain: a report to write

  // bench
  std::vector<unsigned> threadCounts = {1};
  std::string lengths = "64";
  unsigned rounds = 11;
  std::string peers;

  // fmt
  bool check = false;

  // run
  std::string input = "-";
  std::string fn;
  std::string format; // npz, jsonl

  // import
  std::string map;
  std::string reference;
  double tolerance = 1e-5;

  // init
  bool force = false;
};

/// Fills `options`, or says what the process should exit with (help was printed, or the command line was wrong).
std::optional<int> parseOptions(int argc, const char *const *argv, Options &options);

// The commands, each in a file of its own. They return an exit status.
int check(const Options &options);
int compile(const Options &options);
int run(const Options &options);
int verify(const Options &options);
int explain(const Options &options);
bool isCode(llvm::StringRef word); // R0203, or a group of them: R02
int explainCode(const std::string &code);
int fmt(const Options &options);
int inspect(const Options &options);
int doctor(const Options &options);
int score(const Options &options);
int bench(const Options &options);
int importCommand(const Options &options);
int init(const Options &options);

} // namespace rondo
