// The formatter: each rule by an example, and over every source there is that the result says the same, keeps every
// comment and formats to itself, however the spaces stood before.
#include "dsl/Format.h"
#include "Sources.h"
#include "dsl/AstPrinter.h"
#include "dsl/Lexer.h"
#include "dsl/Parser.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <filesystem>
#include <random>

using namespace rondo;
using namespace rondo::test;
namespace fs = std::filesystem;

namespace {

std::string formatted(const std::string &text) {
  Source source("test.rondo", text);
  Diagnostics diagnostics;
  return format(source, diagnostics).value_or(diagnostics.str());
}

/// The body of a fn, formatted, without its indentation.
std::string body(const std::string &text) {
  std::string out = formatted("fn f() {\n" + text + "\n}\n"), inside;
  std::stringstream lines(llvm::StringRef(out).drop_front(9).drop_back(2).str());
  for (std::string line; std::getline(lines, line);)
    inside += (inside.empty() ? "" : "\n") + (line.size() > 2 ? line.substr(2) : line);
  return inside;
}

std::string tree(const std::string &text) {
  Source source("test.rondo", text);
  Diagnostics diagnostics;
  auto ast = parse(source, diagnostics);
  return diagnostics.empty() ? str(ast->file) : diagnostics.str();
}

std::vector<std::string> comments(const std::string &text) {
  std::vector<std::string> found;
  std::stringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (size_t at = line.find('#'); at != std::string::npos)
      found.push_back(llvm::StringRef(line).substr(at).rtrim().str());
  return found;
}

/// The same tokens with other spaces, and other line ends where they mean nothing.
std::string respaced(const std::string &text, std::mt19937 &random) {
  Source source("test.rondo", text);
  Diagnostics diagnostics;
  std::vector<Token> tokens = lex(source, diagnostics).list;
  std::string out;
  unsigned depth = 0;
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    const Token &t = tokens[i];
    llvm::StringRef before = llvm::StringRef(text).slice(i ? tokens[i - 1].end : 0, t.begin);
    bool brackets = depth > 0;
    depth += t.kind == Tok::LParen || t.kind == Tok::LBracket;
    depth -= t.kind == Tok::RParen || t.kind == Tok::RBracket;
    if (before.contains('\n')) {
      // Comments and line ends stay; indentation and empty lines change.
      out += before.rtrim(" \t").str() + std::string(random() % 3 == 0, '\n') + std::string(random() % 9, ' ');
    } else if (brackets && random() % 12 == 0) {
      out += "\n" + std::string(random() % 5, ' ');
    } else if (t.kind == Tok::LBrace && random() % 4 == 0) {
      out += "\n";
    } else {
      // Two words need one; nothing else does.
      auto word = [&](Tok kind) { return kind >= Tok::Name && kind <= Tok::Binder; };
      bool apart = i && word(t.kind) && word(tokens[i - 1].kind);
      out += std::string(apart + random() % 3, ' ');
    }
    out += text.substr(t.begin, t.end - t.begin);
  }
  return out + text.substr(tokens[tokens.size() - 2].end);
}

} // namespace

TEST(Format, SpacesInEquations) {
  EXPECT_EQ(body("h [ t ]=tanh( W@x[ t ]+U @ h[t - 1]+b ) where h[ -1 ]=0"),
            "h[t] = tanh(W @ x[t] + U @ h[t-1] + b)   where h[-1] = 0");
  EXPECT_EQ(body("a[t , s]=softmax( s|s<=t )q[t]@k[s]/sqrt( D )"),
            "a[t,s] = softmax(s | s <= t) q[t] @ k[s] / sqrt(D)");
  EXPECT_EQ(body("y = -(sum(t) -x[t]) - 2 * H - count(t | t>0) - 1"),
            "y = -(sum(t) -x[t]) - 2*H - count(t | t > 0) - 1");
  EXPECT_EQ(body("y = x / 2 * H + 0.5 * x ^ -2 * z"), "y = x / 2 * H + 0.5 * x ^ -2 * z");
  EXPECT_EQ(body("y[t, i in 2*R + 1] = W[i,k + 1, H-1] * f(x,z)[t,s] . W[t div 2+1,e]"),
            "y[t, i in 2*R+1] = W[i, k+1, H-1] * f(x, z)[t,s].W[t div 2 + 1, e]");
  EXPECT_EQ(body("y[t] = x[t-k*(K-1), e] + x[text[t]-1] + P[clamp(n-1,M)-1]"),
            "y[t] = x[t - k * (K - 1), e] + x[text[t]-1] + P[clamp(n - 1, M) - 1]");
  EXPECT_EQ(body("y = if not ( a and(b) ) then[1,2]else sum(k in - R .. R) (x[t-k])"),
            "y = if not (a and (b)) then [1, 2] else sum(k in -R..R) (x[t-k])");
}

