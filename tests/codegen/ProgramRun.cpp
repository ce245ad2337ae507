#include "tests/codegen/ProgramRun.h"

#include "ir/Dialect.h"
#include "mlir/Parser/Parser.h"
#include <cmath>
#include <cstring>
#include <numeric>

using namespace mlir;

extern "C" void rondo_team_wait(void *, int32_t) {}

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

std::vector<std::vector<float>> ProgramRun::call(unsigned exportIndex, Level level, const Batch &batch) {
  unsigned target = 0;
  while (program.targets[target].level != level)
    ++target;
  const EmittedExport &e = program.exports[exportIndex];
  int64_t n = e.axes.size(), b = batch.examples;

  std::vector<float> plain(program.plainFloats + 16), packed(program.packedFloats + 16, NAN);
  for (const EmittedCell &cell : program.cells)
    std::copy(cells[cell.name].begin(), cells[cell.name].end(), plain.begin() + cell.offset);
  run.get<void(const float *, float *)>(program.load[target])(plain.data(), packed.data());

  std::vector<std::vector<int64_t>> offsets(n);
  std::vector<std::vector<int32_t>> exampleOf(n), order(n);
  std::vector<int64_t> rows(n), longest(n), terms{1, b};
  auto rowsOf = [&](const std::vector<int32_t> &axes, int64_t i) {
    int64_t product = 1;
    for (int32_t a : axes)
      product *= batch.lengths.at(e.axes[a].name)[i];
    return product;
  };
  for (int64_t a = 0; a < n; ++a) {
    const auto &lengths = batch.lengths.at(e.axes[a].name);
    offsets[a] = {0};
    for (int64_t i = 0; i < b; ++i) {
      offsets[a].push_back(offsets[a].back() + lengths[i]);
      exampleOf[a].insert(exampleOf[a].end(), lengths[i], i);
      longest[a] = std::max(longest[a], lengths[i]);
    }
    rows[a] = offsets[a].back();
    order[a].resize(b);
    std::iota(order[a].begin(), order[a].end(), 0);
    std::stable_sort(order[a].begin(), order[a].end(), [&](int x, int y) { return lengths[x] > lengths[y]; });
  }
  for (const EmittedGrid &grid : e.grids) {
    auto &offset = offsets.emplace_back(1, 0);
    auto &owners = exampleOf.emplace_back();
    int64_t most = 0;
    for (int64_t i = 0; i < b; ++i) {
      offset.push_back(offset.back() + rowsOf(grid.axes, i));
      owners.insert(owners.end(), rowsOf(grid.axes, i), i);
      most = std::max(most, rowsOf(grid.axes, i));
    }
    rows.push_back(offset.back());
    longest.push_back(most);
  }
  terms.insert(terms.end(), rows.begin(), rows.end());
  terms.insert(terms.end(), longest.begin(), longest.end());
  auto size = [&](const std::vector<int64_t> &plan) {
    return std::inner_product(plan.begin(), plan.end(), terms.begin(), int64_t(0)) + 16;
  };
  std::vector<std::vector<float>> slots, results;
  for (auto &plan : e.plan)
    slots.emplace_back(size(plan), NAN);
  std::vector<float> scratch(size(e.scratch), NAN);
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
          packed.data(), pl.data(), scratch.data(), int64_t(scratch.size()), nullptr};
  run.get<void(void *, int32_t, int32_t)>(e.entry[target])(&frame, 0, 1);
  return results;
}

} // namespace rondo
