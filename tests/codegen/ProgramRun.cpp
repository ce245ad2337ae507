#include "tests/codegen/ProgramRun.h"

#include "ir/Dialect.h"
#include "mlir/Parser/Parser.h"
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>

using namespace mlir;

/// What it does belongs to the call that is under way.
static std::function<void(int32_t, const int32_t *)> makeAxis;
extern "C" void rondo_make_axis(const void *, int32_t axis, const int32_t *lengths) { makeAxis(axis, lengths); }

namespace rondo {

std::vector<float> bitsOf(std::vector<int32_t> ints) {
  std::vector<float> bits(ints.size());
  std::memcpy(bits.data(), ints.data(), ints.size() * 4);
  return bits;
}

ProgramRun::ProgramRun(llvm::StringRef source, std::map<std::string, std::vector<float>> cells,
                       llvm::ArrayRef<Level> levels, llvm::function_ref<void(ModuleOp)> change)
    : cells(std::move(cells)) {
  run.context.getOrLoadDialect<RondoDialect>();
  auto module = parseSourceString<ModuleOp>(source, &run.context);
  if (!module)
    return;
  std::vector<Target> targets;
  for (Level l : levels)
    if (runsHere(l))
      targets.push_back({l});
  auto emitted = emitProgram(*module, targets);
  if (failed(emitted))
    return;
  program = std::move(*emitted);
  run.module = std::move(program.module);
  change(*run.module);
  good = run.load();
}

std::vector<std::vector<float>> ProgramRun::call(unsigned exportIndex, Level level, const Batch &batch, Races *races) {
  unsigned target = 0;
  while (program.targets[target].level != level)
    ++target;
  const EmittedExport &e = program.exports[exportIndex];
  int64_t n = e.axes.size(), b = batch.examples;

  std::vector<float> plain(program.plainFloats + 16), packed(program.packedFloats + 16, NAN);
  for (const EmittedCell &cell : program.cells)
    std::copy(cells[cell.name].begin(), cells[cell.name].end(), plain.begin() + cell.offset);
  run.get<void(const float *, float *)>(program.load[target])(plain.data(), packed.data());

  int64_t spaces = n + e.grids.size();
  std::vector<std::vector<int64_t>> offsets(spaces), all(n);
  std::vector<std::vector<int32_t>> exampleOf(spaces), order(n);
  std::vector<int64_t> rows(spaces), longest(spaces), terms{1, b};
  auto rowsOf = [&](const std::vector<int32_t> &axes, int64_t i) {
    int64_t product = 1;
    for (int32_t a : axes)
      product *= all[a][i];
    return product;
  };
  // In place: the frame points at them, and made axes are filled again.
  auto fill = [&](int64_t space, const std::vector<int64_t> &lengths) {
    offsets[space].resize(b + 1);
    longest[space] = 0;
    std::vector<int32_t> owners;
    for (int64_t i = 0; i < b; ++i) {
      offsets[space][i + 1] = offsets[space][i] + lengths[i];
      owners.insert(owners.end(), lengths[i], i);
      longest[space] = std::max(longest[space], lengths[i]);
    }
    exampleOf[space].resize(std::max(exampleOf[space].size(), owners.size()));
    std::copy(owners.begin(), owners.end(), exampleOf[space].begin());
    rows[space] = offsets[space].back();
  };
  auto fillAxis = [&](int64_t a, const std::vector<int64_t> &lengths) {
    all[a] = lengths;
    fill(a, lengths);
    order[a].resize(b);
    std::iota(order[a].begin(), order[a].end(), 0);
    std::sort(order[a].begin(), order[a].end(),
              [&](int x, int y) { return std::pair(-lengths[x], x) < std::pair(-lengths[y], y); });
  };
  auto fillMade = [&](int64_t a) {
    std::vector<int64_t> lengths(b, e.axes[a].constant);
    for (int64_t i = 0; i < b; ++i) {
      for (auto [k, factor] : llvm::enumerate(e.axes[a].factors))
        lengths[i] += factor * all[k][i];
      lengths[i] = std::max<int64_t>(lengths[i], 0) / e.axes[a].divisor;
    }
    fillAxis(a, lengths);
  };
  auto fillGrids = [&] {
    for (auto [g, grid] : llvm::enumerate(e.grids)) {
      std::vector<int64_t> lengths;
      for (int64_t i = 0; i < b; ++i)
        lengths.push_back(rowsOf(grid.axes, i));
      fill(n + g, lengths);
    }
  };
  for (int64_t a = 0; a < n; ++a)
    if (e.axes[a].source == EmittedAxis::Given)
      fillAxis(a, batch.lengths.at(e.axes[a].name));
    else
      fillMade(a);
  fillGrids();
  makeAxis = [&](int32_t axis, const int32_t *lengths) {
    fillAxis(axis, std::vector<int64_t>(lengths, lengths + b));
    for (int64_t a = axis + 1; a < n; ++a)
      if (e.axes[a].source == EmittedAxis::Arithmetic)
        fillMade(a);
    fillGrids();
  };
  terms.insert(terms.end(), rows.begin(), rows.end());
  terms.insert(terms.end(), longest.begin(), longest.end());
  auto size = [&](const std::vector<int64_t> &plan) {
    return std::inner_product(plan.begin(), plan.end(), terms.begin(), int64_t(0)) + 16;
  };
  std::vector<std::vector<float>> slots, results;
  for (auto &plan : e.plan)
    slots.emplace_back(size(plan), NAN);
  int32_t threads = races ? races->threads : 1;
  int64_t stride = size(e.scratch);
  std::vector<float> scratch(stride * threads, NAN);
  for (const EmittedValue &r : e.results) {
    int64_t count = std::accumulate(r.shape.begin(), r.shape.end(), int64_t(1), std::multiplies<>());
    int64_t all = 0;
    for (int64_t i = 0; i < b; ++i)
      all += rowsOf(r.axes, i);
    results.emplace_back(count * all, NAN);
  }
  auto pointers = [](auto &vectors) {
    std::vector<void *> p;
    for (auto &v : vectors)
      p.push_back((void *)v.data());
    return p;
  };
  auto inputs = batch.inputs;
  auto po = pointers(offsets), pe = pointers(exampleOf), pr = pointers(order), pi = pointers(inputs),
       ps = pointers(results), pl = pointers(slots);
  struct {
    int64_t batch;
    void *offsets, *rows, *longest, *exampleOf, *order, *inputs, *results, *weights, *slots, *scratch;
    int64_t stride;
    void *team;
  } frame{b, po.data(), rows.data(), longest.data(), pe.data(), pr.data(), pi.data(), ps.data(),
          packed.data(), pl.data(), scratch.data(), stride, races};
  auto *entry = run.get<void(void *, int32_t, int32_t)>(e.entry[target]);
  if (races)
    races->run([&](int32_t thread) { entry(&frame, thread, threads); });
  else
    entry(&frame, 0, 1);
  for (auto [r, result] : llvm::zip(e.results, results)) {
    int64_t width = std::accumulate(r.shape.begin(), r.shape.end(), int64_t(1), std::multiplies<>()), total = 0;
    for (int64_t i = 0; i < b; ++i)
      total += rowsOf(r.axes, i);
    result.resize(width * total);
  }
  return results;
}

} // namespace rondo
