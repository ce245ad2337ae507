// The interfaces: Equation, which analyses are written against alone, and Evaluates, the meaning in float64. And the
// arguments that all equations share.
#ifndef RONDO_IR_INTERFACES_TD
#define RONDO_IR_INTERFACES_TD

include "ir/Dialect.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Rondo_Equation : OpInterface<"Equation"> {
  let cppNamespace = "::rondo";
  let description = [{
    An equation over an index domain: result dims first, then reduced dims. Reads are tensors accessed at affine
    positions. Symbols are, in order, the scalars (`size t`, `step t`) and one for each let, an integer tensor read at
    an affine position. A term is absent when an access or a let is out of range (ragged dims: the example's own
    length), or when no clause of `where` holds.

    - E1: one expression for each dimension of what is read, over all dims and symbols.
    - E2: where an expression is a dim alone, the dimension read has the dim's size or axis; a view (a contract of one
      factor that reduces nothing) may read less or more. Dynamic dimensions have axes.
    - E3: expressions are affine with any integer coefficients, `floordiv` and `mod` by positive constants.
    - E4: each reduced dim has a size or an axis; scalars are sizes of axes, or steps of scans around; `where` is a union
      of sets over the dims and symbols.
    - E5: lets are i32 tensors, read at dims, scalars and earlier lets.
  }];
  let methods = [
    InterfaceMethod<"The tensors read.", "::mlir::OperandRange", "getReads">,
    InterfaceMethod<"The integer tensors whose elements are symbols.", "::mlir::OperandRange", "getLets">,
    InterfaceMethod<"One map for each read.", "::mlir::ArrayAttr", "getReadMaps">,
    InterfaceMethod<"One map for each let.", "::mlir::ArrayAttr", "getLetMaps">,
    InterfaceMethod<"The first symbols: strings \"size t\" or \"step t\".", "::mlir::ArrayAttr", "getScalars">,
    InterfaceMethod<"One integer or axis name for each reduced dim.", "::mlir::ArrayAttr", "getExtents">,
    InterfaceMethod<"Integer sets; empty is true.", "::mlir::ArrayAttr", "getWhere">,
    InterfaceMethod<[{
      The same kind of operation at the builder's place, from other parts; what is not among the parts (how a reduce
      reduces, a map's region, other attributes) is copied.
    }], "::mlir::Operation *", "rebuild",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc, "const ::rondo::EquationParts &":$parts)>,
  ];
  let extraClassDeclaration = [{
    /// The type whose dims are the result dims.
    ::mlir::RankedTensorType getDomainType();
    unsigned getNumResultDims();
    unsigned getNumReducedDims();
    unsigned getNumDims() { return getNumResultDims() + getNumReducedDims(); }
    unsigned getNumScalars();
    unsigned getNumSymbols();
    ::mlir::AffineMap getReadMap(unsigned read);
    ::mlir::AffineMap getLetMap(unsigned let);
    ::llvm::SmallVector<::mlir::IntegerSet> getClauses();
    /// Size of a dim (result or reduced); dynamic where it ranges over an axis.
    int64_t getDimSize(unsigned dim);
    /// Axis of a dim, empty where the dim is static.
    ::llvm::StringRef getDimAxis(unsigned dim);
    /// Everything that `rebuild` takes.
    ::rondo::EquationParts getParts();
  }];
}

def Rondo_Evaluates : OpInterface<"Evaluates"> {
  let cppNamespace = "::rondo";
  let description = [{ The meaning of an operation: its results in float64, with error scales. }];
  let methods = [
    InterfaceMethod<"Reads operands from the frame and sets results; fails with a diagnostic.",
      "::llvm::LogicalResult", "evaluate", (ins "::rondo::Frame &":$frame)>,
  ];
}

class Rondo_EquationOp<string mnemonic, list<Trait> traits = []>
    : Rondo_Op<mnemonic, traits # [AttrSizedOperandSegments, Rondo_Equation, DeclareOpInterfaceMethods<Rondo_Evaluates>]> {
  dag equationArguments = (ins Variadic<AnyRankedTensor>:$reads, Variadic<AnyRankedTensor>:$lets,
                               AffineMapArrayAttr:$read_maps, AffineMapArrayAttr:$let_maps, StrArrayAttr:$scalars,
                               ArrayAttr:$extents, ArrayAttr:$where);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  string equationDeclaration = [{
    ::mlir::Operation *rebuild(::mlir::OpBuilder &builder, ::mlir::Location loc, const ::rondo::EquationParts &parts);
  }];
  let extraClassDeclaration = equationDeclaration;
}

#endif
