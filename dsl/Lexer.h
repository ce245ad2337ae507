// Source text to tokens. All of a file at once, so that the parser may look ahead as far as it likes.
#ifndef RONDO_DSL_LEXER_H
#define RONDO_DSL_LEXER_H

#include "dsl/Ast.h"
#include "dsl/Diagnostics.h"

namespace rondo {

enum class Tok {
  End,
  Name,
  Number,
  Underscore,
  // Reserved words. The words of declarations (layer, param, export ..) are names here: the parser knows their places.
  Fn,
  For,
  In,
  If,
  Then,
  Else,
  And,
  Or,
  Not,
  Where,
  Return,
  Div,
  Mod,
  Binder,
  // Signs.
  LParen,
  RParen,
  LBracket,
  RBracket,
  LBrace,
  RBrace,
  Comma,
  Colon,
  Dot,
  DotDot,
  Arrow,
  Equal,
  Tilde,
  Plus,
  Minus,
  Star,
  Slash,
  At,
  Caret,
  Lt,
  Le,
  Gt,
  Ge,
  EqEq,
  NotEq,
  Bar,
};

/// After so many mistakes a file is probably no Rondo source at all, and reading stops.
constexpr unsigned maxErrors = 20;

/// As it is written, for messages.
llvm::StringRef spelling(Tok kind);

struct Token {
  Tok kind = Tok::End;
  bool startsLine = false;     // first on its line
  ast::BinderKind binder = {}; // of a Binder
  uint32_t begin = 0, end = 0;
};

struct Tokens {
  std::vector<Token> list;      // the last is End
  std::vector<uint32_t> errors; // where a mistake was reported, ascending: the parser then keeps silent about the line
};

Tokens lex(const Source &source, Diagnostics &diagnostics);

} // namespace rondo

#endif
