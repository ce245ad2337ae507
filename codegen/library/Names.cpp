// How a program's names appear in C: fields of structs, and the names that a library cannot have.
#include "codegen/library/Parts.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/xxhash.h"
#include <dlfcn.h>

using namespace llvm;

namespace rondo {

static bool isIdentifier(StringRef name) {
  return !name.empty() && !isDigit(name.front()) && all_of(name, [](char c) { return isAlnum(c) || c == '_'; });
}

std::string identifier(StringRef name) {
  static const StringSet<> keywords = {
      "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char",
      "char16_t", "char32_t", "char8_t", "class", "co_await", "co_return", "co_yield", "compl", "concept", "const",
      "const_cast", "consteval", "constexpr", "constinit", "continue", "decltype", "default", "delete", "do", "double",
      "dynamic_cast", "else", "enum", "explicit", "export", "extern", "false", "float", "for", "friend", "goto", "if",
      "inline", "int", "long", "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr", "operator", "or",
      "or_eq", "private", "protected", "public", "register", "reinterpret_cast", "requires", "restrict", "return",
      "short", "signed", "sizeof", "static", "static_assert", "static_cast", "struct", "switch", "template", "this",
      "thread_local", "throw", "true", "try", "typedef", "typeid", "typename", "typeof", "typeof_unqual", "union",
      "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq",
      // Macros that C's headers make of plain words, and those of compilers.
      "NULL", "EOF", "I", "NAN", "INFINITY", "BUFSIZ", "NSIG", "EDOM", "ERANGE", "EILSEQ", "complex", "imaginary",
      "noreturn", "errno", "stdin", "stdout", "stderr", "linux", "unix", "offsetof",
      // The types that the headers themselves write.
      "int32_t", "int64_t", "uint32_t", "size_t"};
  std::string result;
  for (char c : name)
    result += isAlnum(c) || c == '_' ? c : '_';
  if (result.empty() || isDigit(result.front()))
    result.insert(0, "_");
  if (keywords.contains(result))
    result += '_';
  return result;
}

std::string claim(StringSet<> &taken, StringRef name) {
  std::string base = identifier(name), result = base;
  if (taken.insert(result).second)
    return result;
  // `x_`, `x_2`, `x_3`: never two underscores, which C++ keeps for itself.
  if (!StringRef(base).ends_with("_"))
    base += '_';
  result = base;
  for (unsigned number = 2; !taken.insert(result).second; ++number)
    result = base + std::to_string(number);
  return result;
}

/// "x", "_total" -> "x_total"; "x_" too.
static std::string withSuffix(StringRef name, StringRef suffix) { return (name.rtrim('_') + suffix).str(); }

std::string elementType(const EmittedValue &value) { return value.element == ElementF32 ? "float" : "int32_t"; }

FieldNames fieldNames(const EmittedExport &fn) {
  FieldNames names;
  StringSet<> in = {"batch"}, out;
  for (const EmittedAxis &axis : fn.axes)
    names.axes.push_back(axis.source == EmittedAxis::Given ? claim(in, axis.name) : identifier(axis.name));
  for (const EmittedValue &value : fn.inputs)
    names.inputs.push_back(claim(in, value.name));
  // Each result has a field of its own name and one for the room that the caller has there.
  for (const EmittedValue &value : fn.results) {
    std::string name = claim(out, value.name);
    while (!out.insert(withSuffix(name, "_count")).second)
      name = claim(out, name);
    names.results.push_back(name);
    names.counts.push_back(withSuffix(name, "_count"));
  }
  for (auto [axis, name] : zip_equal(fn.axes, names.axes))
    if (axis.returned)
      name = claim(out, name);
  return names;
}

/// Whether C's own headers have macros that begin like this, or this very one: INT_MAX, M_PI.
static bool isMacroOfC(StringRef constant) {
  static const StringSet<> families = {
      "ATOMIC",  "CHAR", "CHAR16", "CHAR32", "CLOCKS", "DBL",    "DEC32",  "DEC64",   "DEC128",  "EXIT",  "FE",
      "FLT",     "FP",   "INT",    "INT8",   "INT16",  "INT32",  "INT64",  "LC",      "LDBL",    "LLONG", "LONG",
      "MB",      "NAME", "PATH",   "POSIX",  "RAND",   "SCHAR",  "SEEK",   "SHRT",    "SIG",     "SIZE",  "SSIZE",
      "TIME",    "TMP",  "UCHAR",  "UINT",   "UINT8",  "UINT16", "UINT32", "UINT64",  "ULONG",   "USHRT", "ULLONG",
      "PTRDIFF", "WINT", "INTPTR", "INTMAX", "WCHAR",  "HUGE",   "MATH",   "UINTPTR", "UINTMAX", "FOPEN"};
  static const StringSet<> macros = {"M_E",      "M_PI",       "M_PI_2",   "M_PI_4",     "M_1_PI",
                                     "M_2_PI",   "M_2_SQRTPI", "M_LN2",    "M_LN10",     "M_LOG2E",
                                     "M_LOG10E", "M_SQRT2",    "F_OK",     "R_OK",       "M_SQRT1_2",
                                     "W_OK",     "X_OK",       "L_TMPNAM", "BIG_ENDIAN", "LITTLE_ENDIAN"};
  return families.contains(constant.split('_').first) || macros.contains(constant);
}

std::vector<std::pair<std::string, int64_t>> constantNames(const LibraryOptions &options) {
  std::string prefix = StringRef(options.name).upper() + "_";
  StringSet<> taken = {prefix + "ABI"};
  std::vector<std::pair<std::string, int64_t>> names;
  for (auto &[size, value] : options.constants) {
    if (!isInt<32>(value))
      continue;
    std::string name = prefix;
    for (char c : StringRef(size).upper())
      name += isAlnum(c) ? c : '_';
    if (isMacroOfC(name))
      name += '_';
    names.push_back({claim(taken, name), value});
  }
  return names;
}

std::vector<std::string> programAxes(const EmittedProgram &program) {
  std::vector<std::string> axes;
  for (const EmittedExport &fn : program.exports)
    for (const EmittedAxis &axis : fn.axes)
      if (axis.source == EmittedAxis::Given && !is_contained(axes, axis.name))
        axes.push_back(axis.name);
  return axes;
}

std::vector<std::string> limitNames(const EmittedProgram &program) {
  StringSet<> taken = {"batch"};
  std::vector<std::string> names;
  for (const std::string &axis : programAxes(program))
    for (const char *suffix : {"_total", "_longest"})
      names.push_back(claim(taken, withSuffix(axis, suffix)));
  return names;
}

std::string shown(double number) {
  std::string text;
  raw_string_ostream(text) << format("%g", number);
  return text;
}

std::string signature(const EmittedExport &fn) {
  auto shape = [&](const EmittedValue &value) {
    std::vector<std::string> dims;
    for (int32_t axis : value.axes)
      dims.push_back(fn.axes[axis].name);
    for (int64_t size : value.shape)
      dims.push_back(std::to_string(size));
    return dims.empty() ? std::string() : "[" + join(dims, ", ") + "]";
  };
  auto element = [&](const EmittedValue &value) -> std::string {
    if (value.element == ElementF32)
      return value.axes.empty() && value.shape.empty() ? "real" : "";
    if (value.element == ElementBool)
      return "bool";
    if (value.bound > 0)
      return "token(" + std::to_string(value.bound) + ")";
    return value.bound < 0 ? "token(" + fn.axes[-1 - value.bound].name + ")" : "int";
  };
  std::vector<std::string> inputs, results;
  for (const EmittedValue &value : fn.inputs)
    inputs.push_back(value.name + ": " + element(value) + shape(value) +
                     (value.preset ? " = " + shown(*value.preset) : ""));
  for (const EmittedValue &value : fn.results)
    results.push_back((fn.results.size() > 1 ? value.name + ": " : "") + element(value) + shape(value));
  std::string to = results.size() == 1 ? results.front() : "(" + join(results, ", ") + ")";
  return fn.name + "(" + join(inputs, ", ") + ") -> " + to;
}

static Error checkModelName(StringRef name) {
  // The header stands beside the user's own: `#include <time.h>` must not find a model.
  static const StringSet<> headers = {
      "assert", "complex",   "ctype",    "dirent", "dlfcn",       "errno",    "fcntl",   "fenv",      "features",
      "float",  "glob",      "grp",      "iconv",  "inttypes",    "iso646",   "limits",  "locale",    "malloc",
      "math",   "memory",    "monetary", "netdb",  "poll",        "pthread",  "pwd",     "regex",     "sched",
      "search", "semaphore", "setjmp",   "signal", "spawn",       "stdalign", "stdarg",  "stdatomic", "stdbool",
      "stddef", "stdint",    "stdio",    "stdlib", "stdnoreturn", "string",   "strings", "syslog",    "termios",
      "tgmath", "threads",   "time",     "uchar",  "unistd",      "utime",    "wchar",   "wctype",    "rondo"};
  if (!isIdentifier(name) || name != name.lower())
    return failed("a library cannot be called `" + name +
                  "`: its name is made of lower-case letters, digits and underscores; give another with --name");
  if (name.starts_with("_") || name.ends_with("_") || name.contains("__"))
    return failed("a library cannot be called `" + name +
                  "`: C++ keeps names with such underscores for itself; give another with --name");
  if (headers.contains(name))
    return failed("a library cannot be called `" + name + "`: its header would stand in the way of another " + name +
                  ".h; give another name with --name");
  return Error::success();
}

/// Whether C's own library has a function of that name: a program linked with both would call ours for it.
static bool isOfC(const std::string &symbol) {
  for (const char *file : {"libc.so.6", "libm.so.6"})
    if (void *library = dlopen(file, RTLD_LAZY); library && dlsym(library, symbol.c_str()))
      return true;
  return false;
}

Error checkNames(const EmittedProgram &program, const LibraryOptions &options) {
  if (Error error = checkModelName(options.name))
    return error;
  StringMap<std::string> taken;
  for (const char *fixed : {"open", "open_memory", "save", "close", "abi", "manifest", "session_new", "session_free",
                            "selftest", "model", "session", "limits"})
    taken[fixed] = "what every library has";
  if (program.exports.empty())
    return failed("the model exports nothing: add `export NAME`");
  std::vector<std::string> suffixes;
  for (auto &fixed : taken)
    suffixes.push_back(fixed.getKey().str());
  for (const EmittedExport &fn : program.exports)
    suffixes.push_back(fn.name);
  sort(suffixes);
  for (const std::string &suffix : suffixes)
    if (std::string symbol = options.name + "_" + suffix; isOfC(symbol))
      return failed("a library cannot be called `" + options.name + "`: its " + symbol +
                    " would take the place of C's; give another name with --name");
  for (const EmittedExport &fn : program.exports) {
    if (!isIdentifier(fn.name))
      return failed("the export `" + Twine(fn.name) + "` has a name that C cannot have");
    for (const char *suffix : {"", "_in", "_out"}) {
      auto [other, fresh] = taken.try_emplace(fn.name + suffix, "the export `" + fn.name + "`");
      if (!fresh)
        return failed("the export `" + Twine(fn.name) + "` needs the name " + options.name + "_" + fn.name + suffix +
                      ", which belongs to " + other->second + "; rename it");
    }
  }
  return Error::success();
}

uint32_t interfaceNumber(const EmittedProgram &program, const LibraryOptions &options) {
  std::string text = options.name + "\n" + join(programAxes(program), " ");
  for (const EmittedExport &fn : program.exports) {
    text += "\n" + signature(fn);
    for (const EmittedAxis &axis : fn.axes)
      text += (axis.returned ? " -> " : " ") + axis.name;
  }
  for (auto &[name, value] : options.constants)
    text += "\n" + name + "=" + std::to_string(value);
  // An enumerator of C fits an int.
  uint32_t number = xxh3_64bits(text) & 0x7fffffff;
  return number ? number : 1;
}

} // namespace rondo
