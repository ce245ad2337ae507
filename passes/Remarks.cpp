#include "passes/Remarks.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace rondo;

namespace {
constexpr llvm::StringLiteral kText = "Text";

void emit(remark::detail::InFlightRemark remark, const Twine &text, ArrayRef<RemarkNumber> numbers) {
  if (!remark)
    return;
  remark << remark::detail::Remark::Arg(kText, text.str());
  for (const RemarkNumber &number : numbers)
    remark << remark::detail::Remark::Arg(number.name, number.value);
}

/// Turns MLIR's remarks back into ours.
class Collector : public remark::detail::MLIRRemarkStreamerBase {
public:
  explicit Collector(std::vector<PassRemark> &sink) : sink(sink) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    PassRemark mine;
    mine.pass = remark.getCategoryName().str();
    mine.done = remark.getRemarkType() == llvm::remarks::Type::Passed;
    sourceOf(remark.getLocation(), mine.file, mine.line, mine.column);
    for (const auto &arg : remark.getArgs()) {
      if (arg.key == kText) {
        mine.text = arg.val;
        continue;
      }
      int64_t value = 0;
      if (!StringRef(arg.val).getAsInteger(10, value))
        mine.numbers.push_back({arg.key, value});
    }
    for (const PassRemark &other : sink)
      if (other.pass == mine.pass && other.text == mine.text && other.line == mine.line && other.file == mine.file &&
          other.column == mine.column)
        return;
    sink.push_back(std::move(mine));
  }

private:
  std::vector<PassRemark> &sink;
};
} // namespace

void rondo::did(Location loc, StringRef pass, const Twine &text, ArrayRef<RemarkNumber> numbers) {
  emit(remark::passed(loc, remark::RemarkOpts::name(pass).category(pass)), text, numbers);
}

void rondo::left(Location loc, StringRef pass, const Twine &text, ArrayRef<RemarkNumber> numbers) {
  emit(remark::missed(loc, remark::RemarkOpts::name(pass).category(pass)), text, numbers);
}

void rondo::collectRemarks(MLIRContext &context, std::vector<PassRemark> &sink) {
  remark::RemarkCategories all;
  all.passed = ".*";
  all.missed = ".*";
  (void)remark::enableOptimizationRemarks(context, std::make_unique<Collector>(sink),
                                          std::make_unique<remark::RemarkEmittingPolicyAll>(), all);
}

bool rondo::sourceOf(Location loc, std::string &file, unsigned &line, unsigned &column) {
  FileLineColLoc found;
  loc->walk([&](Location inner) {
    if ((found = dyn_cast<FileLineColLoc>(inner)))
      return WalkResult::interrupt();
    return WalkResult::advance();
  });
  if (!found)
    return false;
  file = found.getFilename().str();
  line = found.getLine();
  column = found.getColumn();
  return true;
}

void rondo::print(llvm::raw_ostream &os, const PassRemark &remark) {
  if (!remark.file.empty())
    os << remark.file << ":" << remark.line << ":" << remark.column << ": ";
  os << remark.pass << ": " << remark.text;
  for (const RemarkNumber &number : remark.numbers)
    os << ", " << number.name << " " << number.value;
  os << "\n";
}
