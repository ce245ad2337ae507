// Formatting: tokens to lines, then columns, then text.
#include "dsl/Format.h"

#include "dsl/AstPrinter.h"
#include "dsl/Parser.h"
#include "dsl/Spacing.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

using namespace rondo;
using namespace rondo::ast;
using llvm::StringRef;

namespace {

/// What neighbouring lines are put in columns with.
enum class Column { None, Cell, Bind, Export, Fn };

struct Line {
  unsigned indent = 0;
  std::string text;    // without indentation; empty: only a comment
  std::string comment; // with its `#`
  bool afterBlank = false;
  Column column = Column::None;
  size_t colon = 0, equal = 0; // where they stand in `text`; 0: nowhere

  size_t width() const { return indent + text.size(); }
};

class Formatter {
public:
  Formatter(const Source &source, llvm::ArrayRef<Token> tokens, const File &file)
      : source(source), tokens(tokens), spacing(source, tokens) {
    for (const LayerDecl *layer : file.layers) {
      starts[layer->range.begin] = Column::None;
      for (const ast::Member *member : layer->members)
        this->member(member);
    }
    for (const FnDecl *fn : file.fns)
      member(fn);
  }
  std::string run();

private:
  void member(const ast::Member *member);
  void statements(llvm::ArrayRef<Stmt *> body);
  void findBraces();
  void gap(size_t i);
  void token(size_t i);
  template <typename Same, typename Align>
  void runs(Same same, Align align);
  void alignSigns();
  void alignComments();

  const Source &source;
  llvm::ArrayRef<Token> tokens;
  Spacing spacing;
  llvm::DenseMap<uint32_t, Column> starts; // of statements, members and declarations
  std::vector<bool> breaks;                // a line begins here, whoever wrote it
  std::vector<Line> lines;
  unsigned depth = 0; // of braces
  bool blank = false; // an empty line was seen
  bool fresh = true;  // the next token begins a line
};

} // namespace

void Formatter::member(const ast::Member *member) {
  Column column = Column::None;
  switch (member->kind) {
  case Member::Cell:
    column = Column::Cell;
    break;
  case Member::Bind:
    column = Column::Bind;
    break;
  case Member::Export:
    column = Column::Export;
    break;
  case Member::Fn: {
    auto *fn = llvm::cast<FnDecl>(member);
    column = fn->value ? Column::Fn : Column::None;
    statements(fn->body);
    break;
  }
  case Member::Setting:
  case Member::Require:
    break;
  }
  starts[member->range.begin] = column;
}

void Formatter::statements(llvm::ArrayRef<Stmt *> body) {
  for (const Stmt *stmt : body) {
    starts[stmt->range.begin] = Column::None;
    if (auto *loop = llvm::dyn_cast<ForStmt>(stmt))
      statements(loop->body);
  }
}

/// A block that is not on one line has its braces at the ends of lines.
void Formatter::findBraces() {
  breaks.resize(tokens.size());
  std::vector<size_t> open;
  for (size_t i = 0; i < tokens.size(); ++i) {
    breaks[i] = breaks[i] || (tokens[i].startsLine && tokens[i].kind != Tok::LBrace);
    if (tokens[i].kind == Tok::LBrace)
      open.push_back(i);
    if (tokens[i].kind != Tok::RBrace || open.empty())
      continue;
    size_t begin = open.back();
    open.pop_back();
    bool many = false;
    for (size_t k = begin + 1; k <= i; ++k)
      many |= tokens[k].startsLine;
    if (many)
      breaks[begin + 1] = breaks[i] = true;
  }
}

/// Comments and empty lines before token `i`.
void Formatter::gap(size_t i) {
  uint32_t from = i ? tokens[i - 1].end : 0;
  StringRef text = StringRef(source.text).slice(from, tokens[i].begin);
  if (i == 0)
    text.consume_front("\xEF\xBB\xBF");
  bool behind = i != 0; // still on the line of the token before
  while (true) {
    auto [line, rest] = text.split('\n');
    bool last = line.size() == text.size();
    line = line.trim();
    if (!line.empty()) {
      if (!behind) {
        Line &own = lines.emplace_back();
        own.indent = 2 * depth +
                     (starts.count(tokens[i].begin) || tokens[i].kind == Tok::RBrace || i + 1 == tokens.size() ? 0 : 4);
        own.afterBlank = blank;
        blank = false;
      }
      lines.back().comment = line.str();
      fresh = true;
    } else if (!behind && !last) {
      blank = !lines.empty() && !StringRef(lines.back().text).ends_with("{");
    }
    if (last)
      return;
    text = rest;
    behind = false;
  }
}

