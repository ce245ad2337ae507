// Axes: the encoding attribute, types made from axes, and length expressions in normal form.
#include "ir/Axes.h"
#include "ir/EquationSyntax.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringExtras.h"
#include <map>

using namespace mlir;
using namespace rondo;

std::pair<StringRef, StringRef> rondo::splitAxis(StringRef axis) {
  // A length expression has parentheses too, but these follow the end of one: "(t+3) div 4(b)".
  size_t open = axis.rfind('(');
  if (open == 0 || open == StringRef::npos || !axis.ends_with(")") ||
      (!llvm::isAlnum(axis[open - 1]) && axis[open - 1] != '_' && axis[open - 1] != ')'))
    return {axis, ""};
  return {axis.take_front(open), axis.slice(open + 1, axis.size() - 1)};
}

//===--- Types ---------------------------------------------------------------------------------------------------===//

static AxesAttr axesOf(RankedTensorType type) { return dyn_cast_or_null<AxesAttr>(type.getEncoding()); }

/// Place of a dynamic dimension among the dynamic ones.
static unsigned dynamicPlace(RankedTensorType type, unsigned dim) {
  return llvm::count_if(type.getShape().take_front(dim), ShapedType::isDynamic);
}

StringRef rondo::axisOf(RankedTensorType type, unsigned dim) {
  AxesAttr axes = axesOf(type);
  if (!axes || !type.isDynamicDim(dim))
    return "";
  return axes.getNames()[dynamicPlace(type, dim)].getValue();
}

StringRef rondo::parentOf(RankedTensorType type, unsigned dim) {
  AxesAttr axes = axesOf(type);
  if (!axes || !type.isDynamicDim(dim))
    return "";
  return axes.getParents()[dynamicPlace(type, dim)].getValue();
}

std::string rondo::axisText(RankedTensorType type, unsigned dim) {
  std::string text = axisOf(type, dim).str();
  if (StringRef parent = parentOf(type, dim); !parent.empty())
    text += "(" + parent.str() + ")";
  return text;
}

std::optional<unsigned> rondo::dimOfAxis(RankedTensorType type, StringRef axis) {
  for (unsigned dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim) && axisOf(type, dim) == axis)
      return dim;
  return std::nullopt;
}

RankedTensorType rondo::makeType(ArrayRef<int64_t> shape, ArrayRef<std::string> axes, Type element) {
  Attribute encoding;
  if (!axes.empty())
    encoding = AxesAttr::get(element.getContext(), axes);
  return RankedTensorType::get(shape, element, encoding);
}

