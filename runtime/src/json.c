/* See json.h. Strict where JSON is (no trailing commas, no bare control characters), and bounded in depth. */
#include "json.h"
#include <string.h>

static bool fail(rondo_json *json, const char *wrong) {
  if (!json->wrong)
    json->wrong = wrong;
  return false;
}

static void skip_space(rondo_json *json) {
  while (json->at < json->end && (*json->at == ' ' || *json->at == '\n' || *json->at == '\t' || *json->at == '\r'))
    ++json->at;
}

bool rondo_json_try(rondo_json *json, char c) {
  skip_space(json);
  if (json->at == json->end || *json->at != c)
    return false;
  ++json->at;
  return true;
}

bool rondo_json_take(rondo_json *json, char c) {
  if (rondo_json_try(json, c))
    return true;
  switch (c) {
  case '{':
    return fail(json, "expected {");
  case '[':
    return fail(json, "expected [");
  case ':':
    return fail(json, "expected :");
  case '"':
    return fail(json, "expected a string");
  default:
    return fail(json, "expected a comma or the end of a list");
  }
}

static int hex4(rondo_json *json, const char *at) {
  if (json->end - at < 4)
    return -1;
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    char c = at[i];
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (digit < 0)
      return -1;
    value = value * 16 + digit;
  }
  return value;
}

// \uXXXX at `from` (behind the u), or a surrogate pair, as UTF-8. Returns the bytes read, 0 if wrong. Never writes more
// bytes than the escape has.
static int unicode(rondo_json *json, const char *from, char **to) {
  int code = hex4(json, from), length = 4;
  if (code >= 0xD800 && code < 0xDC00 && json->end - from >= 10 && from[4] == '\\' && from[5] == 'u') {
    int low = hex4(json, from + 6);
    if (low < 0xDC00 || low > 0xDFFF)
      return 0;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    length = 10;
  }
  if (code <= 0 || (code >= 0xD800 && code < 0xE000))
    return 0;
  if (code < 0x80) {
    *(*to)++ = (char)code;
    return length;
  }
  if (code >= 0x10000) {
    *(*to)++ = (char)(0xF0 | code >> 18);
    *(*to)++ = (char)(0x80 | (code >> 12 & 63));
  } else if (code >= 0x800) {
    *(*to)++ = (char)(0xE0 | code >> 12);
  }
  *(*to)++ = (char)(code >= 0x800 ? 0x80 | (code >> 6 & 63) : 0xC0 | code >> 6);
  *(*to)++ = (char)(0x80 | (code & 63));
  return length;
}

char *rondo_json_string(rondo_json *json) {
  if (!rondo_json_take(json, '"'))
    return NULL;
  char *start = json->at, *to = start;
  while (json->at < json->end) {
    char c = *json->at++;
    if (c == '"') {
      *to = 0;
      return start;
    }
    if ((unsigned char)c < 32)
      break;
    if (c == '\\') {
      if (json->at == json->end)
        break;
      static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
      c = *json->at++;
      if (c == 'u') {
        int length = unicode(json, json->at, &to);
        if (!length)
          break;
        json->at += length;
        continue;
      }
      const char *found = memchr(names, c, sizeof names - 1);
      if (!found)
        break;
      c = values[found - names];
    }
    *to++ = c;
  }
  fail(json, "a string is not valid");
  return NULL;
}

bool rondo_json_int(rondo_json *json, int64_t *value) {
  skip_space(json);
  char *start = json->at;
  int64_t result = 0;
  for (; json->at < json->end && *json->at >= '0' && *json->at <= '9'; ++json->at)
    if (__builtin_mul_overflow(result, (int64_t)10, &result) ||
        __builtin_add_overflow(result, (int64_t)(*json->at - '0'), &result))
      return fail(json, "a number is too large");
  if (json->at == start || (*start == '0' && json->at - start > 1))
    return fail(json, "expected a whole number");
  if (json->at < json->end && (*json->at == '.' || *json->at == 'e' || *json->at == 'E'))
    return fail(json, "expected a whole number");
  *value = result;
  return true;
}

static bool skip_word(rondo_json *json) {
  // Numbers, true, false, null: what they are does not matter, only where they end.
  char *start = json->at;
  while (json->at < json->end &&
         (strchr("+-.", *json->at) || (*json->at >= '0' && *json->at <= '9') ||
          (*json->at >= 'a' && *json->at <= 'z') || *json->at == 'E') &&
         *json->at)
    ++json->at;
  return json->at > start || fail(json, "expected a value");
}

bool rondo_json_skip(rondo_json *json, int depth) {
  if (depth == 0)
    return fail(json, "nested too deeply");
  skip_space(json);
  if (json->at < json->end && *json->at == '"')
    return rondo_json_string(json) != NULL;
  bool object = rondo_json_try(json, '{');
  if (!object && !rondo_json_try(json, '['))
    return skip_word(json);
  char close = object ? '}' : ']';
  if (rondo_json_try(json, close))
    return true;
  do {
    if (object && (!rondo_json_string(json) || !rondo_json_take(json, ':')))
      return false;
    if (!rondo_json_skip(json, depth - 1))
      return false;
  } while (rondo_json_try(json, ','));
  return rondo_json_take(json, close);
}

bool rondo_json_finished(rondo_json *json) {
  skip_space(json);
  return json->at == json->end || fail(json, "something follows the last }");
}
