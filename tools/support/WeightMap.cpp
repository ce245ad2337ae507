#include "tools/support/WeightMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/GlobPattern.h"
#include <cmath>
#include <set>

using namespace llvm;

namespace rondo {

//===--- Reading --------------------------------------------------------===//

static Error parseTerm(StringRef text, WeightMap::Term &term) {
  text = text.trim();
  if (text.empty())
    return makeError("a tensor's name is expected");
  if (!text.getAsDouble(term.number))
    return Error::success();
  if (text.ends_with("]")) {
    auto [name, index] = text.drop_back().rsplit('[');
    if (index.getAsInteger(10, term.index) || term.index < 0)
      return makeError("`%s`: in brackets stands one index of the leading axis", text.str().c_str());
    text = name;
  }
  term.name = text.str();
  return Error::success();
}

static Error parseTargets(StringRef text, WeightMap::Line &line) {
  auto [prefix, names] = text.split(':');
  SmallVector<StringRef> words;
  if (prefix.size() == text.size()) {
    SplitString(text, words);
    for (StringRef word : ArrayRef(words).drop_front(words.empty() ? 0 : 1)) {
      if (word == "transposed")
        line.transposed = true;
      else if (word == "reshaped")
        line.reshaped = true;
      else
        return makeError(
            "after `%s` may stand `transposed` or `reshaped`, not `%s`; several names need a colon before them",
            words[0].str().c_str(), word.str().c_str());
    }
    words.truncate(std::min<size_t>(words.size(), 1));
    for (StringRef word : words)
      line.targets.push_back(word.str());
  } else {
    SplitString(names, words);
    for (StringRef word : words)
      line.targets.push_back(word == "_" ? "" : (prefix.trim().empty() ? word : prefix.trim() + "." + word).str());
  }
  if (line.targets.empty())
    return makeError("behind -> the model's names are expected");
  return Error::success();
}

Expected<WeightMap> WeightMap::parse(StringRef path, StringRef text) {
  WeightMap map;
  map.path = path.str();
  SmallVector<StringRef> rows;
  text.split(rows, '\n');
  for (auto [i, row] : enumerate(rows)) {
    StringRef line = row.split('#').first.trim();
    if (line.empty())
      continue;
    unsigned number = i + 1;
    auto located = [&](Error error) {
      return makeError("%s:%u: %s", map.path.c_str(), number, toString(std::move(error)).c_str());
    };
    if (line.consume_front("ignore ")) {
      map.ignored.push_back(line.trim().str());
      continue;
    }
    size_t arrow = line.find("->");
    if (arrow == StringRef::npos)
      return located(makeError("`NAME -> name` or `ignore NAME` is expected"));
    Line parsed{number, {}, {}};
    SmallVector<StringRef> terms;
    line.take_front(arrow).split(terms, '+');
    for (StringRef term : terms)
      if (Error error = parseTerm(term, parsed.terms.emplace_back()))
        return located(std::move(error));
    if (Error error = parseTargets(line.drop_front(arrow + 2).trim(), parsed))
      return located(std::move(error));
    map.lines.push_back(std::move(parsed));
  }
  return map;
}

//===--- Applying -------------------------------------------------------===//

using Bindings = std::map<std::string, std::string>;

/// Matches `pattern` with its {n} against `name`; a bound one must be the same number again.
static bool match(StringRef pattern, StringRef name, Bindings &bound) {
  while (!pattern.empty()) {
    if (pattern[0] != '{') {
      if (name.empty() || name[0] != pattern[0])
        return false;
      pattern = pattern.drop_front();
      name = name.drop_front();
      continue;
    }
    size_t close = pattern.find('}');
    std::string variable = pattern.slice(1, close).str();
    StringRef digits = name.take_while(isDigit);
    if (digits.empty() || close == StringRef::npos)
      return false;
    auto [place, fresh] = bound.try_emplace(variable, digits.str());
    if (!fresh && place->second != digits)
      return false;
    pattern = pattern.drop_front(close + 1);
    name = name.drop_front(digits.size());
  }
  return name.empty();
}

static std::string substitute(StringRef pattern, const Bindings &bound) {
  std::string text = pattern.str();
  for (auto &[variable, value] : bound) {
    std::string hole = "{" + variable + "}";
    for (size_t at; (at = text.find(hole)) != std::string::npos;)
      text.replace(at, hole.size(), value);
  }
  return text;
}

namespace {
/// One import under way: which rows of which source tensor some line has read.
struct Applying {
  const Arrays &source;
  const Shapes &model;
  const std::map<std::string, int64_t> &whole;
  std::map<std::string, std::vector<bool>> read;
  std::set<std::string> refused; // said to be wrong, so not also missing
  Import result;

