// Equal kernels have their code once: six layers of a transformer differ in where their weights and values stand, and
// two exports do too. Kernels that differ in such numbers only become one function, which takes them as arguments.
//
//   before  func @encode.6.v4(frame, tid, threads) { .. gep %weights[12537984] .. }
//           func @embed.6.v4(frame, tid, threads) { .. gep %weights[23155200] .. }
//   after   func @encode.6.v4(frame, tid, threads, i64) { .. gep %weights[%arg3] .. }, called with either number
//
// Only numbers that are added to addresses become arguments. Sizes, strides and steps shape the code: kernels that
// differ in them stay apart, and no arithmetic on values is touched.
#include "codegen/library/Parts.h"
#include "mlir/IR/Threading.h"

using namespace llvm;
using mlir::Operation, mlir::Value, mlir::func::CallOp, mlir::func::FuncOp, mlir::LLVM::GEPOp;

namespace rondo {

namespace {

/// More arguments than this are not worth the registers that hold them.
constexpr unsigned kMostArguments = 64;

/// A place where a number stands: a constant, or the one constant index of an address.
struct Number {
  Operation *op;
  int64_t value;
};

bool isAddress(Operation *user) { return isa<GEPOp, mlir::arith::AddIOp>(user); }

/// A constant that moves addresses and does nothing else.
std::optional<int64_t> movesAddress(Operation *op) {
  if (auto gep = dyn_cast<GEPOp>(op)) {
    ArrayRef<int32_t> indices = gep.getRawConstantIndices();
    if (indices.size() == 1 && indices[0] != GEPOp::kDynamicIndex && gep.getElemType().isIntOrFloat())
      return indices[0];
    return std::nullopt;
  }
  auto constant = dyn_cast<mlir::arith::ConstantOp>(op);
  auto number = constant ? dyn_cast<mlir::IntegerAttr>(constant.getValue()) : nullptr;
  if (!number || !(number.getType().isIndex() || number.getType().isInteger(64)))
    return std::nullopt;
  for (Operation *user : op->getUsers())
    if (!isAddress(user) &&
        !(isa<mlir::arith::IndexCastOp>(user) && all_of(user->getUsers(), [](Operation *u) { return isAddress(u); })))
      return std::nullopt;
  return number.getInt();
}

/// One function as a sequence of operations, and the numbers that may differ.
struct Candidate {
  FuncOp func;
  std::vector<Operation *> ops;
  std::vector<Number> numbers;
  std::vector<unsigned> operands; // of all operations: where they were defined
  hash_code hash = 0;
  bool simple = true;

  void read() {
    hash = hash_combine(func.getFunctionType().getAsOpaquePointer(), func->getAttr("passthrough").getAsOpaquePointer());
    define(func.getArguments());
    for (Operation &op : func.getBody().front())
      read(&op);
    simple &= func.getBody().hasOneBlock();
    hash = hash_combine(hash, hash_combine_range(operands.begin(), operands.end()));
    names.clear();
  }

private:
  DenseMap<Value, unsigned> names; // values in the order of their definitions

  void define(mlir::ValueRange values) {
    for (Value value : values)
      names.try_emplace(value, names.size());
  }