static SmallVector<std::string> axisTexts(RankedTensorType type) {
  SmallVector<std::string> axes;
  for (unsigned dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      axes.push_back(axisText(type, dim));
  return axes;
}

RankedTensorType rondo::dropDim(RankedTensorType type, unsigned dim) {
  SmallVector<int64_t> shape(type.getShape());
  SmallVector<std::string> axes = axisTexts(type);
  if (type.isDynamicDim(dim))
    axes.erase(axes.begin() + dynamicPlace(type, dim));
  shape.erase(shape.begin() + dim);
  return makeType(shape, axes, type.getElementType());
}

RankedTensorType rondo::insertDim(RankedTensorType type, unsigned dim, int64_t size, StringRef axis) {
  SmallVector<int64_t> shape(type.getShape());
  SmallVector<std::string> axes = axisTexts(type);
  if (!axis.empty())
    axes.insert(axes.begin() + dynamicPlace(type, dim), axis.str());
  shape.insert(shape.begin() + dim, axis.empty() ? size : ShapedType::kDynamic);
  return makeType(shape, axes, type.getElementType());
}

RankedTensorType rondo::withElement(RankedTensorType type, Type element) {
  return RankedTensorType::get(type.getShape(), element, type.getEncoding());
}

bool rondo::sameDomain(RankedTensorType a, RankedTensorType b) {
  return a.getShape() == b.getShape() && a.getEncoding() == b.getEncoding();
}

//===--- Length expressions --------------------------------------------------------------------------------------===//

namespace {
/// A sum of multiples of atoms (a base axis, or a quotient printed in normal form) and a constant.
struct LinearLength {
  std::map<std::string, int64_t> terms;
  int64_t constant = 0;

  void add(const LinearLength &other, int64_t factor = 1) {
    for (auto &[atom, count] : other.terms)
      if ((terms[atom] += factor * count) == 0)
        terms.erase(atom);
    constant += factor * other.constant;
  }
  std::string str() const {
    std::string text;
    for (auto &[atom, count] : terms) {
      if (!text.empty() && count > 0)
        text += "+";
      bool quotient = atom.find(' ') != std::string::npos;
      if (count == 1)
        text += atom;
      else
        text += std::to_string(count) + "*" + (quotient ? "(" + atom + ")" : atom);
    }
    if (text.empty())
      return std::to_string(constant);
    if (constant)
      text += (constant > 0 ? "+" : "") + std::to_string(constant);
    return text;
  }
};

/// sum = ["-"] term { ("+" | "-") term } ; term = factor { "*" factor | "div" number } ; factor = name | number | "("
/// sum ")".
class LengthParser {
public:
  explicit LengthParser(StringRef text) : rest(text) {}
  std::optional<LinearLength> parse() {
    auto sum = parseSum();
    return sum && rest.trim().empty() ? sum : std::nullopt;
  }

private:
  static constexpr unsigned kDeepest = 256; // of parentheses

  StringRef rest;
  unsigned depth = 0;

  bool take(StringRef token) {
    rest = rest.ltrim();
    return rest.consume_front(token);
  }
  std::optional<LinearLength> parseSum() {
    LinearLength sum;
    int64_t sign = take("-") ? -1 : 1;
    while (true) {
      auto term = parseTerm();
      if (!term)
        return std::nullopt;
      sum.add(*term, sign);
      if (take("+"))
        sign = 1;
      else if (take("-"))
        sign = -1;
      else
        return sum;
    }
  }
  std::optional<LinearLength> parseTerm() {
    auto term = parseFactor();
    while (term) {
      if (take("*")) {
        auto factor = parseFactor();
        if (!factor || (!factor->terms.empty() && !term->terms.empty()))
          return std::nullopt;
        if (!term->terms.empty())
          std::swap(*term, *factor);
        LinearLength product;
        product.add(*factor, term->constant);
        term = product;
      } else if (take("div ")) {
        auto divisor = parseFactor();
        if (!divisor || !divisor->terms.empty() || divisor->constant <= 0)
          return std::nullopt;
        term = quotient(*term, divisor->constant);
      } else {
        return term;
      }
    }
    return std::nullopt;
  }
  static LinearLength quotient(const LinearLength &value, int64_t divisor) {
    LinearLength result;
    if (value.terms.empty()) {
      result.constant = (value.constant - (((value.constant % divisor) + divisor) % divisor)) / divisor;
      return result;
    }
    std::string text = value.str();
    bool plain = llvm::all_of(text, [](char c) { return llvm::isAlnum(c) || c == '_' || c == '.'; });
    result.terms[(plain ? text : "(" + text + ")") + " div " + std::to_string(divisor)] = 1;
    return result;
  }
  std::optional<LinearLength> parseFactor() {
    LinearLength value;
    if (take("(")) {
      if (++depth > kDeepest)
        return std::nullopt;
      auto sum = parseSum();
      --depth;
      return sum && take(")") ? sum : std::nullopt;
    }
    rest = rest.ltrim();
    StringRef word = rest.take_while([](char c) { return llvm::isAlnum(c) || c == '_' || c == '.' || c == '$'; });
    if (word.empty())
      return std::nullopt;
    rest = rest.drop_front(word.size());
    if (llvm::isDigit(word[0])) {
      if (word.getAsInteger(10, value.constant))
        return std::nullopt;
    } else {
      value.terms[word.str()] = 1;
    }
    return value;
  }
};
} // namespace

std::string rondo::normalAxis(StringRef expression) {
  auto value = LengthParser(expression).parse();
  return value ? value->str() : "";
}

std::string rondo::axisSum(ArrayRef<std::string> lengths) {
  LinearLength sum;
  for (const std::string &length : lengths) {
    auto value = LengthParser(length).parse();
    if (!value)
      return "";
    sum.add(*value);
  }
  return sum.str();
}

std::optional<int64_t> rondo::axisLength(StringRef expression,
                                         function_ref<std::optional<int64_t>(StringRef)> lengthOf) {
  auto value = LengthParser(expression).parse();
  if (!value)
    return std::nullopt;
  int64_t sum = value->constant;
  for (auto &[atom, count] : value->terms) {
    std::optional<int64_t> length;
    StringRef text = atom;
    if (auto [numerator, divisor] = text.rsplit(" div "); !divisor.empty()) {
      int64_t by = 1;
      divisor.getAsInteger(10, by);
      length = axisLength(numerator, lengthOf);
      if (length)
        length = (*length - (((*length % by) + by) % by)) / by;
    } else {
      length = lengthOf(text);
    }
    if (!length)
      return std::nullopt;
    sum += count * *length;
  }
  return sum;
}

std::optional<AxisForm> rondo::axisForm(StringRef expression) {
  auto value = LengthParser(expression).parse();
  if (!value)
    return std::nullopt;
  AxisForm form;
  if (value->terms.size() == 1 && value->constant == 0 && value->terms.begin()->second == 1)
    if (auto [numerator, divisor] = StringRef(value->terms.begin()->first).rsplit(" div "); !divisor.empty()) {
      auto inner = LengthParser(numerator).parse();
      if (!inner || divisor.getAsInteger(10, form.divisor))
        return std::nullopt;
      value = inner;
    }
  form.constant = value->constant;
  form.terms.assign(value->terms.begin(), value->terms.end());
  return form;
}

void rondo::walkBaseAxes(StringRef expression, function_ref<void(StringRef)> callback) {
  auto value = LengthParser(expression).parse();
  if (!value)
    return;
  for (auto &entry : value->terms) {
    StringRef text = entry.first;
    if (auto [numerator, divisor] = text.rsplit(" div "); !divisor.empty())
      walkBaseAxes(numerator, callback);
    else
      callback(text);
  }
}

//===--- #rondo.ax -----------------------------------------------------------------------------------------------===//

Attribute AxesAttr::parse(AsmParser &parser, Type) {
  SmallVector<StringAttr> names, parents;
  auto parseOne = [&]() -> ParseResult {
    std::string name, parent;
    if (parseAxis(parser, name))
      return failure();
    if (succeeded(parser.parseOptionalLParen()) && (parseAxis(parser, parent) || parser.parseRParen()))
      return failure();
    names.push_back(StringAttr::get(parser.getContext(), name));
    parents.push_back(StringAttr::get(parser.getContext(), parent));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, parseOne))
    return {};
  return get(parser.getContext(), names, parents);
}

