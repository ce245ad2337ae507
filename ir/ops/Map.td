// map: scalars for each index, and the operations that only live in its region.
#ifndef RONDO_IR_OPS_MAP_TD
#define RONDO_IR_OPS_MAP_TD

include "ir/Interfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Rondo_MapOp : Rondo_EquationOp<"map", [IsolatedFromAbove, RecursiveMemoryEffects,
                                           SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "a scalar region for each index of the results";
  let description = [{
    The region gets the scalars read and yields one scalar for each result. Where a term is absent the results are 0 and
    the region is not evaluated, so that a guard stays with what it guards.

    - C1: reads are projected permutations of the dims; nothing is reduced.
    - C2: all results have one domain; the region yields their element types; elements are f32, i32 or i1.
    - C3: the region holds arith and math scalars of the table in `ir/Scalars.cpp`, `index`, `length` and `step` only.

    Example: `%a = rondo.map (i, j) %x[i, j], %c[j] : (tensor<?x8xf32, #rondo.ax<t>>, tensor<8xf32>) ->
    (tensor<?x8xf32, #rondo.ax<t>>) { ^bb0(%p: f32, %q: f32): ... rondo.yield %r : f32 }`
  }];
  let arguments = equationArguments;
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasRegionVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "const ::rondo::EquationParts &":$parts, "::rondo::MapBody":$body)>];
  let extraClassDeclaration = equationDeclaration # [{
    /// Builds a map without filling its region; the region has one block with an argument for each read.
    static MapOp createEmpty(::mlir::OpBuilder &builder, ::mlir::Location loc, const ::rondo::EquationParts &parts);
    ::mlir::Block &getBlock() { return getBody().front(); }
  }];
}

def Rondo_IndexOp : Rondo_Op<"index", [Pure, HasParent<"MapOp">]> {
  let summary = "the index along a dim of the enclosing map";
  let description = [{
    - C1: the dim is one of the map's.

    Example: `%i = rondo.index 1`
  }];
  let arguments = (ins I64Attr:$dim);
  let results = (outs Index:$result);
  let assemblyFormat = "$dim attr-dict";
  let hasVerifier = 1;
}

def Rondo_LengthOp : Rondo_Op<"length", [Pure, HasParent<"MapOp">]> {
  let summary = "the example's own length of an axis";
  let description = [{
    Example: `%n = rondo.length "t"`
  }];
  let arguments = (ins StrAttr:$axis);
  let results = (outs Index:$result);
  let assemblyFormat = "$axis attr-dict";
}

def Rondo_StepOp : Rondo_Op<"step", [Pure, HasParent<"MapOp">]> {
  let summary = "the current step of the enclosing scan over an axis";
  let description = [{
    - C1: the map stands in a scan over the axis.

    Example: `%t = rondo.step "t"`
  }];
  let arguments = (ins StrAttr:$axis);
  let results = (outs Index:$result);
  let assemblyFormat = "$axis attr-dict";
  let hasVerifier = 1;
}

def Rondo_YieldOp : Rondo_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "what a region gives back";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
}

#endif
