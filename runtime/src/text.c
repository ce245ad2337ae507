/* Messages: put together by hand, because stdio reads the locale and need not be there. */
#include "internal.h"
#include <stdarg.h>

rondo_text rondo_text_in(char *buffer, size_t room) {
  if (room)
    buffer[0] = 0;
  return (rondo_text){buffer, room, 0, false};
}

void rondo_text_add(rondo_text *text, const char *more) {
  if (text->cut)
    return;
  for (; *more; ++more) {
    if (text->used + 1 >= text->room) {
      // Never ends inside a character: drops the tail of a cut UTF-8 sequence.
      text->cut = true;
      while (text->used && ((unsigned char)text->at[text->used - 1] & 0xC0) == 0x80)
        --text->used;
      if (text->used && ((unsigned char)text->at[text->used - 1] & 0x80))
        --text->used;
      break;
    }
    // Names come from files: a control character must not reach a terminal.
    text->at[text->used++] = (unsigned char)*more < 32 ? '?' : *more;
  }
  if (text->room)
    text->at[text->used] = 0;
}

void rondo_text_int(rondo_text *text, int64_t value) {
  char digits[24];
  int at = 23;
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  digits[at] = 0;
  do
    digits[--at] = (char)('0' + rest % 10);
  while (rest /= 10);
  if (value < 0)
    digits[--at] = '-';
  rondo_text_add(text, digits + at);
}

rondo_status rondo_fail(rondo_error *error, rondo_status code, const char *format, ...) {
  if (!error)
    return code;
  error->code = code;
  rondo_text text = rondo_text_in(error->text, sizeof error->text);
  va_list arguments;
  va_start(arguments, format);
  for (; *format; ++format) {
    if (*format != '%') {
      rondo_text_add(&text, (char[2]){*format, 0});
    } else if (*++format == 's') {
      rondo_text_add(&text, va_arg(arguments, const char *));
    } else {
      rondo_text_int(&text, va_arg(arguments, int64_t));
    }
  }
  va_end(arguments);
  return code;
}

rondo_status rondo_ok(rondo_error *error) {
  if (error) {
    error->code = RONDO_OK;
    error->text[0] = 0;
  }
  return RONDO_OK;
}
