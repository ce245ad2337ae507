// Any bytes at all become tokens that lie in the text, in order, and end with the end.
#include "dsl/Lexer.h"

#include <cstdlib>

using namespace rondo;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Source source("fuzz.rondo", std::string(reinterpret_cast<const char *>(data), size));
  Diagnostics diagnostics;
  std::vector<Token> tokens = lex(source, diagnostics).list;
  if (tokens.empty() || tokens.back().kind != Tok::End || diagnostics.errors() > maxErrors + 1)
    abort();
  uint32_t at = 0;
  for (const Token &token : tokens) {
    if (token.begin < at || token.end < token.begin || token.end > source.text.size())
      abort();
    at = token.begin;
  }
  // Messages quote the text: that must work wherever a mistake stands.
  if (diagnostics.hasErrors() && diagnostics.str().empty())
    abort();
  return 0;
}
