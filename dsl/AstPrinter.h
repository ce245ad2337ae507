// A syntax tree as text in one form: every operation in parentheses, every bound and range where it was read. For tests
// and for looking at what the parser understood (`--emit=ast`).
#ifndef RONDO_DSL_ASTPRINTER_H
#define RONDO_DSL_ASTPRINTER_H

#include "dsl/Ast.h"

namespace llvm {
class raw_ostream;
}

namespace rondo {

void print(llvm::raw_ostream &os, const ast::File &file);
void print(llvm::raw_ostream &os, const ast::Expr &expr);
std::string str(const ast::File &file);
std::string str(const ast::Expr &expr);

} // namespace rondo

#endif
