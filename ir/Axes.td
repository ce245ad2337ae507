// The encoding of a tensor type: names of its dynamic dimensions.
#ifndef RONDO_IR_AXES_TD
#define RONDO_IR_AXES_TD

include "ir/Dialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/TensorEncoding.td"

def Rondo_AxesAttr : AttrDef<Rondo_Dialect, "Axes", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = "ax";
  let summary = "names the dynamic dimensions of a tensor, in their order";
  let description = [{
    One axis for each dynamic dimension; static dimensions have no name. `t(b)` is ragged in `b`: each index of `b` has
    its own length of `t`. An axis whose length is computed is a length expression over other axes in its normal form,
    in quotes: `"t+2"`, `"2*t"`, `"(t+3) div 4"`.

    - A1: as many axes as dynamic dimensions; a type without these has no encoding.
    - A2: the parent of a ragged axis is `b`, an earlier axis of the same type.
    - A3: a name is an identifier or a length expression in normal form.

    Example: `tensor<?x?x64xf32, #rondo.ax<b, t(b)>>`
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::StringAttr", "axis of each dynamic dimension">:$names,
                        ArrayRefParameter<"::mlir::StringAttr", "axis it is ragged in, or empty">:$parents);
  let hasCustomAssemblyFormat = 1;
  let builders = [
    AttrBuilder<(ins "::llvm::ArrayRef<std::string>":$axes), [{
      // Axes as they are written: "t" or "t(b)".
      ::llvm::SmallVector<::mlir::StringAttr> names, parents;
      for (::llvm::StringRef axis : axes) {
        auto [name, parent] = ::rondo::splitAxis(axis);
        names.push_back(::mlir::StringAttr::get($_ctxt, name));
        parents.push_back(::mlir::StringAttr::get($_ctxt, parent));
      }
      return $_get($_ctxt, names, parents);
    }]>
  ];
}

#endif
