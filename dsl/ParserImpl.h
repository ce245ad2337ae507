// The recursive-descent parser: one method for each production, in Parse{Declarations,Statements,Expressions}.cpp.
// A method that fails has reported why and returns null (or false); the statement, member or declaration it belongs to
// is dropped and reading resumes behind it, so that one mistake gives one message.
#ifndef RONDO_DSL_PARSERIMPL_H
#define RONDO_DSL_PARSERIMPL_H

#include "dsl/Lexer.h"
#include "dsl/Parser.h"

#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace rondo {

class Parser {
public:
  Parser(const Source &source, Diagnostics &diagnostics);
  std::unique_ptr<ast::Ast> run();

private:
  template <typename T>
  using List = llvm::SmallVector<T, 4>;

  // Declarations.
  void file();
  ast::LayerDecl *layer();
  bool sizes(List<ast::Size> &sizes);
  void members(ast::LayerDecl *layer);
  ast::Member *member(bool inModel);
  ast::Member *cell(ast::CellKind kind);
  ast::Member *bind();
  ast::Member *exportDecl();
  ast::FnDecl *fn();
  bool arg(ast::Arg &arg);
  bool type(ast::Type &type);
  bool axis(ast::Axis &axis);

  // Statements.
  bool block(llvm::ArrayRef<ast::Stmt *> &body, llvm::StringRef of);
  ast::Stmt *stmt();
  ast::Stmt *define();
  ast::Stmt *forStmt();
  ast::Stmt *returnStmt();
  bool target(ast::Target &target);
  bool bounds(llvm::ArrayRef<ast::Bound> &bounds);
  bool values(llvm::ArrayRef<ast::Expr *> &values);
  bool endStatement(llvm::StringRef what);

  // Expressions.
  ast::Expr *expr();
  ast::Expr *disjunction();
  ast::Expr *conjunction();
  ast::Expr *negation();
  ast::Expr *comparison();
  ast::Expr *sum();
  ast::Expr *term();
  ast::Expr *unary();
  ast::Expr *dot();
  ast::Expr *power();
  ast::Expr *post();
  ast::Expr *atom();
  ast::Expr *binder();
  ast::Expr *list();
  bool over(List<ast::Index> &indices, ast::Expr *&condition, ast::BinderKind kind);
  bool index(ast::Index &index);
  bool range(ast::IndexRange &range);
  template <typename Node, typename... Args>
  ast::Expr *make(Range range, std::initializer_list<ast::Expr *> children, Args &&...args);
  template <typename Node, typename... Args>
  ast::Expr *makeOf(Range range, unsigned below, Args &&...args);

  // Tokens. Inside round and square brackets (`depth`) a new line means nothing; elsewhere it ends a statement unless
  // the line before ends with, or this one begins with, an operator.
  const Token &tok(unsigned ahead = 0) const { return tokens[std::min<size_t>(pos + ahead, tokens.size() - 1)]; }
  bool is(Tok kind, unsigned ahead = 0) const { return tok(ahead).kind == kind; }
  bool isWord(llvm::StringRef word, unsigned ahead = 0) const;
  llvm::StringRef text(const Token &t) const { return llvm::StringRef(source.text).slice(t.begin, t.end); }
  bool atEnd() const;
  /// Is the next token `kind`, and on this line?
  bool sees(Tok kind) const { return is(kind) && !atEnd(); }
  void next() { pos += pos + 1 < tokens.size(); }
  bool take(Tok kind);
  bool expect(Tok kind, llvm::StringRef after);
  bool name(ast::Name &name, llvm::StringRef what);
  /// Opens and closes brackets; `open` is remembered for messages about the missing end.
  void open() { ++depth, next(); }
  bool close(Tok kind, const Token &opened, llvm::StringRef expected);

  /// Whether the block opened by `brace` was left open: what stands at the start of this line belongs further out.
  bool outdented(const Token &brace) const;
  void missingBrace(const Token &brace, llvm::StringRef of);

  Range here() const; // the next token, or the end of the line before it
  Range at(const Token &t) const { return {&source, t.begin, t.end}; }
  Range from(uint32_t begin) const { return {&source, begin, pos ? tokens[pos - 1].end : begin}; }
  std::string found() const;
  /// Null if the place was already reported (directly or by the lexer): the caller then only gives up.
  Diagnostic *error(const char *code, Range range, std::string message);
  Diagnostic *expected(llvm::StringRef what);
  llvm::StringRef wordOfCall() const;
  // Later steps walk trees recursively; a bound on their height here is a bound on every stack.
  static constexpr unsigned maxHeight = 256;
  void tooDeep(Range range);
  void hint(Diagnostic *d);

  // Recovery.
  void skipStatement(size_t start);
  bool skipToBody(size_t start);
  bool looksLikeStatement(size_t i) const;
  bool looksLikeTarget(size_t i, bool draws) const;
  bool declares(size_t i) const;
  bool full() const { return reported >= maxErrors; }

  const Source &source;
  Diagnostics &diagnostics;
  std::vector<Token> tokens;
  std::vector<uint32_t> lexErrors;
  std::unique_ptr<ast::Ast> ast;
  size_t pos = 0;
  llvm::SmallVector<llvm::StringRef, 2> misnamed; // reserved words that were reported as names: their uses are no news
  size_t glued = ~size_t(0);                      // a token that may begin on a new line: the operand of a binder
  size_t statement = 0;                           // first token of the statement being read
  unsigned depth = 0;                             // of round and square brackets
  unsigned nesting = 0;                           // of expressions and blocks
  size_t exprStart = ~size_t(0);                  // first token of the innermost expression
  size_t lastError = ~size_t(0);                  // token at which an error was reported last
  bool strayed = false; // the member before this one was an equation outside a fn: one mistake, one message
  unsigned reported = 0;
};

} // namespace rondo

#endif
