// Source text to a syntax tree, for the grammar of docs/language.md.
#ifndef RONDO_DSL_PARSER_H
#define RONDO_DSL_PARSER_H

#include "dsl/Ast.h"
#include "dsl/Diagnostics.h"

#include <memory>

namespace rondo {

/// Never null. If errors were reported the tree holds what could be read, and later steps should not run on it.
/// `source` must outlive the tree.
std::unique_ptr<ast::Ast> parse(const Source &source, Diagnostics &diagnostics);

} // namespace rondo

#endif
