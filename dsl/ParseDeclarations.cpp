// The parser's declarations: files, layers and models, their members, types.
#include "dsl/Habits.h"
#include "dsl/ParserImpl.h"

#include "llvm/Support/FormatVariadic.h"

using namespace rondo;
using namespace rondo::ast;

/// Where `layer`, `model` or `fn` is expected.
static std::string helpForWord(llvm::StringRef word) {
  if (llvm::StringRef help = habitHelp(word); !help.empty())
    return help.str();
  std::string near = didYouMean(word, {"layer", "model", "fn"});
  return near.empty() ? "equations stand in a `fn`, parameters in a `layer` or `model`" : near;
}

void Parser::file() {
  List<LayerDecl *> layers;
  List<FnDecl *> fns;
  bool strayed = false; // several strange lines at the top are one mistake
  while (!is(Tok::End) && !full()) {
    statement = pos;
    depth = 0;
    if (is(Tok::Fn)) {
      strayed = false;
      if (FnDecl *f = fn())
        fns.push_back(f);
    } else if (isWord("layer") || isWord("model")) {
      strayed = false;
      if (LayerDecl *l = layer())
        layers.push_back(l);
    } else {
      if (is(Tok::RBrace)) {
        error("R0111", here(), "this `}` closes nothing");
        next();
        continue;
      }
      size_t start = pos;
      if (!strayed)
        if (auto *d = error("R0103", at(tok()), "expected `layer`, `model` or `fn`, found `" + text(tok()).str() + "`"))
          d->suggest(helpForWord(text(tokens[start])));
      strayed = true;
      skipStatement(start);
      if (pos == start)
        next();
    }
  }
  if (layers.empty() && fns.empty() && reported == 0 && lexErrors.empty())
    diagnostics.error("R0110", {&source, 0, 0}, "this file has neither a model nor a layer")
        .suggest("a model is `model NAME(sizes) { .. }`");
  ast->file = {&source, ast->copy(layers), ast->copy(fns)};
}

LayerDecl *Parser::layer() {
  size_t start = pos;
  bool isModel = isWord("model");
  llvm::StringRef word = isModel ? "model" : "layer";
  next();
  ast::Name name;
  List<Size> sizes;
  bool headed = this->name(name, llvm::formatv("a name after `{0}`", word).str());
  headed = headed && this->sizes(sizes);
  if (headed && !is(Tok::LBrace)) {
    if (auto *d = expected("`{`"))
      hint(d);
    headed = false;
  }
  if (!headed && !skipToBody(start))
    return nullptr;
  LayerDecl *layer = ast->make<LayerDecl>();
  layer->isModel = isModel;
  layer->name = name;
  layer->sizes = ast->copy(sizes);
  members(layer);
  layer->range = from(tokens[start].begin);
  return headed ? layer : nullptr;
}

bool Parser::sizes(List<Size> &sizes) {
  Token opened = tok();
  if (!sees(Tok::LParen)) {
    if (auto *d = expected("`(`"))
      d->suggest("sizes follow the name, if only `()`");
    return false;
  }
  open();
  while (!is(Tok::RParen)) {
    Size size;
    if (!name(size.name, "the name of a size"))
      return false;
    if (take(Tok::Equal) && !(size.init = expr()))
      return false;
    sizes.push_back(size);
    if (!take(Tok::Comma))
      break;
  }
  return close(Tok::RParen, opened, "`,` or `)`");
}

void Parser::members(LayerDecl *layer) {
  llvm::StringRef of = layer->isModel ? "model" : "layer";
  Token brace = tok();
  next();
  strayed = false;
  List<Member *> members;
  while (!is(Tok::RBrace) && !full()) {
    statement = pos;
    depth = 0;
    bool outer = (isWord("layer") || isWord("model")) && is(Tok::Name, 1);
    if (is(Tok::End) || (outer && outdented(brace))) {
      missingBrace(brace, of);
      break;
    }
    size_t start = pos;
    Member *m = nullptr;
    if (outer) {
      if (auto *d = error("R0106", at(tok()), llvm::formatv("a {0} cannot stand inside a {1}", text(tok()), of)))
        d->suggest("move it out; an instance of it is `name = " + text(tok(1)).str() + "(..)`");
    } else {
      m = member(layer->isModel);
      if (m && !endStatement("member"))
        m = nullptr;
    }
    strayed = strayed && !m;
    if (m)
      members.push_back(m);
    else if (tokens[start].kind != Tok::Fn)
      skipStatement(start);
  }
  if (!full())
    take(Tok::RBrace);
  layer->members = ast->copy(members);
}

