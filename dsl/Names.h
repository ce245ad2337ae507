// Every name of a file against what is there, before any size or axis is looked at.
#ifndef RONDO_DSL_NAMES_H
#define RONDO_DSL_NAMES_H

#include "dsl/Ast.h"
#include "dsl/Diagnostics.h"

namespace rondo::eq {

/// Checks the last of the files; the others (the standard library) only define. False if anything was reported.
bool checkNames(llvm::ArrayRef<const ast::File *> files, Diagnostics &diagnostics);

} // namespace rondo::eq

#endif