TEST(Format, DeclarationsAndColumns) {
  EXPECT_EQ(formatted("layer a(E,H=2*E){\nrequire(E)\nparam Wi,Wf:[H,E]=glorot\nparam b:[H]=0\n"
                      "fn(x:token( V )[T<=M],y:bool[T,S]=true)->([H],[2*H]){return x,y}\n}\n"),
            "layer a(E, H = 2*E) {\n  require (E)\n  param Wi, Wf : [H, E] = glorot\n  param b      : [H]    = 0\n"
            "  fn (x: token(V)[T <= M], y: bool[T, S] = true) -> ([H], [2*H]) { return x, y }\n}\n");
  EXPECT_EQ(formatted("model A() {\n  a = b(1)\n  long = [c(l) for l in 2]\n\n  x = d()\n"
                      "export f\nexport next=stream f over T\nexport g = train f\n}\n"),
            "model A() {\n  a    = b(1)\n  long = [c(l) for l in 2]\n\n  x = d()\n"
            "  export f\n  export next = stream f over T\n  export g    = train f\n}\n");
}

TEST(Format, LinesAndComments) {
  EXPECT_EQ(formatted("\n\n# first\n\n\nfn f()\n{\n\n\n  # one\n  x = 1 # a\n  yy = 22    # b\n\n\n  z = a +\n  b\n"
                      "  where h[-1] = 0\n  # last\n\n}\n\n\n"),
            "# first\n\nfn f() {\n  # one\n  x = 1     # a\n  yy = 22   # b\n\n  z = a +\n      b\n"
            "      where h[-1] = 0\n  # last\n}\n");
  EXPECT_EQ(formatted("fn f() { # open\n x = g(1,\n 2\n )\n}"), "fn f() {   # open\n  x = g(1,\n      2\n  )\n}\n");
  EXPECT_EQ(formatted("fn f() # before a brace\n{ return x }"), "fn f()   # before a brace\n{ return x }\n");
}

TEST(Format, RefusesWhatDoesNotParse) { EXPECT_NE(formatted("fn f( {").find("error[R0103]"), std::string::npos); }

TEST(Format, SaysTheSameAndIsItsOwnForm) {
  std::mt19937 random(4);
  std::vector<fs::path> paths = sources({"models", "dsl/std", "tests/dsl/right"});
  ASSERT_GT(paths.size(), 20u);
  for (const fs::path &path : paths) {
    SCOPED_TRACE(path);
    std::string text = slurp(path), once = formatted(text);
    EXPECT_EQ(tree(once), tree(text));
    EXPECT_EQ(comments(once), comments(text));
    for (int i = 0; i < 4; ++i) {
      std::string other = respaced(text, random);
      ASSERT_EQ(tree(other), tree(text)) << other;
      std::string result = formatted(other);
      EXPECT_EQ(tree(result), tree(text));
      EXPECT_EQ(comments(result), comments(text));
      EXPECT_EQ(formatted(result), result);
    }
  }
}

/// What the repository shows is formatted, except sources that test the parser.
TEST(Format, ModelsAndLibraryAreFormatted) {
  for (const fs::path &path : sources({"models", "dsl/std", "tests/dsl/right"}))
    if (path.string().find("/tests/") == std::string::npos)
      EXPECT_EQ(slurp(path), formatted(slurp(path))) << "run: rondo fmt " << fs::relative(path, RONDO_SOURCE_DIR);
}
