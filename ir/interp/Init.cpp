// Values for cells: a counter-based generator of (seed, name), and the initialisers.
#include "ir/interp/Init.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace mlir;
using namespace rondo;

namespace {

/// SplitMix64 of a counter, so that the nth number does not depend on how many were drawn before.
class Random {
public:
  Random(uint64_t seed, StringRef name) : state(mix(seed)) {
    for (unsigned char letter : name)
      state = mix(state ^ letter);
  }
  /// In (0, 1).
  double uniform() { return (static_cast<double>(mix(state + counter++) >> 11) + 0.5) * 0x1p-53; }
  double normal() {
    double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * M_PI * uniform());
  }

private:
  uint64_t state, counter = 0;

  static uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
  }
};

/// Rows (or, of a tall matrix, columns) at right angles and of length one: Gram and Schmidt on normal numbers, twice.
void fillOrthogonal(Tensor &tensor, Random &random) {
  int64_t rows = tensor.shape.empty() ? 1 : tensor.shape[0], columns = rows ? tensor.size() / rows : 0;
  bool tall = rows > columns;
  int64_t count = std::min(rows, columns), length = std::max(rows, columns);
  std::vector<std::vector<double>> vectors(count, std::vector<double>(length));
  for (int64_t v = 0; v < count; ++v) {
    for (double &value : vectors[v])
      value = random.normal();
    for (int pass = 0; pass < 2; ++pass)
      for (int64_t w = 0; w < v; ++w) {
        double product = 0;
        for (int64_t i = 0; i < length; ++i)
          product += vectors[v][i] * vectors[w][i];
        for (int64_t i = 0; i < length; ++i)
          vectors[v][i] -= product * vectors[w][i];
      }
    double square = 0;
    for (double value : vectors[v])
      square += value * value;
    for (double &value : vectors[v])
      value /= std::sqrt(square);
  }
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      tensor.data[r * columns + c] = tall ? vectors[c][r] : vectors[r][c];
}

double number(StringRef text) {
  double value = 0;
  text.trim().getAsDouble(value);
  return value;
}

} // namespace

Tensor rondo::initialValue(CellOp cell, uint64_t seed, InitStyle style) {
  auto type = cast<RankedTensorType>(cell.getType());
  Tensor tensor = Tensor::full(type.getShape(), 0);
  Random random(seed, cell.getSymName());
  StringRef init = cell.getInit().value_or("normal(0.5)");
  auto fill = [&](auto next) {
    for (double &value : tensor.data)
      value = next();
  };
  if (init == "glorot") {
    // Uniform within sqrt(6 / (fan in + fan out)); the first dim is the output, all others the input.
    int64_t out = type.getRank() ? type.getDimSize(0) : 1;
    int64_t in = type.getRank() > 1 ? tensor.size() / std::max<int64_t>(out, 1) : out;
    double limit = std::sqrt(6.0 / std::max<int64_t>(in + out, 1));
    fill([&]() { return limit * (2 * random.uniform() - 1); });
  } else if (init == "orthogonal") {
    fillOrthogonal(tensor, random);
  } else if (init.consume_front("normal(")) {
    double deviation = number(init.drop_back());
    fill([&]() { return deviation * random.normal(); });
  } else if (init.consume_front("uniform(")) {
    auto [low, high] = init.drop_back().split(',');
    double from = number(low), to = number(high);
    fill([&]() { return from + (to - from) * random.uniform(); });
  } else {
    double constant = number(init);
    fill([&]() { return style == InitStyle::Varied ? constant + 0.1 * random.normal() : constant; });
  }
  Type element = type.getElementType();
  if (!element.isF32()) { // truths, integers below their bound, or small ones
    auto bound = cell->getAttrOfType<IntegerAttr>("rondo.bound");
    int64_t count = element.isInteger(1) ? 2
                    : bound              ? bound.getInt()
                                         : 13,
            least = element.isInteger(1) || bound ? 0 : -4;
    if (!cell.getInit())
      fill([&]() { return least + std::floor(random.uniform() * count); });
    else
      fill([&]() { return number(*cell.getInit()); });
    return tensor;
  }
  for (double &value : tensor.data)
    value = static_cast<float>(value);
  return tensor;
}

Cells rondo::initialCells(ModuleOp module, uint64_t seed, InitStyle style) {
  Cells cells;
  for (auto cell : module.getOps<CellOp>())
    cells[cell.getSymName()] = initialValue(cell, seed, style);
  return cells;
}