void AxesAttr::print(AsmPrinter &printer) const {
  printer << "<";
  llvm::interleaveComma(llvm::zip(getNames(), getParents()), printer, [&](auto axis) {
    auto [name, parent] = axis;
    printAxis(printer, name.getValue());
    if (!parent.empty()) {
      printer << "(";
      printAxis(printer, parent.getValue());
      printer << ")";
    }
  });
  printer << ">";
}

LogicalResult AxesAttr::verifyEncoding(ArrayRef<int64_t> shape, Type, function_ref<InFlightDiagnostic()> emit) const {
  size_t dynamic = llvm::count_if(shape, ShapedType::isDynamic);
  if (getNames().empty()) // A1: a type without dynamic dimensions is spelt in one way
    return emit() << "names no axis";
  if (dynamic != getNames().size()) // A1
    return emit() << "expected an axis for each of the " << dynamic << " dynamic dimensions, found "
                  << getNames().size();
  for (auto [place, name, parent] : llvm::enumerate(getNames(), getParents())) {
    if (!parent.empty() &&
        (parent.getValue() != "b" || !llvm::is_contained(getNames().take_front(place), parent))) // A2
      return emit() << "axis " << name.getValue() << " is ragged in " << parent.getValue()
                    << ", expected b, earlier in the type";
    if (name.empty() || normalAxis(name.getValue()) != name.getValue()) // A3
      return emit() << "axis '" << name.getValue() << "' is neither a name nor a length expression in normal form";
  }
  return success();
}
