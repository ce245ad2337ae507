// One case for each production of docs/language.md, and for each rule of newlines and words. What was read is compared
// in the printer's form, where every operation stands in parentheses.
#include "dsl/Parser.h"
#include "dsl/AstPrinter.h"
#include "dsl/Std.h"

#include "gtest/gtest.h"

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace rondo;

namespace {

/// The tree of `text` as printed, or the messages.
std::string read(const std::string &text) {
  Source source("test.rondo", text);
  Diagnostics diagnostics;
  auto ast = parse(source, diagnostics);
  return diagnostics.empty() ? str(ast->file) : diagnostics.str();
}

/// How an expression is read.
std::string expression(const std::string &text) {
  std::string out = read("fn f() = " + text + "\n"), head = "fn f() = ";
  return llvm::StringRef(out).starts_with(head) ? out.substr(head.size(), out.size() - head.size() - 1) : out;
}

/// How statements in the body of a fn are read, one to a line.
std::string body(const std::string &text) {
  std::string out = read("fn f() {\n" + text + "\n}\n"), head = "fn f() {\n";
  if (!llvm::StringRef(out).starts_with(head))
    return out;
  return out.substr(head.size(), out.size() - head.size() - 2);
}

/// How members of a model are read.
std::string members(const std::string &text) {
  std::string out = read("model M() {\n" + text + "\n}\n"), head = "model M() {\n";
  if (!llvm::StringRef(out).starts_with(head))
    return out;
  return out.substr(head.size(), out.size() - head.size() - 2);
}

/// The codes of the messages about `text`, in order.
std::string codes(const std::string &text) {
  Source source("test.rondo", text);
  Diagnostics diagnostics;
  parse(source, diagnostics);
  std::string all;
  for (const Diagnostic *d : diagnostics.sorted())
    all += (all.empty() ? "" : " ") + d->code;
  return all;
}

TEST(Lexer, SaysOnceThatCommentsAreNotUtf8) {
  std::string text = "fn f() = 1\n", about = "this comment is not UTF-8";
  for (int i = 0; i < 40; ++i)
    text += "# caf\xe9\n";
  std::string said = read(text);
  size_t first = said.find(about);
  EXPECT_NE(first, std::string::npos) << said;
  EXPECT_EQ(said.find(about, first + 1), std::string::npos) << said;
}

// The lexer gives up after so many mistakes: that counts only if each is told once.
TEST(Lexer, TellsOneMistakeOfANumber) {
  EXPECT_EQ(codes("fn f() = 2.rn\n"), "R0102");
  EXPECT_EQ(codes("fn f() = 2rn\n"), "R0102");
}

} // namespace

TEST(Expressions, NumbersAndNames) {
  EXPECT_EQ(expression("12"), "12");
  EXPECT_EQ(expression("0.5"), "0.5");
  EXPECT_EQ(expression("1e-12"), "1e-12");
  EXPECT_EQ(expression("2.5E+3"), "2.5E+3");
  EXPECT_EQ(expression("x_1"), "x_1");
}

TEST(Expressions, Precedence) {
  EXPECT_EQ(expression("a + b * c - d"), "((a + (b * c)) - d)");
  EXPECT_EQ(expression("a / b * c div d mod e"), "((((a / b) * c) div d) mod e)");
  EXPECT_EQ(expression("W @ x + U @ h * g"), "((W @ x) + ((U @ h) * g))");
  EXPECT_EQ(expression("a @ b ^ 2"), "(a @ (b ^ 2))");
  EXPECT_EQ(expression("-x ^ 2"), "(-(x ^ 2))");
  EXPECT_EQ(expression("x ^ -y"), "(x ^ (-y))");
  EXPECT_EQ(expression("x ^ y ^ z"), "(x ^ (y ^ z))");
  EXPECT_EQ(expression("-a @ b"), "(-(a @ b))");
  EXPECT_EQ(expression("--a"), "(-(-a))");
  EXPECT_EQ(expression("(a + b) * c"), "((a + b) * c)");
}

TEST(Expressions, Logic) {
  EXPECT_EQ(expression("a or b and not c"), "(a or (b and (not c)))");
  EXPECT_EQ(expression("not a < b"), "(not (a < b))");
  EXPECT_EQ(expression("t - W < s <= t"), "((t - W) < s <= t)");
  EXPECT_EQ(expression("a == b != c"), "(a == b != c)");
  EXPECT_EQ(expression("a >= b and c > d"), "((a >= b) and (c > d))");
}