Member *Parser::member(bool inModel) {
  uint32_t begin = tok().begin;
  if (is(Tok::Fn))
    return fn();
  // Words of declarations are words only here, and a name of that spelling may still be defined: `state = gru(H, H)`.
  bool plain = is(Tok::Equal, 1) || is(Tok::Comma, 1);
  if (is(Tok::Name) && !plain) {
    llvm::StringRef word = text(tok());
    if (word == "param")
      return cell(CellKind::Param);
    if (word == "state")
      return cell(CellKind::State);
    if (word == "const")
      return cell(CellKind::Const);
    if (word == "require") {
      next();
      Expr *condition = expr();
      return condition ? ast->make<RequireDecl>(from(begin), condition) : nullptr;
    }
    if (word == "setting") {
      next();
      ast::Name n;
      if (!name(n, "a name after `setting`") || !expect(Tok::Equal, "the name of a setting"))
        return nullptr;
      Expr *value = expr();
      return value ? ast->make<SettingDecl>(from(begin), n, value) : nullptr;
    }
    if (word == "export") {
      if (inModel)
        return exportDecl();
      if (auto *d = error("R0106", at(tok()), "a layer exports nothing"))
        d->suggest("exports stand in the model");
      return nullptr;
    }
  }
  if (is(Tok::For) || is(Tok::Return) || is(Tok::Where) || ((isWord("axis") || isWord("update")) && is(Tok::Name, 1)) ||
      (is(Tok::Name) && (is(Tok::LBracket, 1) || is(Tok::Tilde, 1)))) {
    if (strayed)
      return nullptr;
    strayed = true;
    llvm::StringRef what = is(Tok::Name) && !is(Tok::Name, 1) ? "an equation" : "this";
    if (auto *d = error("R0106", at(tok()), llvm::formatv("{0} belongs into a `fn`", what)))
      d->suggest("write `fn (x: [T, E]) -> [T, H] { .. }` around it");
    return nullptr;
  }
  if (is(Tok::Name))
    return bind();
  if (auto *d = expected("a member"))
    d->suggest("members are `param`, `const`, `state`, `setting`, `require`, `fn`, `export` and `name = layer(..)`");
  return nullptr;
}

Member *Parser::cell(CellKind kind) {
  CellDecl *decl = ast->make<CellDecl>(at(tok()), kind);
  std::string word = text(tok()).str();
  next();
  List<ast::Name> names;
  do {
    ast::Name n;
    if (!name(n, "a name after `" + word + "`"))
      return nullptr;
    names.push_back(n);
  } while (take(Tok::Comma));
  if (!is(Tok::Colon)) {
    if (auto *d = expected("`:` and a type"))
      d->suggest("`" + word + " " + names.back().text.str() + " : [H, E]`");
    return nullptr;
  }
  next();
  if (!type(decl->type))
    return nullptr;
  if (take(Tok::Equal) && !(decl->init = expr()))
    return nullptr;
  decl->names = ast->copy(names);
  decl->range = from(decl->range.begin);
  return decl;
}

/// `a, b = x, y`
Member *Parser::bind() {
  uint32_t begin = tok().begin;
  List<ast::Name> names;
  do {
    ast::Name n;
    if (!name(n, "a name"))
      return nullptr;
    names.push_back(n);
  } while (take(Tok::Comma));
  if (!take(Tok::Equal)) {
    if (auto *d = expected("`=`")) {
      if (llvm::StringRef help = habitHelp(names.back().text); is(Tok::Name) && !atEnd() && !help.empty())
        d->suggest(help.str());
      else if (std::string word = didYouMean(names.back().text, {"param", "const", "export", "require", "fn"});
               is(Tok::Name) && !atEnd() && !word.empty())
        d->suggest(word);
      else if (is(Tok::Colon) && !atEnd())
        d->suggest("parameters begin with a word: `param " + names.back().text.str() + " : ..`");
      else
        hint(d);
    }
    return nullptr;
  }
  llvm::ArrayRef<Expr *> v;
  if (!values(v))
    return nullptr;
  return ast->make<BindDecl>(from(begin), ast->copy(names), v);
}

Member *Parser::exportDecl() {
  uint32_t begin = tok().begin;
  ExportDecl *decl = ast->make<ExportDecl>(at(tok()));
  next();
  if (!name(decl->name, "a name after `export`"))
    return nullptr;
  decl->fn = decl->name;
  if (take(Tok::Equal)) {
    if (isWord("stream"))
      decl->mode = ExportKind::Stream;
    else if (isWord("train"))
      decl->mode = ExportKind::Train;
    else {
      if (auto *d = expected("`stream` or `train`"))
        d->suggest("a fn is exported whole by its own name, `export logits`; streams are `export next = stream logits "
                   "over T`");
      return nullptr;
    }
    next();
    if (!name(decl->fn, "the name of a fn"))
      return nullptr;
    while (!atEnd() && is(Tok::Name)) {
      if (isWord("over") && !decl->over) {
        next();
        if (!name(decl->over, "an axis after `over`"))
          return nullptr;
        if (isWord("by") && !atEnd()) {
          next();
          if (!(decl->by = sum()))
            return nullptr;
        }
      } else if (isWord("with") && !decl->with) {
        next();
        if (!(decl->with = post()))
          return nullptr;
      } else {
        expected("`over` or `with`");
        return nullptr;
      }
    }
  }
  if (is(Tok::Comma) && !atEnd()) {
    if (auto *d = expected("the end of the line"))
      d->suggest("one export a line: `export " + decl->name.text.str() + "`, and under it the next");
    return nullptr;
  }
  decl->range = from(begin);
  return decl;
}

