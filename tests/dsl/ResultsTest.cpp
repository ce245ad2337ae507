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
