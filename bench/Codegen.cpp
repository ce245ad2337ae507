// codegen_bench [product|attention|math ..] [v2|v3|v4 ..]: emitted kernels against ceilings of the same run.
#include "bench/Bench.h"

using namespace rondo;

int main(int argc, char **argv) {
  std::vector<Target> targets;
  std::vector<llvm::StringRef> what;
  for (int i = 1; i < argc; ++i) {
    bool level = false;
    for (Level l : {Level::V2, Level::V3, Level::V4})
      if (Target{l}.name() == argv[i])
        targets.push_back({l}), level = true;
    if (!level)
      what.push_back(argv[i]);
  }
  if (targets.empty())
    targets = {{Level::V4}};
  llvm::outs() << bench::cpuName() << "\n";
  for (Target t : targets) {
    if (!runsHere(t.level)) {
      llvm::outs() << "skipped: this CPU lacks " << t.cpu() << "\n";
      continue;
    }
    auto wanted = [&](llvm::StringRef name) { return what.empty() || llvm::is_contained(what, name); };
    if (wanted("product"))
      bench::product(t);
    if (wanted("attention"))
      bench::attention(t);
    if (wanted("math"))
      bench::math(t);
  }
}