TEST(Expressions, Choice) {
  EXPECT_EQ(expression("if a < b then c else d + e"), "(if (a < b) then c else (d + e))");
  EXPECT_EQ(expression("if a then b else if c then d else e"), "(if a then b else (if c then d else e))");
  EXPECT_EQ(expression("1 + (if a then b else c)"), "(1 + (if a then b else c))");
  EXPECT_EQ(codes("fn f() = 1 + if a then b else c"), "R0108");
}

TEST(Expressions, Binders) {
  EXPECT_EQ(expression("sum(s) a[s] * b[s] + c"), "((sum(s) (a[s] * b[s])) + c)");
  EXPECT_EQ(expression("sum(s | s <= t) a[s] / 2 - 1"), "((sum(s | (s <= t)) (a[s] / 2)) - 1)");
  EXPECT_EQ(expression("2 * sum(i, j in J) x[i,j] * 3"), "(2 * (sum(i, j in J) (x[i, j] * 3)))");
  EXPECT_EQ(expression("max(k in -R..R | ok[k]) x[k]"), "(max(k in (-R)..R | ok[k]) x[k])");
  EXPECT_EQ(expression("-sum(i) x[i]"), "(-(sum(i) x[i]))");
  EXPECT_EQ(expression("count(t | t > 0) + 1"), "((count(t | (t > 0))) + 1)");
  EXPECT_EQ(expression("any(t) and all(s | p[s])"), "((any(t)) and (all(s | p[s])))");
  EXPECT_EQ(expression("softmax(s | m[s]) sum(i) q[i] * k[s,i] / d"),
            "(softmax(s | m[s]) (sum(i) ((q[i] * k[s, i]) / d)))");
  EXPECT_EQ(expression("sum(s) (softmax(s) e[s]) * v[s]"), "(sum(s) ((softmax(s) e[s]) * v[s]))");
  for (const char *word :
       {"sum", "prod", "mean", "max", "min", "logsumexp", "argmax", "softmax", "rank", "categorical"})
    EXPECT_EQ(expression(word + std::string("(i) x[i]")), "(" + std::string(word) + "(i) x[i])");
}

TEST(Expressions, CallsSubscriptsMembers) {
  EXPECT_EQ(expression("f()"), "f()");
  EXPECT_EQ(expression("f(x, y = 2)[t-1]"), "f(x, y = 2)[(t - 1)]");
  EXPECT_EQ(expression("dec[k].step(concat(a, b), h[t-1])"), "dec[k].step(concat(a, b), h[(t - 1)])");
  EXPECT_EQ(expression("embed.W[v, e]"), "embed.W[v, e]");
  EXPECT_EQ(expression("f(a, b,)"), "f(a, b)");
}

TEST(Expressions, Lists) {
  EXPECT_EQ(expression("[gru(H, H) for l in 2]"), "[gru(H, H) for l in 2]");
  EXPECT_EQ(expression("[f(i) for i in 1..n-1]"), "[f(i) for i in 1..(n - 1)]");
  EXPECT_EQ(expression("[a, b + 1]"), "[a, (b + 1)]");
}

TEST(Statements, Definitions) {
  EXPECT_EQ(body("h[t] = x[t]"), "  h[t] = x[t]\n");
  EXPECT_EQ(body("h[t], c[t] = step(x[t], h[t-1], c[t-1]) where h[-1] = h0, c[_] = 0"),
            "  h[t], c[t] = step(x[t], h[(t - 1)], c[(t - 1)]) where h[(-1)] = h0, c[_] = 0\n");
  EXPECT_EQ(body("a, b = c, d"), "  a, b = c, d\n");
  EXPECT_EQ(body("p[c, d in C, k in 0..2*R] = 1"), "  p[c, d in C, k in 0..(2 * R)] = 1\n");
  EXPECT_EQ(body("keep[i in E] ~ bernoulli(0.9)"), "  keep[i in E] ~ bernoulli(0.9)\n");
  EXPECT_EQ(body("x = y where k[_, 0] = 1"), "  x = y where k[_, 0] = 1\n");
}

