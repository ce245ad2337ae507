// `--emit=equations`: programs as text, in the notation of the language.
#include "dsl/Equations.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace rondo::eq {

namespace {
enum Level {
  Lowest,
  OrLevel,
  AndLevel,
  NotLevel,
  CompareLevel,
  SumLevel,
  TermLevel,
  UnaryLevel,
  PowerLevel,
  AtomLevel
};

struct Infix {
  const char *sign;
  Level level;
};

std::optional<Infix> infix(Op op) {
  switch (op) {
  case Op::Add:
    return Infix{" + ", SumLevel};
  case Op::Sub:
    return Infix{" - ", SumLevel};
  case Op::Mul:
    return Infix{" * ", TermLevel};
  case Op::Div:
    return Infix{" / ", TermLevel};
  case Op::IntDiv:
    return Infix{" div ", TermLevel};
  case Op::Mod:
    return Infix{" mod ", TermLevel};
  case Op::Pow:
    return Infix{" ^ ", PowerLevel};
  case Op::Lt:
    return Infix{" < ", CompareLevel};
  case Op::Le:
    return Infix{" <= ", CompareLevel};
  case Op::Eq:
    return Infix{" == ", CompareLevel};
  case Op::Ne:
    return Infix{" != ", CompareLevel};
  case Op::And:
    return Infix{" and ", AndLevel};
  case Op::Or:
    return Infix{" or ", OrLevel};
  default:
    return std::nullopt;
  }
}

const char *word(Reduction r) {
  switch (r) {
  case Reduction::Sum:
    return "sum";
  case Reduction::Prod:
    return "prod";
  case Reduction::Mean:
    return "mean";
  case Reduction::Max:
    return "max";
  case Reduction::Min:
    return "min";
  case Reduction::LogSumExp:
    return "logsumexp";
  case Reduction::ArgMax:
    return "argmax";
  case Reduction::Count:
    return "count";
  case Reduction::Any:
    return "any";
  case Reduction::All:
    return "all";
  }
  return "";
}

void printVar(raw_ostream &os, const Var *v) { os << v->name; }

void printNumber(raw_ostream &os, double value) {
  if (value == int64_t(value) && std::abs(value) < 1e15)
    os << int64_t(value);
  else
    os << format("%.9g", value);
}

void printAt(raw_ostream &os, const Expr *e, int level);

template <typename Range>
void printList(raw_ostream &os, const Range &list) {
  interleave(list, os, [&](const Expr *a) { printAt(os, a, Lowest); }, ", ");
}

void printBinder(raw_ostream &os, StringRef name, const Expr *e) {
  os << name << "(";
  interleave(e->vars, os, [&](const Var *v) { os << v->name << " in " << v->axis.word(); }, ", ");
  if (e->args[1]) {
    os << " | ";
    printAt(os, e->args[1], Lowest);
  }
  os << ")";
  if (e->args[0]) {
    os << " ";
    printAt(os, e->args[0], TermLevel);
  }
}

void printAt(raw_ostream &os, const Expr *e, int level) {
  auto open = [&](int own) {
    if (own < level)
      os << "(";
  };
  auto close = [&](int own) {
    if (own < level)
      os << ")";
  };
  if (auto sign = infix(e->op)) {
    open(sign->level);
    printAt(os, e->args[0], sign->level);
    os << sign->sign;
    printAt(os, e->args[1], sign->level + 1);
    return close(sign->level);
  }
  switch (e->op) {
  case Op::Const:
    if (e->isBool())
      os << (e->value ? "true" : "false");
    else {
      open(e->value < 0 ? UnaryLevel : AtomLevel);
      printNumber(os, e->value);
      close(e->value < 0 ? UnaryLevel : AtomLevel);
    }
    return;
  case Op::Index:
    return printVar(os, e->var);
  case Op::Length:
    os << (e->seq->word.empty() ? e->seq->name : e->seq->word);
    return;
  case Op::Read:
    os << e->array->name;
    if (!e->args.empty()) {
      os << "[";
      printList(os, e->args);
      os << "]";
    }
    return;
  case Op::Neg:
    open(UnaryLevel);
    os << "-";
    printAt(os, e->args[0], UnaryLevel);
    return close(UnaryLevel);
  case Op::Not:
    open(NotLevel);
    os << "not ";
    printAt(os, e->args[0], CompareLevel);
    return close(NotLevel);
  case Op::Min:
  case Op::Max:
    os << (e->is(Op::Min) ? "minimum(" : "maximum(");
    printList(os, e->args);
    os << ")";
    return;
  case Op::Select:
    open(Lowest);
    os << "if ";
    printAt(os, e->args[0], OrLevel);
    os << " then ";
    printAt(os, e->args[1], Lowest);
    os << " else ";
    printAt(os, e->args[2], Lowest);
    return close(Lowest);
  case Op::Call:
    os << e->fn << "(";
    printList(os, e->args);
    os << ")";
    return;
  case Op::ToReal:
  case Op::Narrow:
    return printAt(os, e->args[0], level);
  case Op::Clamp:
    os << "clamp(";
    printList(os, e->args);
    os << ", " << e->bound.word() << ")";
    return;
  case Op::Stop:
    os << "stop(";
    printList(os, e->args);
    os << ")";
    return;
  case Op::Reduce:
    open(UnaryLevel);
    printBinder(os, word(e->reduction), e);
    return close(UnaryLevel);
  case Op::Softmax: {
    open(UnaryLevel);
    printBinder(os, "softmax", e);
    bool plain = true;
    for (auto [v, at] : zip(e->vars, drop_begin(e->args, 2)))
      plain &= at->is(Op::Index) && at->var->name == v->name;
    if (!plain) {
      os << " at ";
      printList(os, drop_begin(e->args, 2));
    }
    return close(UnaryLevel);
  }
  case Op::Concat:
    os << "concat(";
    printList(os, e->args);
    os << ")";
    return;
  default:
    os << "?";
    return;
  }
}
} // namespace

