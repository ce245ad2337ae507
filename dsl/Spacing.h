// Which spaces stand between two tokens of a line, for the formatter.
#ifndef RONDO_DSL_SPACING_H
#define RONDO_DSL_SPACING_H

#include "dsl/Lexer.h"

#include "llvm/ADT/SmallVector.h"

namespace rondo {

/// Reads tokens in order; what it knows of them is which brackets are open and what the last token was.
class Spacing {
public:
  Spacing(const Source &source, llvm::ArrayRef<Token> tokens) : source(source), tokens(tokens) {}

  /// How many spaces stand before token `i`, if it is not the first on its line. Tokens come in order.
  unsigned before(size_t i);
  /// Round and square brackets open before the next token.
  size_t depth() const { return open.size(); }
  /// A new statement, whatever was left open.
  void restart();

private:
  struct Bracket {
    bool binder = false;  // of `sum(..)`
    bool operand = false; // a binder whose operand follows the bracket
    bool compact = false; // `a[t,s]`: no space behind commas
    bool tight = false;   // `h[t-1]`: none around + - *
  };
  llvm::StringRef text(size_t i) const { return llvm::StringRef(source.text).slice(tokens[i].begin, tokens[i].end); }
  Tok kind(size_t i) const { return i < tokens.size() ? tokens[i].kind : Tok::End; }
  bool endsValue(size_t i) const;
  bool multiple(size_t star) const;
  Bracket subscript(size_t i) const;
  unsigned between(size_t i) const;
  void read(size_t i);

  const Source &source;
  llvm::ArrayRef<Token> tokens;
  llvm::SmallVector<Bracket, 8> open;
  size_t begin = 0;    // first token of the statement
  size_t next = 0;     // not read yet
  Bracket closed;      // the bracket that the last token closed
  bool sign = false;   // the last token was a minus before an operand
  bool inType = false; // behind `:` or `->`, where brackets are shapes
  size_t typeDepth = 0;
};

} // namespace rondo

#endif
