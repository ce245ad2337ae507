// What passes and the front end build with: axes, equation parts, proofs.
#include "ir/Predicate.h"
#include "tests/ir/Run.h"

using namespace mlir;
using namespace rondo;
using namespace rondo::test;

TEST(Axes, LengthExpressionsHaveANormalForm) {
  EXPECT_EQ(normalAxis("t"), "t");
  EXPECT_EQ(normalAxis("2 + t"), "t+2");
  EXPECT_EQ(normalAxis("t + s - t + 3 - 3"), "s");
  EXPECT_EQ(normalAxis("t*2 + t"), "3*t");
  EXPECT_EQ(normalAxis("(t + 3) div 4 + 1"), "(t+3) div 4+1");
  EXPECT_EQ(normalAxis("t div 4"), "t div 4");
  EXPECT_EQ(normalAxis("2*(t div 4)"), "2*(t div 4)");
  EXPECT_EQ(normalAxis("7 div 2"), "3");
  for (const char *bad : {"", "t +", "t*s", "t div 0", "t div s", "(t", "t u"})
    EXPECT_EQ(normalAxis(bad), "") << bad;
  EXPECT_EQ(axisSum({"t", "2", "s"}), "s+t+2");
  auto lengthOf = [](StringRef axis) -> std::optional<int64_t> {
    return axis == "t" ? std::optional<int64_t>(9) : std::nullopt;
  };
  EXPECT_EQ(axisLength("(t+3) div 4+1", lengthOf), 4);
  EXPECT_EQ(axisLength("2*(t div 4)", lengthOf), 4);
  EXPECT_EQ(axisLength("t+s", lengthOf), std::nullopt);
}

TEST(Axes, ParenthesesHaveADeepest) {
  auto nested = [](unsigned depth) { return std::string(depth, '(') + "t" + std::string(depth, ')'); };
  EXPECT_EQ(normalAxis(nested(256)), "t");
  EXPECT_EQ(normalAxis(nested(1000000)), "");
}

TEST(Axes, TypesGainAndLoseDims) {
  Program program("");
  Builder builder(&program.context);
  auto type = makeType({ShapedType::kDynamic, 8}, {"t"}, builder.getF32Type());
  auto batched = insertDim(insertDim(dropDim(type, 0), 0, 0, "b"), 1, 0, "t(b)");
  EXPECT_EQ(axisText(batched, 1), "t(b)");
  EXPECT_EQ(axisOf(batched, 0), "b");
  EXPECT_TRUE(isRagged(batched, 1));
  EXPECT_EQ(insertDim(dropDim(batched, 1), 2, 4).getShape(), ArrayRef<int64_t>({ShapedType::kDynamic, 8, 4}));
  EXPECT_EQ(dimOfAxis(batched, "t"), 1u);
  EXPECT_EQ(splitAxis("(t+3) div 4").first, "(t+3) div 4");
  EXPECT_EQ(splitAxis("2*(t div 4)").second, "");
  for (StringRef axis : {"t+2(b)", "(t+3) div 4(b)", "2*(t div 4)(b)"})
    EXPECT_EQ(splitAxis(axis).second, "b") << axis.str();
}

/// The operation of the given kind, alone in its function.
template <typename Op>
static Op only(Program &program) {
  Op found;
  program.module->walk([&](Op op) { found = op; });
  return found;
}

TEST(Parts, OneSpellingForOneCondition) {
  Program program("");
  MLIRContext *context = &program.context;
  AffineExpr i = getAffineDimExpr(0, context), j = getAffineDimExpr(1, context);
  auto set = [&](ArrayRef<AffineExpr> exprs, bool equality = false) {
    return IntegerSet::get(2, 0, exprs, SmallVector<bool>(exprs.size(), equality));
  };
  EXPECT_EQ(normalWhere({set({i - j, j + 3 - i})}, 2, 0), normalWhere({set({j - i + 3, i - j, i - j})}, 2, 0));
  EXPECT_EQ(normalWhere({set({i - j}, true)}, 2, 0), normalWhere({set({j - i}, true)}, 2, 0));
  EXPECT_TRUE(normalWhere({set({i - j}), set({getAffineConstantExpr(0, context)})}, 2, 0).empty()); // one holds always
  auto never = normalWhere({set({getAffineConstantExpr(-1, context)})}, 2, 0);
  ASSERT_EQ(never.size(), 1u);
  EXPECT_TRUE(isNever(never[0]));
}

TEST(Predicate, ProvesOverThePresentTerms) {
  Program program(R"mlir(func.func @f(%x: tensor<?xf32, #rondo.ax<t>>) -> tensor<?xf32, #rondo.ax<t>> {
    %y = rondo.contract (i | r in t) let (n = size t) %x[r] where (r <= i and i <= r + 3) or (r <= 1 and r <= i) : (tensor<?xf32, #rondo.ax<t>>) -> tensor<?xf32, #rondo.ax<t>>
    return %y : tensor<?xf32, #rondo.ax<t>> })mlir");
  auto equation = cast<Equation>(only<ContractOp>(program).getOperation());
  AffineExpr i = getAffineDimExpr(0, &program.context), r = getAffineDimExpr(1, &program.context);
  AffineExpr n = getAffineSymbolExpr(0, &program.context);
  EXPECT_TRUE(holdsWherePresent(equation, i - r));      // causal
  EXPECT_TRUE(holdsWherePresent(equation, n - 1 - r));  // within the axis
  EXPECT_FALSE(holdsWherePresent(equation, r + 3 - i)); // the second clause reaches far back
  EXPECT_FALSE(holdsWherePresent(equation, r - 1));
}
