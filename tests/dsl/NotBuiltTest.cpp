// What docs/language.md lists as not built yet: a file that has it is accepted, the export that uses it is left out
// with the reason and the place, and the other export is built.
#include "dsl/Compile.h"

#include "mlir/IR/MLIRContext.h"

#include "llvm/ADT/StringRef.h"
#include "gtest/gtest.h"

using namespace rondo;
using llvm::StringRef;

namespace {

struct Case {
  const char *name, *members, *body, *exported, *reason;
  unsigned line;
};

const Case cases[] = {
    {"Bernoulli", "", "y[t] ~ bernoulli(0.5)", "f", "draws", 4},
    {"Normal", "", "y[t in T] ~ normal(0, 1)", "f", "draws", 4},
    {"Categorical", "", "y[t in T] = categorical(s) x[s]", "f", "draws", 4},
    {"Batch", "", "y[t] = x[t] - mean(batch, s) x[s]", "f", "batch", 4},
    {"Training", "", "y = if training then x else 2 * x", "f", "training", 4},
    {"State", "state mu : [] = 0", "y[t] = x[t] - mu", "f", "state", 4},
    {"Update", "state mu : [] = 0", "y = x\n    update mu = 0.9 * mu", "f", "update", 5},
    {"Setting", "setting beta = 1.0", "y[t] = beta * x[t]", "f", "settings", 4},
    {"Stream", "", "y = x", "next = stream f over T", "`stream` exports", 8},
    {"Train", "", "y = x", "fit = train f", "`train` exports", 8},
    {"EarlierSteps", "",
     "y[t] = c[t,t]   where c[_, _] = 0\n    c[t in T,s] = x[s] * c[t, s-1] + sum(u | u < t) c[u,s]", "f", "earlier",
     5},
};

class NotBuilt : public testing::TestWithParam<Case> {};

TEST_P(NotBuilt, IsLeftOutWithItsReason) {
  const Case &c = GetParam();
  std::string text = std::string("model M() {\n  ") + c.members + "\n  fn f(x: [T]) -> [T] {\n    " + c.body +
                     "\n    return y\n  }\n  fn other(x: [T]) -> [T] = 2 * x\n  export " + c.exported +
                     "\n  export other\n}\n";
  Compilation compilation("test.rondo", text);
  const CheckResult &result = compilation.check();
  EXPECT_TRUE(result.ok) << compilation.diagnostics().str();
  ASSERT_EQ(result.exports.size(), 2u);
  const ExportInfo &left = result.exports[0];
  EXPECT_FALSE(left.built);
  EXPECT_TRUE(StringRef(left.reason).starts_with("not built yet: ")) << left.reason;
  EXPECT_TRUE(StringRef(left.reason).contains(c.reason)) << left.reason;
  EXPECT_EQ(left.reasonRange.line(), c.line);
  EXPECT_TRUE(result.exports[1].built);
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = compilation.lower(context);
  ASSERT_TRUE(module);
  EXPECT_TRUE(module->lookupSymbol("other"));
}

INSTANTIATE_TEST_SUITE_P(All, NotBuilt, testing::ValuesIn(cases),
                         [](const testing::TestParamInfo<Case> &info) { return info.param.name; });

} // namespace
