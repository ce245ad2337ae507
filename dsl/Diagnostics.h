// What the compiler has to say about a source: errors and warnings with places, collected and then shown together.
// Codes: R01 text and grammar, R02 axes and sizes, R03 recurrences and streams, R04 names, R05 kinds of elements and
// values, R06 subscripts, R09 not built yet. A code is never reused for another mistake.
#ifndef RONDO_DSL_DIAGNOSTICS_H
#define RONDO_DSL_DIAGNOSTICS_H

#include "dsl/Source.h"

#include <deque>
#include <vector>

namespace llvm {
class raw_ostream;
}

namespace rondo {

enum class Severity { Error, Warning };

struct Diagnostic {
  struct Label {
    Range range;
    std::string text;
  };
  /// Shown as ` heading: text`, after the source lines (`note: ..`, `path: ..`).
  struct Note {
    std::string heading, text;
  };

  std::string code;
  Severity severity = Severity::Error;
  Range range; // the place an editor jumps to
  std::string message;
  std::vector<Label> labels; // marked places; `range` is marked even if no label names it
  std::vector<Note> notes;
  std::string help; // the fix, where one exists

  Diagnostic &label(Range range, std::string text) {
    labels.push_back({range, std::move(text)});
    return *this;
  }
  Diagnostic &note(std::string text, std::string heading = "note") {
    notes.push_back({std::move(heading), std::move(text)});
    return *this;
  }
  Diagnostic &suggest(std::string text) {
    help = std::move(text);
    return *this;
  }
};

class Diagnostics {
public:
  /// The reference stays valid: `diagnostics.error("R0203", range, "sizes differ").label(..).suggest(..)`.
  Diagnostic &error(std::string code, Range range, std::string message);
  Diagnostic &warning(std::string code, Range range, std::string message);

  bool hasErrors() const { return errors() != 0; }
  unsigned errors() const;
  bool empty() const { return list.empty(); }
  /// In the order of the source; equal places in the order reported.
  std::vector<const Diagnostic *> sorted() const;

  /// As text, an empty line between them: the first ones, and how many more there are.
  void print(llvm::raw_ostream &os, bool colour = false) const;
  /// An array of objects, one per diagnostic.
  void printJSON(llvm::raw_ostream &os) const;
  std::string str() const;

  static constexpr unsigned mostShown = 20;

private:
  std::deque<Diagnostic> list;
};

/// One diagnostic as text:
///
///   lm.rondo:14:17: error[R0203]: sizes differ in `Wi @ x[t]`
///    14 |  i[t] = sigmoid(Wi @ x[t] + Ui @ h[t-1] + bi)
///       |                 ^^   ^^^^ `x[t]` has H = 512
///       |                 `Wi` has second axis E = 256, from line 5
///    help: line 5: `lstm(512, H)`
void print(llvm::raw_ostream &os, const Diagnostic &diagnostic, bool colour = false);

} // namespace rondo

#endif