  void line(const WeightMap &map, const WeightMap::Line &line);
  void apply(const std::string &where, const WeightMap::Line &line, const Bindings &bound);
  bool sum(const std::string &where, const WeightMap::Line &line, const Bindings &bound, SmallVector<int64_t> &shape,
           std::vector<float> &total, std::string &text);
  void place(const std::string &where, const std::string &target, SmallVector<int64_t> shape, ArrayRef<float> values,
             const WeightMap::Line &line);
  /// A table of integers; empty, and said, where a value is none or is not below the bound.
  std::optional<Array> integers(const std::string &where, const std::string &target, ArrayRef<int64_t> shape,
                                ArrayRef<float> values);
  void markRead(const std::string &name, const WeightMap::Term &term, const WeightMap::Line &line, size_t rows);
};
} // namespace

void Applying::line(const WeightMap &map, const WeightMap::Line &line) {
  std::string where = map.path + ":" + std::to_string(line.number) + ": ";
  auto named = find_if(line.terms, [](const WeightMap::Term &term) { return !term.name.empty(); });
  if (named == line.terms.end() || named->name.find('{') == std::string::npos) {
    if (named == line.terms.end() || source.count(named->name))
      apply(where, line, {});
    return;
  }
  // The first named tensor decides which numbers there are; a line that matches nothing is for another size of model.
  for (auto &[name, array] : source) {
    Bindings bound;
    if (match(named->name, name, bound))
      apply(where, line, bound);
  }
}

bool Applying::sum(const std::string &where, const WeightMap::Line &line, const Bindings &bound,
                   SmallVector<int64_t> &shape, std::vector<float> &total, std::string &text) {
  double offset = 0;
  for (const WeightMap::Term &term : line.terms) {
    text += text.empty() ? "" : " + ";
    if (term.name.empty()) {
      text += formatv("{0}", term.number);
      offset += term.number;
      continue;
    }
    std::string name = substitute(term.name, bound);
    auto found = source.find(name);
    text += name + (term.index >= 0 ? "[" + std::to_string(term.index) + "]" : "");
    if (found == source.end()) {
      result.wrong.push_back(where + "the file has no " + name);
      return false;
    }
    const Array &array = found->second;
    bool forIntegers = all_of(line.targets, [&](const std::string &target) {
      return target.empty() || whole.count(substitute(target, bound));
    });
    if (!isReal(array.element) && !forIntegers) {
      result.wrong.push_back(where + name + " holds " + nameOf(array.element).str() + ", not reals");
      return false;
    }
    SmallVector<int64_t> own = array.shape;
    std::vector<float> values = array.floats();
    if (array.element == Element::F64)
      for (auto [i, value] : enumerate(values))
        if (std::isinf(value) && std::isfinite(array.at(i))) {
          result.wrong.push_back(where + name + formatv(" holds {0:e}, which is more than f32 has", array.at(i)).str());
          return false;
        }
    if (term.index >= 0) {
      if (own.empty() || term.index >= own[0]) {
        result.wrong.push_back(where + name + " has shape " + printShape(own) + ": no index " +
                               std::to_string(term.index));
        return false;
      }
      int64_t rest = array.count() / own[0];
      values = std::vector<float>(values.begin() + term.index * rest, values.begin() + (term.index + 1) * rest);
      own.erase(own.begin());
    }
    if (total.empty()) {
      shape = own;
      total = std::move(values);
    } else if (shape != own) {
      result.wrong.push_back(where + "a sum of shapes " + printShape(shape) + " and " + printShape(own));
      return false;
    } else {
      for (size_t i = 0; i < total.size(); ++i)
        total[i] += values[i];
    }
  }
  for (float &value : total)
    value += offset;
  return true;
}

void Applying::markRead(const std::string &name, const WeightMap::Term &term, const WeightMap::Line &line,
                        size_t rows) {
  std::vector<bool> &seen = read[name];
  seen.resize(rows);
  size_t blocks = line.targets.size();
  for (size_t row = 0; row < rows; ++row)
    if (term.index >= 0 ? row == static_cast<size_t>(term.index)
                        : blocks == 1 || rows % blocks || !line.targets[row / (rows / blocks)].empty())
      seen[row] = true;
}

void Applying::apply(const std::string &where, const WeightMap::Line &line, const Bindings &bound) {
  SmallVector<int64_t> shape;
  std::vector<float> total;
  std::string text;
  bool constant = all_of(line.terms, [](const WeightMap::Term &term) { return term.name.empty(); });
  for (const WeightMap::Term &term : line.terms)
    if (auto found = source.find(substitute(term.name, bound)); found != source.end())
      markRead(found->first, term, line, found->second.shape.empty() ? 1 : found->second.shape[0]);
  if (!constant && !sum(where, line, bound, shape, total, text))
    return;

  if (constant) {
    double number = 0;
    for (const WeightMap::Term &term : line.terms)
      number += term.number;
    for (const std::string &name : line.targets) {
      std::string target = substitute(name, bound);
      auto cell = model.find(target);
      if (cell == model.end())
        continue; // a constant is for the models that have the name
      Array array{Element::F32, cell->second, {}};
      place(where, target, cell->second, std::vector<float>(array.count(), number), line);
      result.done.push_back(formatv("{0} -> {1}", number, target));
    }
    return;
  }

  size_t blocks = line.targets.size();
  if (blocks > 1 && (shape.empty() || shape[0] % blocks)) {
    result.wrong.push_back(where + text + " " + printShape(shape) + ": its rows do not fall into " +
                           std::to_string(blocks) + " equal blocks");
    return;
  }
  SmallVector<int64_t> block = shape;
  if (blocks > 1)
    block[0] /= blocks;
  size_t size = total.size() / blocks;
  std::string names;
  for (auto [i, name] : enumerate(line.targets)) {
    names += (i ? " " : "") + (name.empty() ? "_" : substitute(name, bound));
    if (!name.empty())
      place(where, substitute(name, bound), block, ArrayRef(total).slice(i * size, size), line);
  }
  result.done.push_back(text + " " + printShape(shape) + " -> " + names + (line.terms.size() > 1 ? "  summed" : "") +
                        (line.transposed ? "  transposed" : "") + (line.reshaped ? "  reshaped" : ""));
}

std::optional<Array> Applying::integers(const std::string &where, const std::string &target, ArrayRef<int64_t> shape,
                                        ArrayRef<float> values) {
  constexpr float exact = 1 << 24; // a float has no odd numbers from there on
  int64_t bound = whole.at(target);
  std::vector<int32_t> ints;
  for (float value : values) {
    bool fits = std::abs(value) < exact && (!bound || (value >= 0 && value < bound));
    if (!fits || value != std::floor(value)) {
      result.wrong.push_back(where + target + " holds whole numbers " +
                             (bound ? "from 0 to " + std::to_string(bound - 1) : "of any size") +
                             formatv(" in the model, and {0:f0} comes from the file{1}", value,
                                     std::abs(value) < exact ? "" : "; beyond 16777215 none is read exactly")
                                 .str());
      return std::nullopt;
    }
    ints.push_back(value);
  }
  return Array::ofInts(shape, ints);
}

void Applying::place(const std::string &where, const std::string &target, SmallVector<int64_t> shape,
                     ArrayRef<float> values, const WeightMap::Line &line) {
  auto cell = model.find(target);
  if (cell == model.end()) {
    result.wrong.push_back(where + "the model has no parameter " + target);
    return;
  }
  refused.insert(target);
  std::vector<float> turned;
  if (line.transposed) {
    if (shape.size() != 2) {
      result.wrong.push_back(where + target + ": only matrices are transposed, and this is " + printShape(shape));
      return;
    }
    turned.resize(values.size());
    for (int64_t r = 0; r < shape[0]; ++r)
      for (int64_t c = 0; c < shape[1]; ++c)
        turned[c * shape[0] + r] = values[r * shape[1] + c];
    std::swap(shape[0], shape[1]);
    values = turned;
  }
  std::optional<Array> made =
      whole.count(target) ? integers(where, target, shape, values) : Array::ofFloats(shape, values);
  if (!made)
    return;
  Array array = std::move(*made);
  if (shape != cell->second && !(line.reshaped && array.count() == Array{Element::F32, cell->second, {}}.count())) {
    result.wrong.push_back(where + target + " is " + printShape(cell->second) + " in the model, and " +
                           printShape(shape) + " comes from the file");
    return;
  }
  array.shape = cell->second;
  if (!result.weights.try_emplace(target, std::move(array)).second)
    result.wrong.push_back(where + target + " is given twice");
}

Import importWeights(const WeightMap &map, const Arrays &source, const Shapes &model,
                     const std::map<std::string, int64_t> &whole) {
  Applying applying{source, model, whole, {}, {}, {}};
  for (const WeightMap::Line &line : map.lines)
    applying.line(map, line);
  Import &result = applying.result;
  for (auto &[name, shape] : model)
    if (!result.weights.count(name) && !applying.refused.count(name))
      result.missing.push_back(name + " " + printShape(shape));
  for (auto &[name, array] : source) {
    bool ignored = any_of(map.ignored, [&, &name = name](const std::string &pattern) {
      auto glob = GlobPattern::create(pattern);
      if (!glob) {
        consumeError(glob.takeError());
        return pattern == name;
      }
      return glob->match(name);
    });
    if (ignored)
      continue;
    std::vector<bool> &seen = applying.read[name];
    if (seen.empty()) {
      result.unused.push_back(name + " " + printShape(array.shape));
    } else if (auto first = find(seen, false); first != seen.end()) {
      auto last = std::find(seen.rbegin(), seen.rend(), false);
      result.unused.push_back(formatv("{0} {1}: rows {2}..{3}", name, printShape(array.shape), first - seen.begin(),
                                      seen.size() - 1 - (last - seen.rbegin())));
    }
  }
  return std::move(result);
}

} // namespace rondo
