// The scalar table. An error scale passes through a function by the size of its derivative, and each real operation
// adds its own rounding, |value|. Comparisons give exact answers, or an infinite scale when they are too near a tie.
// What stands in the table has a form on the CPU, too (codegen/cpu/Lift.cpp).
#include "ir/Scalars.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/StringMap.h"
#include <cmath>

using namespace mlir;
using namespace rondo;

namespace {

using Args = ArrayRef<Scalar>;

/// factor * scale, where nothing times anything is nothing.
double passed(double factor, double scale) { return scale == 0 || factor == 0 ? 0 : std::fabs(factor) * scale; }

/// What an operation adds by rounding: nothing where its result is infinite, which is exact.
double rounding(double value) { return std::isfinite(value) ? std::fabs(value) : 0; }
/// Infinities and NaN are what they are in any precision.
Scalar real(double value, double scale) {
  if (!std::isfinite(value))
    return {value, scale == kInfinity ? kInfinity : 0};
  return {value, std::isnan(scale) ? kInfinity : scale};
}

/// A function of one argument: value, |derivative| and how much its own rounding counts.
template <typename Value, typename Derivative>
ScalarFunction unary(Value value, Derivative derivative) {
  return [=](Args args) {
    double y = value(args[0].value);
    return real(y, passed(derivative(args[0].value, y), args[0].scale) + rounding(y));
  };
}

/// Exact where it is decided, such as floor: `nearest` says how far the argument is from where the value jumps.
template <typename Value, typename Distance>
ScalarFunction stepwise(Value value, Distance distance) {
  return [=](Args args) -> Scalar {
    double x = args[0].value, scale = args[0].scale;
    bool undecided = scale > 0 && !(distance(x) > kTie * kEpsilon * scale);
    return {value(x), undecided ? kInfinity : 0};
  };
}

/// Integers are exact, or undecided because an argument is.
template <typename Value>
ScalarFunction integer(Value value) {
  return [=](Args args) -> Scalar {
    double scale = 0;
    for (Scalar arg : args)
      scale = std::max(scale, arg.scale);
    return {static_cast<double>(value(args)), scale > 0 ? kInfinity : 0};
  };
}

int64_t asInt(Scalar scalar) { return static_cast<int64_t>(scalar.value); }

int64_t floorDiv(int64_t a, int64_t b) { return b == 0 ? 0 : a / b - (a % b != 0 && (a < 0) != (b < 0)); }

ScalarFunction extremum(bool wantMax, bool nanWins) {
  return [=](Args args) {
    auto [a, b] = std::pair(args[0], args[1]);
    if (std::isnan(a.value) || std::isnan(b.value))
      return std::isnan(a.value) == nanWins ? a : b;
    Scalar best = (a.value >= b.value) == wantMax ? a : b;
    return Scalar{best.value, isUndecided(a, b) ? std::max(a.scale, b.scale) : best.scale};
  };
}

ScalarFunction makeConstant(Operation *op) {
  Attribute value = cast<arith::ConstantOp>(op).getValue();
  Scalar result;
  if (auto number = dyn_cast<FloatAttr>(value))
    result.value = number.getValueAsDouble();
  else if (auto number = dyn_cast<IntegerAttr>(value))
    result.value = number.getType().isInteger(1) ? double(number.getValue().getZExtValue())
                                                 : double(number.getValue().getSExtValue());
  else
    return {};
  return [=](Args) { return result; };
}

ScalarFunction makeCompareReal(Operation *op) {
  auto predicate = cast<arith::CmpFOp>(op).getPredicate();
  return [=](Args args) -> Scalar {
    double a = args[0].value, b = args[1].value;
    bool unordered = std::isnan(a) || std::isnan(b);
    using P = arith::CmpFPredicate;
    switch (predicate) {
    case P::AlwaysFalse:
      return {0, 0};
    case P::AlwaysTrue:
      return {1, 0};
    case P::ORD:
      return {double(!unordered), 0};
    case P::UNO:
      return {double(unordered), 0};
    default:
      break;
    }
    bool orUnordered = predicate == P::UEQ || predicate == P::UGT || predicate == P::UGE || predicate == P::ULT ||
                       predicate == P::ULE || predicate == P::UNE;
    if (unordered)
      return {double(orUnordered), 0};
    bool holds = false;
    switch (predicate) {
    case P::OEQ:
    case P::UEQ:
      holds = a == b;
      break;
    case P::OGT:
    case P::UGT:
      holds = a > b;
      break;
    case P::OGE:
    case P::UGE:
      holds = a >= b;
      break;
    case P::OLT:
    case P::ULT:
      holds = a < b;
      break;
    case P::OLE:
    case P::ULE:
      holds = a <= b;
      break;
    default:
      holds = a != b;
      break;
    }
    return {double(holds), isUndecided(args[0], args[1]) ? kInfinity : 0};
  };
}

unsigned widthOf(Type type) { return type.isIndex() ? 64 : type.getIntOrFloatBitWidth(); }

/// Of two's complement in `width` bits.
uint64_t asUnsigned(Scalar scalar, unsigned width) {
  return static_cast<uint64_t>(asInt(scalar)) & (width == 64 ? ~0ull : (1ull << width) - 1);
}
/// A true is the -1 of one bit.
int64_t asSigned(Scalar scalar, unsigned width) { return width == 1 ? -asInt(scalar) : asInt(scalar); }

ScalarFunction makeCompareInt(Operation *op) {
  auto compare = cast<arith::CmpIOp>(op);
  auto predicate = compare.getPredicate();
  unsigned width = widthOf(compare.getLhs().getType());
  return integer([=](Args args) -> int64_t {
    int64_t a = asSigned(args[0], width), b = asSigned(args[1], width);
    uint64_t ua = asUnsigned(args[0], width), ub = asUnsigned(args[1], width);
    using P = arith::CmpIPredicate;
    switch (predicate) {
    case P::eq:
      return a == b;
    case P::ne:
      return a != b;
    case P::slt:
      return a < b;
    case P::sle:
      return a <= b;
    case P::sgt:
      return a > b;
    case P::sge:
      return a >= b;
    case P::ult:
      return ua < ub;
    case P::ule:
      return ua <= ub;
    case P::ugt:
      return ua > ub;
    case P::uge:
      return ua >= ub;
    }
    return 0;
  });
}

/// An undecided choice between near values is a small error, not an unknown one.
ScalarFunction makeSelect(Operation *op) {
  bool isReal = isa<FloatType>(op->getResult(0).getType());
  return [=](Args args) -> Scalar {
    Scalar chosen = args[0].value != 0 ? args[1] : args[2];
    if (args[0].scale == 0 || args[1].value == args[2].value)
      return {chosen.value, args[0].scale == 0 ? chosen.scale : std::max(args[1].scale, args[2].scale)};
    if (!isReal)
      return {chosen.value, kInfinity};
    double apart = std::fabs(args[1].value - args[2].value) / kEpsilon;
    return {chosen.value, std::isnan(apart) ? kInfinity : std::max(args[1].scale, args[2].scale) + apart};
  };
}

/// and, or: an operand that settles the answer alone hides an undecided one.
ScalarFunction makeLogic(Operation *op, bool isAnd) {
  bool isBool = op->getResult(0).getType().isInteger(1);
  auto plain =
      integer([=](Args args) { return isAnd ? asInt(args[0]) & asInt(args[1]) : asInt(args[0]) | asInt(args[1]); });
  return [=](Args args) -> Scalar {
    for (Scalar arg : args)
      if (isBool && arg.scale == 0 && (arg.value == 0) == isAnd)
        return {double(!isAnd), 0};
    return plain(args);
  };
}

ScalarFunction makePower(Operation *) {
  return [](Args args) {
    double x = args[0].value, p = args[1].value, y = std::pow(x, p), logX = x > 0 ? std::log(x) : 0;
    double own = std::fabs(y) * (1 + std::fabs(p * logX));
    return real(y, passed(p == 0 ? 0 : p * std::pow(x, p - 1), args[0].scale) + passed(y * logX, args[1].scale) + own);
  };
}

using Maker = std::function<ScalarFunction(Operation *)>;
Maker always(ScalarFunction function) {
  return [=](Operation *) { return function; };
}

llvm::StringMap<Maker> makeTable() {
  llvm::StringMap<Maker> table;
  // Constants, choices.
  table["arith.constant"] = makeConstant;
  table["arith.cmpf"] = makeCompareReal;
  table["arith.cmpi"] = makeCompareInt;
  table["arith.select"] = makeSelect;
  table["arith.maximumf"] = always(extremum(true, true));
  table["arith.minimumf"] = always(extremum(false, true));
  table["arith.maxnumf"] = always(extremum(true, false));
  table["arith.minnumf"] = always(extremum(false, false));
  // Real arithmetic.
  table["arith.addf"] = always([](Args a) {
    double y = a[0].value + a[1].value;
    return real(y, a[0].scale + a[1].scale + rounding(y));
  });
  table["arith.subf"] = always([](Args a) {
    double y = a[0].value - a[1].value;
    return real(y, a[0].scale + a[1].scale + rounding(y));
  });
  table["arith.mulf"] = always([](Args a) {
    double y = a[0].value * a[1].value;
    return real(y, passed(a[1].value, a[0].scale) + passed(a[0].value, a[1].scale) + rounding(y));
  });
  table["arith.divf"] = always([](Args a) {
    double y = a[0].value / a[1].value;
    return real(y, passed(1 / a[1].value, a[0].scale) + passed(y / a[1].value, a[1].scale) + rounding(y));
  });
  table["math.fma"] = always([](Args a) {
    double p = a[0].value * a[1].value, y = p + a[2].value;
    return real(y, passed(a[1].value, a[0].scale) + passed(a[0].value, a[1].scale) + a[2].scale + rounding(p) +
                       rounding(y));
  });
  table["arith.negf"] = always([](Args a) -> Scalar { return {-a[0].value, a[0].scale}; });
  table["math.absf"] = always([](Args a) -> Scalar { return {std::fabs(a[0].value), a[0].scale}; });
  table["math.floor"] = always(
      stepwise([](double x) { return std::floor(x); }, [](double x) { return std::fabs(x - std::nearbyint(x)); }));
  table["math.ceil"] = always(
      stepwise([](double x) { return std::ceil(x); }, [](double x) { return std::fabs(x - std::nearbyint(x)); }));
  table["math.roundeven"] = always(stepwise([](double x) { return std::nearbyint(x); },
                                            [](double x) { return 0.5 - std::fabs(x - std::nearbyint(x)); }));
  // Real functions.
  table["math.exp"] = always(unary([](double x) { return std::exp(x); }, [](double, double y) { return y; }));
  table["math.exp2"] = always(unary([](double x) { return std::exp2(x); }, [](double, double y) { return M_LN2 * y; }));
  table["math.expm1"] = always(unary([](double x) { return std::expm1(x); }, [](double, double y) { return y + 1; }));
  table["math.log"] = always(unary([](double x) { return std::log(x); }, [](double x, double) { return 1 / x; }));
  table["math.log2"] =
      always(unary([](double x) { return std::log2(x); }, [](double x, double) { return M_LOG2E / x; }));
  table["math.log1p"] =
      always(unary([](double x) { return std::log1p(x); }, [](double x, double) { return 1 / (1 + x); }));
  table["math.tanh"] = always(unary([](double x) { return std::tanh(x); }, [](double, double y) { return 1 - y * y; }));
  table["math.erf"] = always(unary([](double x) { return std::erf(x); },
                                   [](double x, double) { return 2 / std::sqrt(M_PI) * std::exp(-x * x); }));
  // Near their zeros sin and cos are as exact as a value of size one.
  table["math.sin"] = always([](Args a) {
    double x = a[0].value;
    return real(std::sin(x), passed(std::cos(x), a[0].scale) + std::min(1.0, std::fabs(x)));
  });
  table["math.cos"] =
      always([](Args a) { return real(std::cos(a[0].value), passed(std::sin(a[0].value), a[0].scale) + 1.0); });
  // At 0 the derivative is infinite, the error is not.
  table["math.sqrt"] = always([](Args a) {
    double y = std::sqrt(a[0].value), scale = a[0].scale;
    return real(y, (scale > 0 ? std::min(scale / (2 * y), std::sqrt(scale / kEpsilon)) : 0) + y);
  });
  table["math.rsqrt"] =
      always(unary([](double x) { return 1 / std::sqrt(x); }, [](double x, double y) { return 0.5 * y / x; }));
  table["math.powf"] = makePower;
  // Integers.
  table["arith.addi"] = always(integer([](Args a) { return asInt(a[0]) + asInt(a[1]); }));
  table["arith.subi"] = always(integer([](Args a) { return asInt(a[0]) - asInt(a[1]); }));
  table["arith.muli"] = always(integer([](Args a) { return asInt(a[0]) * asInt(a[1]); }));
  table["arith.divsi"] = always(integer([](Args a) { return asInt(a[1]) == 0 ? 0 : asInt(a[0]) / asInt(a[1]); }));
  table["arith.remsi"] = always(integer([](Args a) { return asInt(a[1]) == 0 ? 0 : asInt(a[0]) % asInt(a[1]); }));
  table["arith.floordivsi"] = always(integer([](Args a) { return floorDiv(asInt(a[0]), asInt(a[1])); }));
  table["arith.ceildivsi"] = always(integer([](Args a) { return -floorDiv(-asInt(a[0]), asInt(a[1])); }));
  table["arith.maxsi"] = always(integer([](Args a) { return std::max(asInt(a[0]), asInt(a[1])); }));
  table["arith.minsi"] = always(integer([](Args a) { return std::min(asInt(a[0]), asInt(a[1])); }));
  table["math.absi"] = always(integer([](Args a) { return std::abs(asInt(a[0])); }));
  table["arith.xori"] = always(integer([](Args a) { return asInt(a[0]) ^ asInt(a[1]); }));
  table["arith.andi"] = [](Operation *op) { return makeLogic(op, /*isAnd=*/true); };
  table["arith.ori"] = [](Operation *op) { return makeLogic(op, /*isAnd=*/false); };
  auto ofUnsigned = [&](StringRef name, auto function) {
    table[name] = [=](Operation *op) {
      unsigned width = widthOf(op->getOperand(0).getType());
      return integer([=](Args a) {
        uint64_t value = function(asUnsigned(a[0], width), asUnsigned(a[1], width));
        return width == 1 ? static_cast<int64_t>(value) : llvm::SignExtend64(value, width);
      });
    };
  };
  ofUnsigned("arith.divui", [](uint64_t a, uint64_t b) { return b == 0 ? 0 : a / b; });
  ofUnsigned("arith.remui", [](uint64_t a, uint64_t b) { return b == 0 ? 0 : a % b; });
  ofUnsigned("arith.maxui", [](uint64_t a, uint64_t b) { return std::max(a, b); });
  ofUnsigned("arith.minui", [](uint64_t a, uint64_t b) { return std::min(a, b); });
  // Casts. A bool is 0 or 1; sign extension makes the 1 a -1.
  for (StringRef name : {"arith.extf", "arith.truncf"})
    table[name] = always([](Args a) { return a[0]; });
  for (StringRef name : {"arith.index_castui", "arith.uitofp", "arith.extui"})
    table[name] = [](Operation *op) {
      unsigned width = widthOf(op->getOperand(0).getType());
      return integer([=](Args a) { return asUnsigned(a[0], width); });
    };
  for (StringRef name : {"arith.index_cast", "arith.sitofp", "arith.extsi"})
    table[name] = [](Operation *op) {
      unsigned width = widthOf(op->getOperand(0).getType());
      return integer([=](Args a) { return asSigned(a[0], width); });
    };
  table["arith.trunci"] = [](Operation *op) {
    bool toBool = op->getResult(0).getType().isInteger(1);
    return integer([=](Args a) { return toBool ? asInt(a[0]) & 1 : asInt(a[0]); });
  };
  table["arith.fptosi"] = always(
      stepwise([](double x) { return std::trunc(x); }, [](double x) { return std::fabs(x - std::nearbyint(x)); }));
  return table;
}

const llvm::StringMap<Maker> &table() {
  static const llvm::StringMap<Maker> table = makeTable();
  return table;
}

} // namespace

bool rondo::isUndecided(Scalar a, Scalar b) {
  double scale = a.scale + b.scale;
  return scale > 0 && (scale == kInfinity || std::fabs(a.value - b.value) <= kTie * kEpsilon * scale);
}

bool rondo::isScalarOp(Operation *op) { return table().contains(op->getName().getStringRef()); }

ScalarFunction rondo::scalarFunction(Operation *op) {
  auto found = table().find(op->getName().getStringRef());
  return found == table().end() ? ScalarFunction() : found->second(op);
}

LogSumExp rondo::logSumExp(ArrayRef<Scalar> terms) {
  double top = -kInfinity;
  for (Scalar term : terms)
    top = std::max(top, term.value);
  if (!std::isfinite(top))
    return {top, 1, 0};
  double sum = 0, errors = 0;
  for (Scalar term : terms) {
    double weight = std::exp(term.value - top);
    sum += weight;
    if (weight > 0) // the difference is rounded, then its exponential
      errors += weight * (term.scale + std::fabs(term.value - top) + 1);
  }
  return {top, sum, errors / sum};
}