void print(raw_ostream &os, const Expr *e) { printAt(os, e, Lowest); }

std::string str(const Expr *e) {
  std::string text;
  raw_string_ostream os(text);
  print(os, e);
  return text;
}

void print(raw_ostream &os, const Program &program) {
  os << "export " << program.name << "\n";
  auto shape = [&](const Array &a) {
    if (!a.type.axes.empty() || a.type.element.kind != Kind::Real)
      os << " : " << a.type.str();
  };
  for (const Array *a : program.inputs) {
    os << "  input " << a->name;
    shape(*a);
    os << "\n";
  }
  for (const Array &a : program.arrays) {
    if (a.role != Role::Equation || !a.body)
      continue;
    os << "  " << a.name;
    if (!a.vars.empty()) {
      os << "[";
      interleave(a.vars, os, [&](const Var *v) { os << v->name << " in " << v->axis.word(); }, ", ");
      os << "]";
    }
    os << " = ";
    print(os, a.body);
    if (!a.guards.empty()) {
      os << "   only if ";
      interleave(a.guards, os, [&](const Expr *g) { printAt(os, g, CompareLevel); }, " and ");
    }
    // Boundaries belong to reads; most often they agree, so each is printed once.
    SmallVector<std::string> seen;
    walk(a.body, [&](const Expr *e) {
      for (const Outside &o : e->outside) {
        std::string text;
        raw_string_ostream line(text);
        line << str(e);
        if (o.when)
          line << " = " << str(o.value) << " if " << str(o.when);
        else
          line << " = " << (o.value ? str(o.value) : "0") << " outside";
        if (!is_contained(seen, text)) {
          os << (seen.empty() ? "   where " : ", ") << text;
          seen.push_back(text);
        }
      }
      return true;
    });
    os << "\n";
  }
  for (const Output &o : program.outputs) {
    os << "  return " << o.name << " = " << o.array->name;
    shape(*o.array);
    os << "\n";
  }
}

} // namespace rondo::eq