void Formatter::token(size_t i) {
  const Token &t = tokens[i];
  StringRef text = StringRef(source.text).slice(t.begin, t.end);
  auto start = starts.find(t.begin);
  bool begins = start != starts.end() || t.kind == Tok::RBrace;
  if (begins)
    spacing.restart();
  if (t.kind == Tok::RBrace) {
    depth -= depth > 0;
    blank = false;
  }
  bool inside = spacing.depth();
  unsigned spaces = spacing.before(i);
  // A brace behind a comment cannot join the line before.
  if (breaks[i] || fresh) {
    Line &line = lines.emplace_back();
    bool closes = inside && (t.kind == Tok::RParen || t.kind == Tok::RBracket);
    line.indent = 2 * depth + (begins || closes || t.kind == Tok::LBrace ? 0 : 4);
    line.afterBlank = blank;
    line.column = start != starts.end() ? start->second : Column::None;
  } else {
    // Braces are no part of any statement; inside of one line a space stands at each side.
    bool brace = t.kind == Tok::RBrace || (i && tokens[i - 1].kind == Tok::LBrace);
    lines.back().text.append(brace ? 1 : spaces, ' ');
  }
  blank = fresh = false;
  Line &line = lines.back();
  if (spacing.depth() == 0 && t.kind == Tok::Colon && !line.colon)
    line.colon = line.text.size();
  if (spacing.depth() == 0 && t.kind == Tok::Equal && !line.equal)
    line.equal = line.text.size();
  line.text += text;
  if (t.kind == Tok::LBrace) {
    ++depth;
    line.column = Column::None;
  }
}

/// Calls `align` on each longest stretch of neighbouring lines that are the same.
template <typename Same, typename Align>
void Formatter::runs(Same same, Align align) {
  for (size_t begin = 0; begin < lines.size();) {
    size_t end = begin + 1;
    while (end < lines.size() && !lines[end].afterBlank && same(lines[begin], lines[end]))
      ++end;
    align(llvm::MutableArrayRef(lines).slice(begin, end - begin));
    begin = end;
  }
}

/// Puts a sign of every line of a run below each other, with one space before the furthest.
static void align(llvm::MutableArrayRef<Line> run, size_t Line::*sign) {
  size_t furthest = 0;
  for (Line &line : run)
    furthest = std::max(furthest, line.*sign);
  for (Line &line : run)
    if (size_t at = line.*sign) {
      line.text.insert(at, furthest - at, ' ');
      for (size_t Line::*moved : {&Line::colon, &Line::equal})
        if (line.*moved >= at)
          line.*moved += furthest - at;
    }
}

void Formatter::alignSigns() {
  // A statement that goes on over several lines keeps to itself.
  for (size_t i = 0; i + 1 < lines.size(); ++i)
    if (lines[i + 1].indent > lines[i].indent && !lines[i + 1].text.empty())
      lines[i].column = Column::None;
  auto same = [](const Line &a, const Line &b) {
    return a.column != Column::None && a.column == b.column && a.indent == b.indent;
  };
  runs(same, [](llvm::MutableArrayRef<Line> run) {
    if (run.front().column == Column::Cell)
      align(run, &Line::colon);
    if (run.front().column != Column::None)
      align(run, &Line::equal);
  });
}

void Formatter::alignComments() {
  auto same = [](const Line &a, const Line &b) { return !a.text.empty() && !b.text.empty() && a.indent == b.indent; };
  runs(same, [](llvm::MutableArrayRef<Line> run) {
    size_t furthest = 0;
    for (Line &line : run)
      if (!line.comment.empty())
        furthest = std::max(furthest, line.width());
    for (Line &line : run)
      if (!line.text.empty() && !line.comment.empty())
        line.text.append(furthest - line.width() + 3, ' ');
  });
}

std::string Formatter::run() {
  findBraces();
  for (size_t i = 0; i < tokens.size(); ++i) {
    gap(i);
    if (tokens[i].kind != Tok::End)
      token(i);
  }
  alignSigns();
  alignComments();
  std::string text;
  for (const Line &line : lines) {
    if (line.afterBlank)
      text += '\n';
    text.append(line.indent, ' ');
    text += line.text + line.comment + '\n';
  }
  return text;
}

std::optional<std::string> rondo::format(const Source &source, Diagnostics &diagnostics) {
  auto tree = parse(source, diagnostics);
  if (diagnostics.hasErrors())
    return std::nullopt;
  Diagnostics again;
  Tokens tokens = lex(source, again);
  std::string text = Formatter(source, tokens.list, tree->file).run();
  // Whatever it looks like, it must say the same.
  Source result(source.path, text);
  if (auto read = parse(result, again); again.hasErrors() || str(read->file) != str(tree->file))
    return std::nullopt;
  return text;
}
