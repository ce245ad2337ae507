// Collecting diagnostics and showing them.
#include "dsl/Diagnostics.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

using namespace rondo;
using llvm::raw_ostream;
using llvm::StringRef;

Diagnostic &Diagnostics::error(std::string code, Range range, std::string message) {
  Diagnostic &d = list.emplace_back();
  d.code = std::move(code);
  d.range = range;
  d.message = std::move(message);
  return d;
}

Diagnostic &Diagnostics::warning(std::string code, Range range, std::string message) {
  Diagnostic &d = error(std::move(code), range, std::move(message));
  d.severity = Severity::Warning;
  return d;
}

unsigned Diagnostics::errors() const {
  return std::count_if(list.begin(), list.end(), [](auto &d) { return d.severity == Severity::Error; });
}

std::vector<const Diagnostic *> Diagnostics::sorted() const {
  std::vector<const Diagnostic *> order;
  std::vector<const Source *> sources; // in the order first met
  auto rank = [&](const Source *s) { return std::find(sources.begin(), sources.end(), s) - sources.begin(); };
  for (const Diagnostic &d : list) {
    order.push_back(&d);
    if (rank(d.range.source) == (long)sources.size())
      sources.push_back(d.range.source);
  }
  std::vector<size_t> index(order.size());
  std::iota(index.begin(), index.end(), 0);
  llvm::sort(index, [&](size_t a, size_t b) {
    Range x = order[a]->range, y = order[b]->range;
    return std::tuple(rank(x.source), x.begin, a) < std::tuple(rank(y.source), y.begin, b);
  });
  std::vector<const Diagnostic *> sorted;
  for (size_t i : index)
    sorted.push_back(order[i]);
  return sorted;
}

void Diagnostics::print(raw_ostream &os, bool colour) const {
  std::vector<const Diagnostic *> all = sorted();
  size_t shown = std::min<size_t>(all.size(), mostShown);
  for (size_t i = 0; i < shown; ++i) {
    if (i)
      os << '\n';
    rondo::print(os, *all[i], colour);
  }
  if (shown < all.size())
    os << llvm::formatv("\n{0} more not shown: first mend these (`rondo check --json` has all)\n", all.size() - shown);
}

std::string Diagnostics::str() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  print(os);
  return text;
}

//===--- Text -----------------------------------------------------------===//

namespace {

struct Style {
  StringRef bold, error, mark, off;
};

/// A marked stretch of one line, in characters from its beginning.
struct Mark {
  unsigned begin, end;
  StringRef text;
};

/// How many characters the bytes of `text` make (continuation bytes of UTF-8 count nothing).
unsigned width(StringRef text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return ((unsigned char)c & 0xC0) != 0x80; });
}

} // namespace

static void printLine(raw_ostream &os, StringRef line, unsigned number, unsigned gutter, std::vector<Mark> marks,
                      const Style &style) {
  // Machine-written lines may be of any length: show the part around the marks.
  constexpr unsigned longest = 160;
  std::string shown = line.str();
  std::replace(shown.begin(), shown.end(), '\t', ' ');
  if (shown.size() > longest) {
    unsigned from = marks.front().begin > longest / 2 ? marks.front().begin - longest / 2 : 0;
    shown = (from ? "..." : "") + shown.substr(from, longest) + (from + longest < line.size() ? "..." : "");
    for (Mark &m : marks) {
      unsigned shift = from ? from - 3 : 0;
      m.begin = std::min<unsigned>(m.begin - std::min(m.begin, shift), shown.size());
      m.end = std::min<unsigned>(std::max(m.end - std::min(m.end, shift), m.begin + 1), shown.size() + 1);
    }
  }
  std::string n = std::to_string(number);
  os << ' ' << std::string(gutter - n.size(), ' ') << n << " | " << shown << '\n';

  // One row of carets; the last text stands beside it, the others below, each under its place, right to left.
  std::string carets;
  for (const Mark &m : marks) {
    carets.resize(std::max<size_t>(carets.size(), m.end), ' ');
    std::fill(carets.begin() + m.begin, carets.begin() + m.end, '^');
  }
  std::string margin = ' ' + std::string(gutter, ' ') + " | ";
  os << margin << style.mark << carets << style.off;
  bool beside = marks.back().end == carets.size();
  if (beside && !marks.back().text.empty())
    os << ' ' << marks.back().text;
  os << '\n';
  if (beside)
    marks.pop_back();
  for (const Mark &m : llvm::reverse(marks))
    if (!m.text.empty())
      os << margin << std::string(m.begin, ' ') << m.text << '\n';
}

