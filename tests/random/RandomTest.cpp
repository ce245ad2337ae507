// What writes random programs and what makes them smaller.
#include "dsl/Compile.h"
#include "tests/random/Program.h"
#include "tests/random/Reduce.h"
#include "llvm/ADT/StringRef.h"
#include "gtest/gtest.h"

using namespace rondo;
using namespace rondo::random_programs;

TEST(RandomPrograms, AreWellTypedAndHaveEachFeatureOftenEnough) {
  unsigned count = 300, with[featureCount] = {};
  for (unsigned seed = 1; seed <= count; ++seed) {
    Program program = generate(seed);
    for (unsigned f = 0; f < featureCount; ++f)
      with[f] += program.features.test(f);
    if (seed % 5)
      continue;
    Compilation compilation("random.rondo", program.text);
    EXPECT_TRUE(compilation.check().ok) << compilation.diagnostics().str() << program.text;
  }
  for (unsigned f = 0; f < featureCount; ++f)
    EXPECT_GE(with[f] * 10, count) << nameOf(static_cast<Feature>(f)).str();
}

TEST(RandomPrograms, AreDecidedByTheirSeed) {
  EXPECT_EQ(generate(7).text, generate(7).text);
  EXPECT_NE(generate(7).text, generate(8).text);
}

TEST(RandomPrograms, HaveWhatIsAskedFor) {
  Features wanted;
  for (const char *name : {"nested-scan", "own-past"})
    wanted.set(static_cast<unsigned>(*featureNamed(name)));
  Program program = generate(1, wanted);
  EXPECT_EQ(program.features & wanted, wanted);
  EXPECT_EQ(featureNamed("nothing of the kind"), std::nullopt);
}

TEST(Reducer, LeavesWhatMakesTheProgramFail) {
  // A compiler that cannot do products of a prefix.
  std::string text = R"(layer unused(E) {
  fn (x: [E]) -> [E] = x
}
model M(E = 5, H = 7) {
  out = linear(E, H)
  param W : [H, E] = glorot
  fn f(x: [T, E], n: int[T]) -> [T, H] {
    y[t,i] = (sum(e | e != 2) W[i,e] * tanh(x[t,e])) + x[t,0]
    p[t in T] = if n[t] > 2 then 1 + (prod(s | s < t and n[s] < 3) (x[s,1] - 0.5)) else 0
    u = y
    for k in 3 { u = out(tanh(x)) + u * k }
    return z[t,i] = u[t,i] * p[t]   where x[_] = 0
  }
  fn g(x: [T, E]) -> [T, H] = out(x)
  export f
  export g
}
)";
  auto fails = [](const std::string &text) {
    Compilation compilation("reduced.rondo", text);
    return compilation.check().ok && text.find("prod(") != std::string::npos && text.find("| ") != std::string::npos;
  };
  ASSERT_TRUE(fails(text));
  Reduction reduction = reduce(text, 5000, fails);
  EXPECT_TRUE(fails(reduction.text));
  EXPECT_LT(reduction.text.size(), 180u) << reduction.text;
  EXPECT_LE(reduction.taken, reduction.tried);
}
