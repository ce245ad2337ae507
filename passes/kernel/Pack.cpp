// The weights of products, as panels of 16 columns, made once when a model is opened.
//
//   before  kernel "load" { %w = read @W ; yield %w }
//           kernel "product" {gates = 1, ..} {
//             %y = contract (b, t, j | e) %w[j, e] * %x[b, t, e] .. }
//
//   after   kernel "load" { %w = read @W ; %p = pack %w gates 1 ; yield %p }
//           kernel "product" {gates = 1, ..} {
//             %y = contract (b, t, j | e) %x[b, t, e] * %p[j floordiv 16, e, j mod 16] .. }
//
// With G gates of width H: panel (j mod H) floordiv 16 * G + j floordiv H, lane (j mod H) mod 16. Several reduced dims
// are one key: k0 * K1 + k1. A weight of another shape or order is brought to N x K by a view before the pack.
// Precondition: kernels formed; the weight of a product kernel is one of its load kernel. Postcondition: the root of
// each product kernel reads rows, then a pack.
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/algebra/Support.h"
#include "passes/kernel/ProductShape.h"

namespace rondo {
#define GEN_PASS_DEF_PACK
#include "passes/Passes.h.inc"
} // namespace rondo

using namespace mlir;
using namespace rondo;

namespace {
class Packer {
public:
  explicit Packer(func::FuncOp func) : func(func), builder(func.getContext()) {}

  LogicalResult run() {
    for (auto kernel : func.getOps<KernelOp>())
      if (kernel.getForm() == "load")
        load = kernel;
    if (!load)
      return success();
    SmallVector<KernelOp> products;
    func.walk([&](KernelOp kernel) {
      if (kernel.getForm() == "product")
        products.push_back(kernel);
    });
    LogicalResult done = success();
    for (KernelOp product : products)
      if (failed(done = pack(product)))
        break;
    rebuildLoad(); // also where one failed: nothing stands for a pack any more
    return done;
  }

private:
  /// The value inside the load kernel that a result of it is.
  Value inside(Value value) {
    auto result = dyn_cast<OpResult>(value);
    return result && result.getOwner() == load.getOperation()
               ? load.getBlock().getTerminator()->getOperand(result.getResultNumber())
               : Value();
  }

  LogicalResult pack(KernelOp kernel) {
    auto root = dyn_cast<ContractOp>(kernel.getBlock().front());
    auto gatesAttr = kernel.getSchedule().getAs<IntegerAttr>("gates");
    if (!root || root.getReads().size() != 2 || !gatesAttr)
      return success();
    auto equation = cast<Equation>(root.getOperation());
    int64_t gates = gatesAttr.getInt();
    unsigned column = equation.getNumResultDims() - 1;
    for (unsigned weight : {0u, 1u}) {
      Value read = root.getReads()[weight], source = inside(read);
      if (!source || source.getDefiningOp<PackOp>() || !equation.getReadMap(weight).isFunctionOfDim(column))
        continue;
      std::string why;
      auto shape = ProductShape::of(root, {read}, &why);
      if (!shape || !shape->isFlat())
        return root.emitOpError("is the root of a product kernel, but ") << (shape ? "has no columns last" : why);
      if (gates < 1 || shape->width % gates)
        return kernel.emitOpError() << "has " << gates << " gates, which do not divide its " << shape->width
                                    << " columns";
      int64_t columns = shape->width;
      Value packed = packedOf(source, equation, weight, columns, shape->depth, gates);

      EquationParts parts = equation.getParts();
      AffineExpr j = builder.getAffineDimExpr(column), key = builder.getAffineConstantExpr(0);
      for (unsigned dim = column + 1; dim < equation.getNumDims(); ++dim)
        key = key * equation.getDimSize(dim) + builder.getAffineDimExpr(dim);
      int64_t width = columns / gates;
      AffineExpr unit = gates == 1 ? j : j % width;
      AffineExpr panel = unit.floorDiv(16) * gates;
      if (gates > 1)
        panel = panel + j.floorDiv(width);
      parts.reads = {root.getReads()[1 - weight], placeholderOf(packed)};
      parts.readMaps = {parts.readMaps[1 - weight], AffineMap::get(parts.getNumDims(), parts.getNumSymbols(),
                                                                   {panel, key, unit % 16}, builder.getContext())};
      builder.setInsertionPoint(root);
      Operation *made = equation.rebuild(builder, root.getLoc(), parts);
      root.replaceAllUsesWith(made->getResult(0));
      root.erase();
      break;
    }
    return success();
  }

