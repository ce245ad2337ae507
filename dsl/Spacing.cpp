// Spaces between tokens.
#include "dsl/Spacing.h"

#include "llvm/ADT/StringExtras.h"

using namespace rondo;

/// Can a value end with token `i`? Then a `(` or `[` behind it calls or subscripts, and a minus subtracts.
bool Spacing::endsValue(size_t i) const {
  switch (tokens[i].kind) {
  case Tok::Name:
  case Tok::Number:
  case Tok::Underscore:
  case Tok::RBracket:
    return true;
  case Tok::RParen:
    return !closed.operand;
  default:
    return false;
  }
}

/// `2*H`: a whole number of a size, which reads as one word (not in `x / 2 * H` and `2 * x ^ 2`, where it is none).
bool Spacing::multiple(size_t star) const {
  auto product = [](Tok kind) {
    return kind == Tok::Star || kind == Tok::Slash || kind == Tok::At || kind == Tok::Caret || kind == Tok::Div ||
           kind == Tok::Mod;
  };
  Tok after = kind(star + 2);
  size_t before = star - 2; // what stands before the number and its sign
  if (star - 1 > begin && kind(before) == Tok::Minus && before > begin)
    --before;
  return kind(star - 1) == Tok::Number && llvm::all_of(text(star - 1), llvm::isDigit) && kind(star + 1) == Tok::Name &&
         (star - 1 == begin || !product(kind(before))) && !product(after) && after != Tok::LParen &&
         after != Tok::LBracket && after != Tok::Dot;
}

/// The manner of the subscripts that `[` at `i` opens, from all of them.
Spacing::Bracket Spacing::subscript(size_t i) const {
  Bracket bracket;
  bracket.compact = bracket.tight = true;
  unsigned inside = 0;
  for (size_t k = i + 1; k < tokens.size(); ++k) {
    Tok now = tokens[k].kind;
    if (inside == 0 && now == Tok::RBracket)
      break;
    inside += now == Tok::LParen || now == Tok::LBracket;
    inside -= now == Tok::RParen || now == Tok::RBracket;
    bool single = now == Tok::Name || now == Tok::Number || now == Tok::Underscore;
    bracket.compact &= single ? !(kind(k - 1) == Tok::Name || kind(k - 1) == Tok::Number) : now == Tok::Comma;
    // Beside a word, a comparison or parentheses, a sum without spaces would seem to bind more.
    bracket.tight &= inside || single || now == Tok::Comma || now == Tok::Plus || now == Tok::Minus ||
                     now == Tok::Star || now == Tok::In || now == Tok::DotDot || now == Tok::RBracket ||
                     now == Tok::Dot;
    bracket.tight &= now != Tok::LParen;
  }
  return bracket;
}

void Spacing::restart() {
  open.clear();
  closed = {};
  sign = inType = false;
  begin = next;
}

unsigned Spacing::before(size_t i) {
  unsigned spaces = i > begin ? between(i) : 0;
  read(i);
  return spaces;
}

/// Between token i - 1, which was read, and token i.
unsigned Spacing::between(size_t i) const {
  Tok last = tokens[i - 1].kind, now = tokens[i].kind;
  bool tight = !open.empty() && open.back().tight;
  auto glued = [&](size_t op) { return (tight && kind(op) != Tok::Slash) || (kind(op) == Tok::Star && multiple(op)); };
  if (sign || last == Tok::LParen || last == Tok::LBracket || last == Tok::Dot || last == Tok::DotDot)
    return 0;
  switch (now) {
  case Tok::Comma:
  case Tok::RParen:
  case Tok::RBracket:
  case Tok::Dot:
  case Tok::DotDot:
    return 0;
  case Tok::Colon:
    return open.empty(); // of a parameter; arguments have theirs at the name
  case Tok::LParen:
    if (last == Tok::Name)
      return text(i - 1) == "require" && i - 1 == begin;
    return last != Tok::Binder && !endsValue(i - 1);
  case Tok::LBracket:
    return !endsValue(i - 1);
  case Tok::Where:
    return 3;
  case Tok::Plus:
  case Tok::Minus:
  case Tok::Star:
    return !(endsValue(i - 1) && glued(i));
  default:
    break;
  }
  switch (last) {
  case Tok::Comma:
    return open.empty() || !open.back().compact;
  case Tok::Plus:
  case Tok::Minus:
  case Tok::Star:
    return !glued(i - 1);
  default:
    return 1;
  }
}

void Spacing::read(size_t i) {
  next = i + 1;
  Tok now = tokens[i].kind;
  sign = now == Tok::Minus && (i == begin || !endsValue(i - 1));
  Bracket ended;
  switch (now) {
  case Tok::LParen: {
    Bracket bracket;
    bracket.binder = i > begin && kind(i - 1) == Tok::Binder;
    if (bracket.binder)
      bracket.operand = tokens[i - 1].binder < ast::BinderKind::Count;
    open.push_back(bracket);
    break;
  }
  case Tok::LBracket:
    open.push_back(i > begin && endsValue(i - 1) && !inType ? subscript(i) : Bracket());
    break;
  case Tok::RParen:
  case Tok::RBracket:
    if (!open.empty())
      ended = open.pop_back_val();
    break;
  case Tok::Colon:
  case Tok::Arrow:
    inType = true;
    typeDepth = open.size();
    break;
  default:
    break;
  }
  if (inType && (open.size() < typeDepth || (open.size() == typeDepth && (now == Tok::Comma || now == Tok::Equal))))
    inType = false;
  closed = ended;
}