  void read(Operation *op) {
    ops.push_back(op);
    simple &= op->getNumSuccessors() == 0;
    hash = hash_combine(hash, op->getName().getAsOpaquePointer(), op->getNumRegions());
    for (Value operand : op->getOperands())
      operands.push_back(names.lookup(operand));
    for (mlir::Type type : op->getResultTypes())
      hash = hash_combine(hash, type.getAsOpaquePointer());
    if (auto number = movesAddress(op))
      numbers.push_back({op, *number});
    else
      hash = hash_combine(hash, op->hashProperties());
    define(op->getResults());
    for (mlir::Region &region : op->getRegions()) {
      simple &= region.empty() || region.hasOneBlock();
      for (mlir::Block &block : region) {
        define(block.getArguments());
        for (Operation &inner : block)
          read(&inner);
      }
    }
  }
};

/// Whether two functions are the same but for their numbers. The hash has said yes; this makes sure. Where a region
/// ends is seen by its terminator.
bool areEqual(const Candidate &a, const Candidate &b) {
  if (a.hash != b.hash || a.ops.size() != b.ops.size() || a.numbers.size() != b.numbers.size() ||
      a.operands != b.operands || FuncOp(a.func).getFunctionType() != FuncOp(b.func).getFunctionType() ||
      FuncOp(a.func)->getAttr("passthrough") != FuncOp(b.func)->getAttr("passthrough"))
    return false;
  unsigned number = 0;
  for (auto [left, right] : zip_equal(a.ops, b.ops)) {
    if (left->getName() != right->getName() || left->getNumOperands() != right->getNumOperands() ||
        left->getNumRegions() != right->getNumRegions() || left->getResultTypes() != right->getResultTypes())
      return false;
    bool free = number < a.numbers.size() && a.numbers[number].op == left;
    if (free && b.numbers[number].op != right)
      return false;
    number += free;
    auto leftGep = dyn_cast<GEPOp>(left), rightGep = dyn_cast<GEPOp>(right);
    if (free && leftGep) {
      if (leftGep.getElemType() != rightGep.getElemType() || leftGep.getNoWrapFlags() != rightGep.getNoWrapFlags())
        return false;
    } else if (!free && left->getPropertiesStorageSize() &&
               !left->getName().compareOpProperties(left->getPropertiesStorage(), right->getPropertiesStorage())) {
      return false;
    }
    if (left->getDiscardableAttrDictionary() != right->getDiscardableAttrDictionary())
      return false;
    for (auto [l, r] : zip_equal(left->getRegions(), right->getRegions()))
      if (l.getBlocks().size() != r.getBlocks().size() || (!l.empty() && l.getArgumentTypes() != r.getArgumentTypes()))
        return false;
  }
  return true;
}

/// What the calls of a group's functions pass on: the numbers in which its members differ, each column once.
struct Columns {
  explicit Columns(ArrayRef<Candidate *> group) {
    std::map<std::vector<int64_t>, unsigned> known;
    for (unsigned i = 0; i < group[0]->numbers.size(); ++i) {
      std::vector<int64_t> column;
      for (const Candidate *member : group)
        column.push_back(member->numbers[i].value);
      if (all_equal(column))
        continue;
      auto [found, fresh] = known.try_emplace(column, values.size());
      if (fresh)
        values.push_back(column);
      places.push_back({i, found->second});
    }
  }
  std::vector<std::vector<int64_t>> values;          // [argument][member]
  std::vector<std::pair<unsigned, unsigned>> places; // number, argument
};

/// Gives the first of a group arguments in place of its numbers.
void takeArguments(Candidate &first, const Columns &columns) {
  FuncOp func = first.func;
  mlir::OpBuilder b = mlir::OpBuilder::atBlockBegin(&func.getBody().front());
  std::vector<Value> words, indices(columns.values.size());
  SmallVector<mlir::Type> types(func.getArgumentTypes());
  for (size_t i = 0; i < columns.values.size(); ++i) {
    types.push_back(b.getI64Type());
    words.push_back(func.getBody().front().addArgument(b.getI64Type(), func.getLoc()));
  }
  func.setFunctionType(b.getFunctionType(types, {}));
  for (auto [number, argument] : columns.places) {
    Operation *op = first.numbers[number].op;
    if (auto gep = dyn_cast<GEPOp>(op)) {
      b.setInsertionPoint(gep);
      auto made = GEPOp::create(b, gep.getLoc(), gep.getType(), gep.getElemType(), gep.getBase(),
                                ArrayRef<mlir::LLVM::GEPArg>{words[argument]}, gep.getNoWrapFlags());
      gep.replaceAllUsesWith(made.getResult());
    } else {
      bool wide = op->getResult(0).getType().isIndex();
      if (wide && !indices[argument]) {
        b.setInsertionPointToStart(&func.getBody().front());
        indices[argument] = mlir::arith::IndexCastOp::create(b, func.getLoc(), b.getIndexType(), words[argument]);
      }
      op->getResult(0).replaceAllUsesWith(wide ? indices[argument] : words[argument]);
    }
    op->erase();
  }
}

struct Call {
  CallOp op;
  FuncOp in;
};

/// Calls of a member become calls of the first with the member's numbers.
void callFirst(std::vector<Call> &calls, FuncOp first, const Columns &columns, unsigned member,
               const DenseSet<Operation *> &erased) {
  for (auto [call, in] : calls) {
    if (erased.contains(in))
      continue;
    mlir::OpBuilder b(call);
    SmallVector<Value> operands(call.getOperands());
    for (const std::vector<int64_t> &column : columns.values)
      operands.push_back(
          mlir::arith::ConstantOp::create(b, call.getLoc(), b.getI64IntegerAttr(column[member])).getResult());
    CallOp::create(b, call.getLoc(), first, operands);
    call.erase();
  }
}

} // namespace

void shareKernels(EmittedProgram &program) {
  mlir::ModuleOp module = *program.module;
  StringSet<> named;
  for (const EmittedExport &fn : program.exports)
    for (const std::string &entry : fn.entry)
      named.insert(entry);
  for (const std::string &load : program.load)
    named.insert(load);
  std::vector<std::unique_ptr<Candidate>> candidates;
  StringMap<std::vector<Call>> calls;
  DenseSet<Operation *> erased; // functions
  for (auto func : module.getOps<FuncOp>()) {
    if (!func.isExternal() && !named.contains(func.getName()) && func.getNumResults() == 0) {
      candidates.push_back(std::make_unique<Candidate>());
      candidates.back()->func = func;
    }
    func.walk([&](CallOp call) { calls[call.getCallee()].push_back({call, func}); });
  }
  mlir::parallelFor(module.getContext(), 0, candidates.size(), [&](size_t i) { candidates[i]->read(); });

  std::map<size_t, std::vector<std::vector<Candidate *>>> groups; // by hash
  std::vector<std::pair<size_t, size_t>> order;                   // of the first members, as in the module
  for (auto &candidate : candidates) {
    if (!candidate->simple)
      continue;
    auto &same = groups[candidate->hash];
    auto group = find_if(same, [&](auto &group) { return areEqual(*group[0], *candidate); });
    if (group == same.end()) {
      order.push_back({candidate->hash, same.size()});
      same.push_back({candidate.get()});
    } else {
      group->push_back(candidate.get());
    }
  }
  for (auto [hash, index] : order) {
    ArrayRef<Candidate *> group = groups[hash][index];
    if (group.size() < 2)
      continue;
    Columns columns(group);
    if (columns.values.size() > kMostArguments)
      continue;
    takeArguments(*group[0], columns);
    for (auto [member, candidate] : enumerate(group)) {
      callFirst(calls[candidate->func.getName()], group[0]->func, columns, member, erased);
      if (member) {
        erased.insert(candidate->func);
        candidate->func.erase();
      }
    }
  }
}

} // namespace rondo