FnDecl *Parser::fn() {
  size_t start = pos;
  FnDecl *f = ast->make<FnDecl>(at(tok()));
  next();
  auto head = [&] {
    if (!sees(Tok::LParen) && !name(f->name, "a name or `(` after `fn`"))
      return false;
    Token opened = tok();
    if (!sees(Tok::LParen))
      return expected("`(`"), false;
    open();
    List<Arg> args;
    while (!is(Tok::RParen)) {
      Arg a;
      if (!arg(a))
        return false;
      args.push_back(a);
      if (!take(Tok::Comma))
        break;
    }
    if (!close(Tok::RParen, opened, "`,` or `)`"))
      return false;
    f->args = ast->copy(args);
    if (take(Tok::Arrow)) {
      f->hasResults = true;
      List<Type> results;
      Token paren = tok();
      if (sees(Tok::LParen)) {
        open();
        do {
          if (!type(results.emplace_back()))
            return false;
        } while (take(Tok::Comma));
        if (!close(Tok::RParen, paren, "`,` or `)`"))
          return false;
      } else if (!type(results.emplace_back())) {
        return false;
      }
      f->results = ast->copy(results);
    }
    f->head = from(tokens[start].begin);
    if (is(Tok::LBrace) || is(Tok::Equal))
      return true;
    if (auto *d = expected("`{` or `=`"))
      d->suggest(f->hasResults ? "the body follows: `{ .. return y }`, or `= y`"
                               : "results follow `->`, then the body: `{ .. return y }`, or `= y`");
    return false;
  };
  bool headed = head();
  if (!headed && !skipToBody(start))
    return nullptr;
  if (is(Tok::Equal)) {
    next();
    if (!(f->value = expr()) || !endStatement("fn")) {
      skipStatement(start);
      return nullptr;
    }
  } else {
    block(f->body, "fn");
  }
  f->range = from(tokens[start].begin);
  return headed ? f : nullptr;
}

bool Parser::arg(Arg &arg) {
  uint32_t begin = tok().begin;
  if (!name(arg.name, "the name of an input"))
    return false;
  if (!take(Tok::Colon)) {
    if (auto *d = expected("`:` and a type"))
      d->suggest("every input has a type: `" + arg.name.text.str() + ": [T, E]`, `token(V)[T]`, `[]` for one number");
    return false;
  }
  if (!type(arg.type))
    return false;
  if (take(Tok::Equal) && !(arg.init = expr()))
    return false;
  arg.range = from(begin);
  return true;
}

bool Parser::type(Type &type) {
  uint32_t begin = tok().begin;
  bool known = true;
  if (isWord("token")) {
    next();
    type.element = Element::Token;
    Token opened = tok();
    if (!sees(Tok::LParen)) {
      if (auto *d = expected("`(`"))
        d->suggest("a token type says how many tokens there are: `token(V)[T]`");
      return false;
    }
    open();
    if (!(type.tokens = sum()) || !close(Tok::RParen, opened, "`)`"))
      return false;
  } else if (isWord("int") || isWord("bool") || isWord("static")) {
    type.element = isWord("int") ? Element::Int : isWord("bool") ? Element::Bool : Element::Static;
    next();
  } else {
    known = false;
  }
  Token opened = tok();
  if (sees(Tok::LBracket)) {
    open();
    type.hasShape = true;
    List<Axis> axes;
    while (!is(Tok::RBracket)) {
      if (!axis(axes.emplace_back()))
        return false;
      if (!take(Tok::Comma))
        break;
    }
    if (!close(Tok::RBracket, opened, "`,` or `]`"))
      return false;
    type.axes = ast->copy(axes);
  } else if (!known) {
    bool real = isWord("real") || isWord("float") || isWord("f32") || isWord("tensor");
    if (auto *d = expected("a type"))
      d->suggest(real ? "reals need no word: their shape alone is the type, `[T, E]`, or `[]` for one number"
                      : "types are shapes, `[T, E]`, with `int`, `bool`, `token(V)` or `static` before them");
    return false;
  }
  type.range = from(begin);
  return true;
}

bool Parser::axis(Axis &axis) {
  uint32_t begin = tok().begin;
  Expr *parts[3] = {};
  bool strict = false;
  unsigned n = 0;
  if (!(parts[n++] = sum()))
    return false;
  while (n < 3 && (is(Tok::Le) || is(Tok::Lt)) && !strict) {
    strict = is(Tok::Lt);
    next();
    if (!(parts[n++] = sum()))
      return false;
  }
  axis.range = from(begin);
  // `0 <= T`, `T <= M`, `0 <= T <= M`
  bool lower = n == 3 || (n == 2 && !strict && llvm::isa<NumberExpr>(parts[0]));
  axis.least = lower ? parts[0] : nullptr;
  axis.size = parts[lower];
  axis.most = n > 1u + lower ? parts[1 + lower] : nullptr;
  axis.strict = axis.most && strict;
  return true;
}