void rondo::print(raw_ostream &os, const Diagnostic &d, bool colour) {
  Style style;
  if (colour)
    style = {"\033[1m", d.severity == Severity::Error ? "\033[1;31m" : "\033[1;33m", "\033[1;36m", "\033[0m"};
  os << style.bold;
  if (d.range)
    os << d.range.source->path << ':' << d.range.line() << ':' << d.range.column() << ": ";
  os << style.error << (d.severity == Severity::Error ? "error" : "warning") << '[' << d.code << "]" << style.off
     << style.bold << ": " << d.message << style.off << '\n';

  // Marks by source (the diagnostic's own first), then line.
  std::vector<Diagnostic::Label> labels = d.labels;
  if (d.range && llvm::none_of(labels, [&](auto &l) { return l.range == d.range; }))
    labels.push_back({d.range, ""});
  std::vector<const Source *> sources;
  std::map<const Source *, std::map<unsigned, std::vector<Mark>>> marks;
  if (d.range)
    sources.push_back(d.range.source);
  unsigned last = 0;
  for (const Diagnostic::Label &l : labels) {
    if (!l.range)
      continue;
    const Source &source = *l.range.source;
    if (llvm::find(sources, &source) == sources.end())
      sources.push_back(&source);
    unsigned number = l.range.line();
    StringRef line = source.line(number);
    uint32_t from = l.range.begin - source.lineStart(number);
    uint32_t to = std::max<uint32_t>(l.range.end - source.lineStart(number), from + 1);
    unsigned begin = width(line.take_front(from));
    unsigned end = to > line.size() ? std::max(width(line), begin + 1) : width(line.take_front(to));
    marks[&source][number].push_back({begin, std::max(end, begin + 1), l.text});
    last = std::max(last, number);
  }
  unsigned gutter = std::max<unsigned>(2, std::to_string(last).size());
  for (const Source *source : sources) {
    if (source != d.range.source)
      os << " in " << source->path << ":\n";
    for (auto &[number, row] : marks[source]) {
      llvm::sort(row,
                 [](const Mark &a, const Mark &b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
      printLine(os, source->line(number), number, gutter, row, style);
    }
  }
  for (const Diagnostic::Note &n : d.notes)
    os << ' ' << style.bold << n.heading << ':' << style.off << ' ' << n.text << '\n';
  if (!d.help.empty())
    os << ' ' << style.bold << "help:" << style.off << ' ' << d.help << '\n';
}

//===--- JSON -----------------------------------------------------------===//

static llvm::json::Object place(Range range) {
  if (!range)
    return llvm::json::Object();
  const Source &s = *range.source;
  uint32_t last = std::max(range.begin, range.end);
  return llvm::json::Object{{"file", s.path},
                            {"line", range.line()},
                            {"column", range.column()},
                            {"end_line", s.lineOf(last)},
                            {"end_column", s.columnOf(last)}};
}

void Diagnostics::printJSON(raw_ostream &os) const {
  llvm::json::Array all;
  for (const Diagnostic *d : sorted()) {
    llvm::json::Object object{{"code", d->code},
                              {"severity", d->severity == Severity::Error ? "error" : "warning"},
                              {"message", llvm::json::fixUTF8(d->message)},
                              {"range", place(d->range)}};
    llvm::json::Array labels, notes;
    for (const auto &l : d->labels)
      labels.push_back(llvm::json::Object{{"range", place(l.range)}, {"text", llvm::json::fixUTF8(l.text)}});
    for (const auto &n : d->notes)
      notes.push_back(llvm::json::Object{{n.heading, llvm::json::fixUTF8(n.text)}});
    object["labels"] = std::move(labels);
    object["notes"] = std::move(notes);
    if (!d->help.empty())
      object["help"] = llvm::json::fixUTF8(d->help);
    all.push_back(std::move(object));
  }
  os << llvm::formatv("{0:2}", llvm::json::Value(std::move(all))) << '\n';
}