TEST(Statements, TheOthers) {
  EXPECT_EQ(body("axis U = (T + 1) div 2"), "  axis U = ((T + 1) div 2)\n");
  EXPECT_EQ(body("update mu = 0.9 * mu"), "  update mu = (0.9 * mu)\n");
  EXPECT_EQ(body("where h[-1] = 0\nh[t] = h[t-1]"), "  (nothing) where h[(-1)] = 0\n  h[t] = h[(t - 1)]\n");
  EXPECT_EQ(body("for layer in rnn { x = layer(x) }"), "  for layer in rnn {\n    x = layer(x)\n  }\n");
  EXPECT_EQ(body("for l in 1..L {\n x = f(x)\n y = g(x)\n}"), "  for l in 1..L {\n    x = f(x)\n    y = g(x)\n  }\n");
  EXPECT_EQ(body("return x"), "  return x\n");
  EXPECT_EQ(body("return y[t] = x[t], weight = T - 1 where x[_] = 0"),
            "  return y[t] = x[t], weight = (T - 1) where x[_] = 0\n");
  EXPECT_EQ(body("return p[t, v in A + X] = 0, a == b"), "  return p[t, v in (A + X)] = 0, (a == b)\n");
}

TEST(Statements, WordsOfDeclarationsAreNames) {
  EXPECT_EQ(body("axis = 1\nupdate[t] = 2\nlayer = model(state)"),
            "  axis = 1\n  update[t] = 2\n  layer = model(state)\n");
  EXPECT_EQ(members("state = gru(1, 2)\nexport, over = a, b"), "  state = gru(1, 2)\n  export, over = a, b\n");
}

TEST(Declarations, Members) {
  EXPECT_EQ(members("param a, b : [H, 2*E] = glorot"), "  param a, b : [H, (2 * E)] = glorot\n");
  EXPECT_EQ(members("state base : [] = 0"), "  state base : [] = 0\n");
  EXPECT_EQ(members("const path : token(N)[V, D]"), "  const path : token(N)[V, D]\n");
  EXPECT_EQ(members("setting beta = 1.0"), "  setting beta = 1.0\n");
  EXPECT_EQ(members("require N * D == E"), "  require ((N * D) == E)\n");
  EXPECT_EQ(members("embed, enc = embedding(V, E), gru(E, H)"), "  embed, enc = embedding(V, E), gru(E, H)\n");
}

TEST(Declarations, Functions) {
  EXPECT_EQ(read("fn f(x: [E]) -> [E] = x"), "fn f(x: [E]) -> [E] = x\n");
  EXPECT_EQ(read("fn g(x: [E], h: [H] = 0) -> ([H], [H]) { return x, h }"),
            "fn g(x: [E], h: [H] = 0) -> ([H], [H]) {\n  return x, h\n}\n");
  EXPECT_EQ(members("fn (x: [T, E]) { return x }"), "  fn (x: [T, E]) {\n    return x\n  }\n");
}

TEST(Declarations, Types) {
  EXPECT_EQ(read("fn f(a: [], b: int, c: bool[T, S], d: static, e: token(A + X)[S], g: token(V)) = 0"),
            "fn f(a: [], b: int, c: bool[T, S], d: static, e: token((A + X))[S], g: token(V)) = 0\n");
  EXPECT_EQ(read("fn f(a: [0 <= T, T <= M, S < 2*M, 0 <= U <= M, 1 <= P < 9]) = 0"),
            "fn f(a: [0 <= T, T <= M, S < (2 * M), 0 <= U <= M, 1 <= P < 9]) = 0\n");
}

TEST(Declarations, Exports) {
  EXPECT_EQ(members("export logits"), "  export logits\n");
  EXPECT_EQ(members("export next = stream logits over T"), "  export next = stream logits over T\n");
  EXPECT_EQ(members("export fit = train loss over T by 64 with adam(lr = 1e-3)"),
            "  export fit = train loss over T by 64 with adam(lr = 1e-3)\n");
}

TEST(Declarations, LayersAndModels) {
  EXPECT_EQ(read("layer a(E, F = 2 * E) {\n}\nmodel B() { export f }\n"),
            "layer a(E, F = (2 * E)) {\n}\nmodel B() {\n  export f\n}\n");
}

TEST(Newlines, ContinueAfterAndBeforeOperators) {
  EXPECT_EQ(body("a = b +\n c"), "  a = (b + c)\n");
  EXPECT_EQ(body("a = b\n  + c\n  @ d"), "  a = (b + (c @ d))\n");
  EXPECT_EQ(body("a\n = b"), "  a = b\n");
  EXPECT_EQ(body("a =\n b"), "  a = b\n");
  EXPECT_EQ(body("a = if b\n then c\n else d"), "  a = (if b then c else d)\n");
  EXPECT_EQ(body("h[t] = h[t-1]\n  where h[-1] = 0,\n        c[-1] = 1"),
            "  h[t] = h[(t - 1)] where h[(-1)] = 0, c[(-1)] = 1\n");
  EXPECT_EQ(body("a = (b\n c)"), "test.rondo:2:7: error[R0104]: `(` is not closed on its line\n"
                                 "  2 | a = (b\n"
                                 "    |     ^ ^ expected `)`\n"
                                 "    |     opened here\n");
  EXPECT_EQ(body("a = f(b,\n\n  # a remark\n c\n)"), "  a = f(b, c)\n");
  EXPECT_EQ(read("fn f(x: [E])\n  -> [E]\n{ return x }"), "fn f(x: [E]) -> [E] {\n  return x\n}\n");
}

