// What is done to the equations of a program after elaboration and before anything is proved about them.
#ifndef RONDO_DSL_TIDY_H
#define RONDO_DSL_TIDY_H

#include "dsl/Equations.h"

namespace rondo::eq {

/// `-1`, `T`, `T + 1`: no array has such a position.
bool isOutside(const Expr *at, const Axis &axis);
/// Boundaries of names become the `outside` of the reads through them.
void bindBoundaries(Program &program);
/// Removes arrays that no result needs.
void dropUnread(Program &program);
/// An array made inside a call has the index variables of the call's place as leading axes; those it does not depend on
/// go. So an encoder called from a decoder's step is computed once.
void dropContext(Program &program);
/// Gives arrays of the same name different ones.
void nameApart(Program &program);

} // namespace rondo::eq

#endif
