// Maps the names and layouts of another system's weights onto a model's, by a small file of lines (docs/models.md):
//
//   weight_ih_l{n} -> rnn.{n}: Wi Wf Wg Wo        rows in equal blocks, one per name; `_` leaves a block out
//   bias_ih_l{n} + bias_hh_l{n} -> rnn.{n}: bi bf bg bo
//   fc.weight -> out.W                            whole; after the name may stand `transposed` or `reshaped`
//   types.weight[0] -> segment                    one index of the leading axis
//   0 -> rnn.0.bi                                 a number fills
//   ignore position_ids                           not part of the model
//
// `{n}` stands for a whole number, the same one wherever it occurs in a line; `*` for anything, in `ignore` only.
#pragma once

#include "tools/support/Array.h"

namespace rondo {

using Shapes = std::map<std::string, llvm::SmallVector<int64_t>>;

class WeightMap {
public:
  /// Errors name the file and the line.
  static llvm::Expected<WeightMap> parse(llvm::StringRef path, llvm::StringRef text);

  struct Term {
    std::string name; // of a source tensor, with {n}; empty: a number
    double number = 0;
    int64_t index = -1; // of the leading axis; -1: all of it
  };
  struct Line {
    unsigned number;
    std::vector<Term> terms;          // summed
    std::vector<std::string> targets; // full names with {n}, one per block; "" leaves the block out
    bool transposed = false, reshaped = false;
  };

  std::string path;
  std::vector<Line> lines;
  std::vector<std::string> ignored;
};

struct Import {
  Arrays weights;
  std::vector<std::string> done;    // `a [2048, 512] -> rnn.0: Wi Wf Wg Wo`
  std::vector<std::string> wrong;   // shapes and types that do not fit, targets given twice or not of the model
  std::vector<std::string> missing; // of the model, given by no line
  std::vector<std::string> unused;  // of the file, or rows of it

  bool complete() const { return wrong.empty() && missing.empty() && unused.empty(); }
};

/// Everything that can be said about the file is said; `weights` holds what fitted. `whole`: the model's tables of
/// integers, and how many values each may have from 0 on (0: any); only they take integers of the file.
Import importWeights(const WeightMap &map, const Arrays &source, const Shapes &model,
                     const std::map<std::string, int64_t> &whole = {});

} // namespace rondo