  /// The pack of a weight as N x K, made in the load kernel; equal packs are one.
  Value packedOf(Value source, Equation equation, unsigned weight, int64_t columns, int64_t depth, int64_t gates) {
    AffineMap map = equation.getReadMap(weight);
    unsigned column = equation.getNumResultDims() - 1;
    builder.setInsertionPoint(load.getBlock().getTerminator());
    // Place by place of the weight: which index of (column, key) it is.
    SmallVector<AffineExpr> exprs;
    for (AffineExpr expr : map.getResults()) {
      unsigned dim = *pureDim(expr);
      if (dim == column) {
        exprs.push_back(builder.getAffineDimExpr(0));
        continue;
      }
      int64_t stride = 1;
      for (unsigned inner = dim + 1; inner < equation.getNumDims(); ++inner)
        stride *= equation.getDimSize(inner);
      AffineExpr part = stride == 1 ? builder.getAffineDimExpr(1) : builder.getAffineDimExpr(1).floorDiv(stride);
      exprs.push_back(dim == column + 1 ? part : part % equation.getDimSize(dim));
    }
    AffineMap access = AffineMap::get(2, 0, exprs, builder.getContext());
    auto &done = packs[{source, AffineMapAttr::get(access), gates}];
    if (done)
      return done;
    Value matrix = source;
    if (!access.isIdentity()) {
      EquationParts view;
      view.results = {makeType({columns, depth}, {}, builder.getF32Type())};
      view.read(source, access);
      matrix = ContractOp::create(builder, source.getLoc(), view);
    }
    done = PackOp::create(builder, source.getLoc(), matrix, gates);
    return done;
  }

  /// Inside kernels the pack is read as a result of the load kernel, which there is only when all packs are known:
  /// until then a cast stands for it.
  Value placeholderOf(Value packed) {
    auto &placeholder = placeholders[packed];
    if (!placeholder) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointAfter(load);
      placeholder =
          UnrealizedConversionCastOp::create(builder, packed.getLoc(), packed.getType(), ValueRange()).getResult(0);
    }
    return placeholder;
  }

  /// The load kernel with the packs among its results, and without results that nothing reads any more.
  void rebuildLoad() {
    Operation *yield = load.getBlock().getTerminator();
    SmallVector<Value> yielded, outside;
    for (auto [value, result] : llvm::zip(yield->getOperands(), load.getResults())) {
      if (result.use_empty())
        continue;
      yielded.push_back(value);
      outside.push_back(result);
    }
    for (auto [packed, placeholder] : placeholders) {
      yielded.push_back(packed);
      outside.push_back(placeholder);
    }
    builder.setInsertionPoint(load);
    auto made =
        KernelOp::create(builder, load.getLoc(), ValueRange(yielded).getTypes(), load.getForm(), load.getSchedule());
    made.getBody().takeBody(load.getBody());
    yield->setOperands(yielded);
    for (auto [before, after] : llvm::zip(outside, made.getResults()))
      before.replaceAllUsesWith(after);
    for (auto [packed, placeholder] : placeholders)
      placeholder.getDefiningOp()->erase();
    load.erase();
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(made.getBlock())))
      if (!op.hasTrait<OpTrait::IsTerminator>() && op.use_empty())
        op.erase();
    int64_t bytes = 0;
    for (auto pack : made.getBlock().getOps<PackOp>())
      bytes += 4 * cast<RankedTensorType>(pack.getType()).getNumElements();
    if (bytes)
      did(func.getLoc(), "pack", "weights packed when the model is opened", {{"bytes", bytes}});
  }

  func::FuncOp func;
  OpBuilder builder;
  KernelOp load;
  llvm::DenseMap<std::tuple<Value, Attribute, int64_t>, Value> packs;
  llvm::MapVector<Value, Value> placeholders;
};

struct PackPass : rondo::impl::PackBase<PackPass> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (!func.isExternal() && failed(Packer(func).run()))
        return signalPassFailure();
  }
};
} // namespace
