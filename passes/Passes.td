// Every pass: its flag, what it is for, its options. The order is in Pipelines.cpp.
#ifndef RONDO_PASSES_TD
#define RONDO_PASSES_TD

include "mlir/Pass/PassBase.td"

class Rondo_Pass<string flag> : Pass<"rondo-" # flag, "::mlir::ModuleOp"> {
  let dependentDialects = ["::rondo::RondoDialect", "::mlir::arith::ArithDialect"];
}

//===--- Algebra: level 1 to level 1 -----------------------------------------------------------------------------===//

def SplitConcat : Rondo_Pass<"split-concat"> {
  let summary = "products of joined values become sums of products";
  let description = [{
    Inside a scan, `contract(W, concat(a, b))` becomes `contract(W', a) + contract(W'', b)` where a recurs and b does
    not, so that the second part can leave.
  }];
}

def Hoist : Rondo_Pass<"hoist"> {
  let summary = "what does not depend on the recurrence leaves the scan";
  let description = [{
    Operations that depend on nothing in the body leave as they are. A product or a fold that depends on no carry and no
    past leaves by add-axis, for all steps at once, and takes the maps and views it needs; a map never leaves alone.
    Slices, carries and results that nothing reads are dropped.
  }];
}

def FuseProducts : Rondo_Pass<"fuse-products"> {
  let summary = "products that share an operand become one";
  let description = [{
    Contracts in one block that read the same value at the same positions, each with another parameter, become one with
    the parameters joined; the results become views of it. Views that a scan runs over move into its body.
  }];
}

def FormFold : Rondo_Pass<"form-fold"> {
  let summary = "values over two sequence axes are enclosed, so that they are never stored";
  let description = [{
    Encloses in a fold each group of operations connected through wide values: values with two sequence axes (axes of
    enclosing scans count). A group stays as it is where a wide value is asked for outside, or where it would need two
    passes over the wide dims (F1). The widest come first; what a grid of the inputs gives at each of its places stands
    in memory and is not wide.
  }];
}

def SumCarries : Rondo_Pass<"sum-carries"> {
  let summary = "what a recurrence adds up over its steps becomes a carry";
  let description = [{
    Each sum of a scan begins as a carry of zeros, to which every step adds.
  }];
}

def Batch : Rondo_Pass<"batch"> {
  let summary = "functions of one example become functions of a ragged batch";
  let description = [{
    Everything that depends on an example gets a leading dim `b`, and its axes become ragged in b. Cells do not.
    In a scan body `b` means the examples that are still within their own length.
  }];
}

//===--- Kernels: level 1 to level 2 -----------------------------------------------------------------------------===//

def FlattenColumns : Rondo_Pass<"flatten-columns"> {
  let summary = "products and the maps on them get one column dim";
  let description = [{
    Heads and their widths become columns; what reads them reads views.
  }];
}

def FormKernels : Rondo_Pass<"form-kernels"> {
  let summary = "every operation gets into a kernel of a known form";
  let description = [{
    Products with a packable weight are kernels, with the maps at their own index as epilogue; scans and folds are
    kernels; what is left stands together where it shares its rows. Views are cloned into the kernels that read them.
    What depends on cells alone goes into one kernel that runs when a model is opened. docs/kernels.md states the forms
    and their schedules.
  }];
  let options = [Option<"recurrences", "recurrences", "std::string", "\"\"",
                        "what threads have of a recurrence of their own: examples, columns; empty: decided by each call">];
}

def Pack : Rondo_Pass<"pack"> {
  let summary = "weights of products become panels of 16 columns";
  let description = [{
    The weight of each product kernel is packed in the load kernel, gate by gate where the kernel has gates, and the
    product reads the pack.
  }];
}

def Outline : Rondo_Pass<"outline"> {
  let summary = "equal kernels share their code";
  let description = [{
    Kernels that differ only in what they capture get the same `rondo.code`.
  }];
}

def PlanMemory : Rondo_Pass<"plan-memory"> {
  let summary = "every value gets a slot of one arena";
  let description = [{
    Slots are affine in the examples, rows of axes and pairs. Values share a slot when one is dead before the other is
    made. `rondo.slots` on operations, `rondo.arena` on functions.
  }];
}

#endif
