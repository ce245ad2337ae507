// What an exported fn returns has the axes its signature and its last equation say.
#include "Compiled.h"

using namespace rondo;
using namespace rondo::test;

TEST(Results, APartOfAnArrayIsNotTheArray) {
  Compiled c(R"(model M() {
  fn part(x: [T, 5]) -> [T, 3] {
    w[t, j] = 2 * x[t, j]
    return y[t, j in 3] = w[t, j]
  }
  fn start(x: [T, 5]) -> [U, 5] {
    axis U = T div 2
    w[t, j] = 2 * x[t, j]
    return y[u in U, j] = w[u, j]
  }
  export part
  export start
}
)");
  ASSERT_TRUE(c.ok());
  Tensor x = random({7, 5});
  for (auto [name, rows, columns] : {std::tuple("part", 7, 3), {"start", 3, 5}}) {
    Tensor y = c.run(name, {x})[0];
    ASSERT_EQ(y.size(), rows * columns);
    expectEach(y, [&](auto at) { return 2 * x.data[at[0] * 5 + at[1]]; });
  }
}

TEST(Results, EachHasANameOfItsOwn) {
  Compiled c(model(R"(  fn f(x: [T]) -> ([T], [T], [T]) {
    return f1[t] = x[t] + 1, x, f2[t] = x[t] + 2
  }
  export f
)"));
  ASSERT_TRUE(c.ok());
  auto func = c.module->lookupSymbol<mlir::func::FuncOp>("f");
  std::vector<std::string> names;
  for (unsigned i = 0; i < func.getNumResults(); ++i)
    names.push_back(func.getResultAttrOfType<mlir::StringAttr>(i, "rondo.name").str());
  EXPECT_EQ(names, (std::vector<std::string>{"f1", "f1_", "f2"}));
}

/// What is said when sizes come from outside.
static std::string saidWith(std::vector<SizeOverride> sizes) {
  Compilation compilation("m.rondo",
                          "model M(V = vocab(10, end = 9), leak = 1) {\n"
                          "  fn f(n: token(V)) -> bool = n == V.end\n  export f\n}\n",
                          std::move(sizes));
  EXPECT_EQ(compilation.check().ok, compilation.diagnostics().empty());
  return compilation.diagnostics().str();
}

TEST(Results, SizesFromOutside) {
  auto says = [](std::vector<SizeOverride> sizes, const char *message) {
    std::string said = saidWith(std::move(sizes));
    EXPECT_NE(said.find(message), std::string::npos) << said;
  };
  EXPECT_EQ(saidWith({{"V", 20}}), "");
  says({{"V", 5}}, "`end` is not below the size 5");
  says({{"V", 20}, {"V", 30}}, "`V` is given twice");
  says({{"leak", INFINITY}}, "`leak` is given no number");
  says({{"V", 1e20}}, "error[R0504]");
}

/// Each reads all: what is not known of one while another is looked at is not looked for again.
TEST(Results, ManyStatesThatReadEachOther) {
  std::string body = "  fn f(x: [T]) -> [T] {\n", sum;
  for (char name = 'a'; name < 's'; ++name)
    sum += std::string(sum.empty() ? "" : " + ") + name + "[t-1]";
  for (char name = 'a'; name < 's'; ++name)
    body += std::string("    ") + name + "[t in T] = x[t] * (" + sum + ")   where " + name + "[-1] = 1\n";
  Compiled c(model(body + "    return a\n  }\n  export f\n"));
  ASSERT_TRUE(c.ok());
  Tensor y = c.run("f", {tokens({1, 2})})[0];
  EXPECT_EQ(y.data, (std::vector<double>{18, 648}));
}

/// Named integers are read in place; not where that doubles what is written at each name.
TEST(Results, IntegersOfIntegers) {
  std::string body = "  fn f(n: int) -> int {\n    a0 = n\n";
  for (int i = 1; i <= 40; ++i)
    body += "    a" + std::to_string(i) + " = (a" + std::to_string(i - 1) + " * 2 + a" + std::to_string(i - 1) +
            ") mod 7\n";
  Compiled c(model(body + "    return a40\n  }\n  export f\n"));
  ASSERT_TRUE(c.ok());
  EXPECT_EQ(c.run("f", {{{}, {2}, {}}})[0].data[0], 1); // 2 * 3^40 mod 7
}

TEST(Results, LayersInLayersHaveAnEnd) {
  std::string source = "layer L0() { fn (x: [T]) -> [T] = x }\n";
  for (int i = 1; i <= 4000; ++i)
    source += "layer L" + std::to_string(i) + "() {\n  a = L" + std::to_string(i - 1) + "()\n}\n";
  Compilation compilation("m.rondo", source + model("  m = L4000()\n"));
  EXPECT_FALSE(compilation.check().ok);
  EXPECT_NE(compilation.diagnostics().str().find("nested more than 256 deep"), std::string::npos);
}