TEST(Newlines, TheOperandOfABinderMayBeginALine) {
  EXPECT_EQ(body("a = sum(s | s <= t)\n  x[s]"), "  a = (sum(s | (s <= t)) x[s])\n");
}

TEST(Newlines, EndStatements) {
  EXPECT_EQ(body("a = b\nc = d"), "  a = b\n  c = d\n");
  EXPECT_EQ(body("a = b c = d"), "test.rondo:2:7: error[R0103]: expected the end of the statement, found `c`\n"
                                 "  2 | a = b c = d\n"
                                 "    |       ^\n"
                                 " help: every statement has a line of its own\n");
  EXPECT_EQ(body("a = b\r\nc = d\r"), "  a = b\n  c = d\n");
}

TEST(Text, IsUtf8InCommentsAndAsciiElsewhere) {
  EXPECT_EQ(read("\xEF\xBB\xBF# ∑ α\nfn f() = 1"), "fn f() = 1\n");
  EXPECT_EQ(codes("fn f() = 1 # \xff\xfe"), "R0112");
  EXPECT_EQ(codes("fn f() = \xff"), "R0112");
  EXPECT_EQ(codes("fn f() = ∑"), "R0101");
  EXPECT_EQ(codes(std::string("fn f() = a \0 b", 14)), "R0101");
}

TEST(Limits, DepthIsBounded) {
  auto deep = [](const std::string &open, const std::string &inner, const std::string &close, int n) {
    std::string text = "fn f() = ";
    for (int i = 0; i < n; ++i)
      text += open;
    text += inner;
    for (int i = 0; i < n; ++i)
      text += close;
    return text;
  };
  EXPECT_EQ(codes(deep("(", "1", ")", 200)), "");
  for (auto [open, close] : {std::pair("(", ")"),
                             {"-", ""},
                             {"a[", "]"},
                             {"f(", ")"},
                             {"if a then ", " else 0"},
                             {"sum(i) ", ""},
                             {"[", "]"},
                             {"1 + ", ""},
                             {"not (", ")"},
                             {"2 ^ -", ""}})
    EXPECT_EQ(codes(deep(open, "1", close, 100000)), "R0107") << open;
  EXPECT_EQ(codes(deep("", "x", ".a", 100000)), "R0107");
  std::string loops = "fn f() {\n", ends = "}\n";
  for (int i = 0; i < 10000; ++i)
    loops += "for i in n {\n", ends += "}\n";
  EXPECT_EQ(codes(loops + ends), "R0107");
}

TEST(Limits, MessagesAreBounded) {
  std::string text = "fn f() {\n";
  for (int i = 0; i < 1000; ++i)
    text += "a = )\n";
  Source source("test.rondo", text + "}\n");
  Diagnostics diagnostics;
  parse(source, diagnostics);
  EXPECT_EQ(diagnostics.errors(), 20u);
}

TEST(Recovery, NamesEachOfSeveralMistakesOnce) {
  EXPECT_EQ(codes("layer a(E) {\n param x [E]\n fn (x: [E]) -> [E] {\n  y = (x\n  z = y +\n  return z z\n }\n}\n"
                  "model (V) {\n}\n"),
            "R0103 R0104 R0103 R0103 R0103");
}

TEST(Files, OfTheLibraryAndTheModelsAreRead) {
  ASSERT_FALSE(standardLibrary().empty());
  for (const EmbeddedFile &f : standardLibrary()) {
    std::string again = read(f.text.str());
    EXPECT_EQ(again.find("error["), std::string::npos) << again;
  }
  int models = 0;
  for (auto &entry : std::filesystem::recursive_directory_iterator(RONDO_SOURCE_DIR "/models")) {
    if (entry.path().extension() != ".rondo")
      continue;
    ++models;
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    std::string once = read(text.str());
    EXPECT_EQ(once.find("error["), std::string::npos) << once;
    // What is printed reads as the same tree, but for expressions that must begin a statement's value.
    EXPECT_EQ(read(once), once) << entry.path();
  }
  EXPECT_GE(models, 10);
}
