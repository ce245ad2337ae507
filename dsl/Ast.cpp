// How operators and binders are written.
#include "dsl/Ast.h"

#include <iterator>

using namespace rondo::ast;

template <typename Enum, size_t n>
static llvm::StringRef pick(Enum value, const char *const (&names)[n]) {
  return names[static_cast<unsigned>(value)];
}

llvm::StringRef rondo::ast::spelling(BinaryOp op) {
  return pick(op, {"+", "-", "*", "/", "div", "mod", "@", "^", "and", "or"});
}

llvm::StringRef rondo::ast::spelling(CompareOp op) { return pick(op, {"<", "<=", ">", ">=", "==", "!="}); }

llvm::StringRef rondo::ast::spelling(BinderKind kind) {
  return pick(kind, {"sum", "prod", "mean", "max", "min", "logsumexp", "argmax", "softmax", "rank", "categorical",
                     "count", "any", "all"});
}
