// The C++ header of a model, <model>.hpp: one class over the functions of <model>.h, with owners, exceptions and inputs
// as vectors. What is the same for all models stands in runtime/include/rondo.hpp. What the class needs for itself is
// called `_so`: a name of the language begins with a letter, so that no model has it. Types and functions of C are
// written `::charlm_open`, since an export may be called so.
#include "codegen/library/Parts.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;

namespace rondo {

namespace {

std::string braced(ArrayRef<int32_t> axes) {
  return "{" + join(map_range(axes, [](int32_t axis) { return std::to_string(axis); }), ", ") + "}";
}

/// The methods of one export: `call` on packed arrays, and the one of its name on vectors.
class ExportMethods {
public:
  ExportMethods(raw_ostream &out, const EmittedProgram &program, const std::string &name, const EmittedExport &fn,
                std::string method, std::string type)
      : out(out), program(program), name(name), fn(fn), method(std::move(method)), single(fn.results.size() == 1),
        fields(fieldNames(fn).results), type(std::move(type)) {
    if (single)
      this->type = "rondo::Ragged<" + elementType(fn.results[0]) + ">";
    nameParameters();
  }

  void write() {
    std::string prefix = "::" + name + "_" + fn.name;
    out << "\n  /* " << signature(fn) << " */\n"
        << "  void call(const " << prefix << "_in &in, const " << prefix << "_out &out) {\n"
        << "    if (!_session)\n      throw rondo::Error(RONDO_ECAPACITY, \"" << fn.name
        << ": reserve room before a call of packed arrays\");\n"
        << "    ::rondo_error error = {};\n    rondo::detail::check(" << prefix
        << "(_session.get(), &in, &out, &error), error);\n  }\n";
    if (!single) {
      out << "  struct " << type << " {\n";
      for (auto [value, field] : zip_equal(fn.results, fields))
        out << "    rondo::Ragged<" << elementType(value) << "> " << field << ";\n";
      out << "  };\n";
    }
    out << "  " << type << " " << method << "(" << join(parameters, ", ") << ") {\n"
        << "    rondo::detail::Call _call(\"" << fn.name << "\", " << size << ", " << fn.axes.size() << ");\n";
    measure();
    std::vector<std::string> words = pack(), rooms = makeRoom();
    reserve();
    out << "    this->call(" << prefix << "_in{" << join(words, ", ") << "}, " << prefix << "_out{" << join(rooms, ", ")
        << "});\n";
    fit();
    out << "    return _result;\n  }\n";
  }

private:
  void nameParameters() {
    StringSet<> taken;
    for (const EmittedValue &value : fn.inputs) {
      inputs.push_back(claim(taken, value.name));
      parameters.push_back("const rondo::Batch<" + elementType(value) + "> &" + inputs.back());
    }
    // An axis that no input shows by itself is told by its lengths.
    lengths.resize(fn.given());
    for (size_t axis = 0; axis < lengths.size(); ++axis) {
      auto shows = [&](const EmittedValue &value) {
        return value.axes.size() == 1 && size_t(value.axes[0]) == axis && !value.preset;
      };
      if (any_of(fn.inputs, shows))
        continue;
      lengths[axis] = claim(taken, fn.axes[axis].name + "_lengths");
      parameters.push_back("const std::vector<int64_t> &" + lengths[axis]);
    }
    auto first = find_if(fn.inputs, [](const EmittedValue &value) { return !value.preset; });
    if (first != fn.inputs.end()) {
      size = inputs[first - fn.inputs.begin()] + ".size()";
    } else if (!lengths.empty()) {
      size = lengths[0] + ".size()";
    } else {
      size = claim(taken, "batch");
      parameters.push_back("size_t " + size);
    }
    // An empty batch stands for what is left out; what stands last need not be written.
    for (size_t i = fn.inputs.size(); parameters.size() == fn.inputs.size() && i-- && fn.inputs[i].preset;)
      parameters[i] += " = {}";
  }

  /// The lengths of every axis.
  void measure() {
    for (auto [axis, known] : enumerate(lengths))
      if (!known.empty())
        out << "    _call.measure(" << axis << ", \"" << fn.axes[axis].name << "\", " << known << ");\n";
    for (auto [value, input] : zip_equal(fn.inputs, inputs))
      if (value.axes.size() == 1)
        out << "    " << (value.preset ? "if (!" + input + ".empty())\n      " : "") << "_call.measure("
            << value.axes[0] << ", \"" << value.name << "\", " << input << ", " << value.width() << ");\n";
    for (auto [at, axis] : enumerate(fn.axes))
      if (axis.source != EmittedAxis::Given)
        out << "    _call.make(" << at << ", \"" << axis.name << "\", " << axis.constant << ", " << axis.divisor
            << ", {" << join(map_range(axis.factors, [](int64_t factor) { return std::to_string(factor); }), ", ")
            << "});\n";
  }

  /// The arrays of the inputs; returns the words of _in.
  std::vector<std::string> pack() {
    out << "    const auto _batch = static_cast<int64_t>(" << size << ");\n";
    std::vector<std::string> words = {"_batch"};
    for (auto [axis, about] : enumerate(fn.axes)) {
      std::string held = "_axis" + std::to_string(axis);
      if (about.source == EmittedAxis::Given)
        words.push_back(held + ".data()");
      else if (!about.returned)
        continue;
      out << "    " << (about.returned ? "" : "const ") << "std::vector<int64_t> " << held << " = _call.offsets("
          << axis << ");\n";
    }
    for (auto [i, value, input] : enumerate(fn.inputs, inputs)) {
      std::string held = "_input" + std::to_string(i), type = "std::vector<" + elementType(value) + ">";
      out << "    const " << type << " " << held << " = "
          << (value.preset ? input + ".empty() ? " + type + "() : " : "") << "_call.pack(\"" << value.name << "\", "
          << input << ", " << braced(value.axes) << ", " << value.width() << ");\n";
      words.push_back((value.preset ? input + ".empty() ? nullptr : " : "") + held + ".data()");
    }
    return words;
  }

  std::string held(const std::string &field) const { return single ? "_result" : "_result." + field; }

  /// The results; returns the words of _out.
  std::vector<std::string> makeRoom() {
    out << "    " << type << " _result;\n";
    std::vector<std::string> rooms;
    for (auto [value, field] : zip_equal(fn.results, fields)) {
      out << "    " << held(field) << " = _call.room<" << elementType(value) << ">(" << braced(value.axes) << ", "
          << value.width() << ");\n";
      rooms.push_back(held(field) + ".data.data(), " + held(field) + ".data.size()");
    }
    for (auto [axis, about] : enumerate(fn.axes))
      if (about.returned)
        rooms.push_back("_axis" + std::to_string(axis) + ".data()");
    return rooms;
  }

  /// The limits of this export's axes among those of all.
  void reserve() {
    out << "    ::" << name << "_limits _needed = {};\n    _needed.batch = _batch;\n";
    std::vector<std::string> all = programAxes(program), limits = limitNames(program);
    for (auto [axis, about] : enumerate(ArrayRef(fn.axes).take_front(fn.given()))) {
      size_t at = find(all, about.name) - all.begin();
      out << "    _needed." << limits[2 * at] << " = _call.rows(" << axis << ");\n"
          << "    _needed." << limits[2 * at + 1] << " = _call.longest(" << axis << ");\n";
    }
    out << "    _need(_needed);\n";
  }

  /// Results over axes whose lengths the call has computed hold no more than these.
  void fit() {
    bool computed = false;
    for (auto [axis, about] : enumerate(fn.axes))
      if (about.returned && (computed = true))
        out << "    _call.settle(" << axis << ", _axis" << axis << ");\n";
    for (auto [value, field] : zip_equal(fn.results, fields))
      if (computed)
        out << "    _call.fit(" << held(field) << ", " << braced(value.axes) << ", " << value.width() << ");\n";
  }

  raw_ostream &out;
  const EmittedProgram &program;
  const std::string &name;
  const EmittedExport &fn;
  std::string method;
  bool single;
  std::vector<std::string> fields;
  std::string type;                                     // of what the method returns
  std::string size;                                     // of the batch
  std::vector<std::string> parameters, inputs, lengths; // lengths: of given axes; empty: an input shows it
};

class Wrapper {
public:
  Wrapper(const EmittedProgram &program, const LibraryOptions &options)
      : program(program), options(options), name(options.name), out(text) {}

  std::string write() {
    // A library may be called as a word of C++, or as its own library; a namespace may not.
    std::string space = name == "std" || name == "posix" ? name + "_" : identifier(name);
    out << "/* Generated by rondo: the model `" << name << "` in C++17 and later, over " << name << ".h. */\n"
        << "#ifndef RONDO_MODEL_" << name << "_hpp\n#define RONDO_MODEL_" << name << "_hpp\n"
        << "#include \"" << name << ".h\"\n#include \"rondo.hpp\"\n#include <memory>\n\n"
        << "namespace " << space << " {\n\n";
    writeClass();
    StringSet<> members = {"Model", "share", "reserve", "selftest", "save", "call"};
    std::vector<std::string> methods;
    for (const EmittedExport &fn : program.exports)
      methods.push_back(claim(members, fn.name));
    for (auto [fn, method] : zip_equal(program.exports, methods))
      ExportMethods(out, program, name, fn, method, fn.results.size() == 1 ? "" : claim(members, fn.name + "_result"))
          .write();
    writePrivate();
    out << "} // namespace " << space << "\n#endif\n";
    return text;
  }

private:
  /// The text, with the library's name where `@` stands.
  void put(StringRef lines) {
    for (char c : lines)
      c == '@' ? out << name : out << c;
  }

  void writeClass() {
    put(R"(/* Opened weights and one session. What a library refuses is thrown as rondo::Error. Calls make the session larger
   as they need it; `reserve` does it beforehand, and then no call of packed arrays allocates. An object serves
   one thread at a time: `share` gives another one over the same weights. */
class Model {
public:
  /* `weights`: a file of safetensors or .weights; nullptr: those inside the library. */
  explicit Model(const char *weights = nullptr, uint32_t threads = 1) : Model(weights, _configure(threads)) {}
  Model(const char *weights, const ::rondo_config &config) {
    _same();
    ::rondo_error error = {};
    ::@_model *opened = nullptr;
    rondo::detail::check(::@_open(&opened, weights, &config, &error), error);
    _model.reset(opened, ::@_close);
  }
  /* The same from memory, which is copied. */
  static Model open_memory(const void *weights, size_t size, uint32_t threads = 1) {
    _same();
    ::rondo_error error = {};
    ::rondo_config config = _configure(threads);
    ::@_model *opened = nullptr;
    rondo::detail::check(::@_open_memory(&opened, weights, size, &config, &error), error);
    return Model(std::shared_ptr<::@_model>(opened, ::@_close));
  }

  /* The same weights with a session of its own, for another thread. */
  Model share() const { return Model(_model); }
  void reserve(const ::@_limits &limits) {
    ::rondo_error error = {};
    ::@_session *made = nullptr;
    _session.reset();
    rondo::detail::check(::@_session_new(&made, _model.get(), &limits, &error), error);
    _session.reset(made);
    _limits = limits;
)");
    std::vector<std::string> limits = limitNames(program);
    for (size_t i = 0; i < limits.size(); i += 2) {
      std::string total = "_limits." + limits[i], longest = "_limits." + limits[i + 1];
      out << "    if (!" << longest << ")\n      " << longest << " = " << total << ";\n"
          << "    if (!" << total << ")\n      " << total << " = _limits.batch * " << longest << ";\n";
    }
    put(R"(  }
  /* Does this machine keep the promise of equal bits. */
  void selftest() {
    ::@_limits enough = {};
    enough.batch = 3;
)");
    for (size_t i = 0; i < limits.size(); i += 2)
      out << "    enough." << limits[i] << " = 111;\n    enough." << limits[i + 1] << " = 37;\n";
    put(R"(    _need(enough);
    ::rondo_error error = {};
    rondo::detail::check(::@_selftest(_session.get(), &error), error);
  }
  /* Writes a .weights image. */
  void save(const char *path) const {
    ::rondo_error error = {};
    rondo::detail::check(::@_save(_model.get(), path, &error), error);
  }
)");
  }

  void writePrivate() {
    put(R"(
private:
  explicit Model(std::shared_ptr<::@_model> model) : _model(std::move(model)) {}
  /* A library compiled anew may read other structs. */
  static void _same() {
    if (::@_abi() != )" +
        std::to_string(interfaceNumber(program, options)) + R"(u)
      throw rondo::Error(RONDO_EVERSION, "@: the library is not the one that @.hpp was made with");
  }
  static ::rondo_config _configure(uint32_t threads) {
    ::rondo_config config = {};
    config.size = sizeof config;
    config.threads = threads;
    return config;
  }
  /* A session with room for this and for all before. A limit of 0 would follow from the others. */
  void _need(const ::@_limits &needed) {
    bool enough = _session != nullptr;
    ::@_limits larger = _limits, alone = {};
)");
    std::vector<std::string> limits = limitNames(program);
    limits.insert(limits.begin(), "batch");
    for (const std::string &limit : limits)
      out << "    enough &= needed." << limit << " <= _limits." << limit << ";\n    alone." << limit
          << " = std::max<int64_t>(needed." << limit << ", 1);\n    larger." << limit << " = std::max(larger." << limit
          << ", alone." << limit << ");\n";
    put(R"(    if (enough)
      return;
    try {
      reserve(larger);
    } catch (const rondo::Error &) { /* the most of every call so far may be too much together */
      reserve(alone);
    }
  }
  struct _free {
    void operator()(::@_session *session) const { ::@_session_free(session); }
  };

  std::shared_ptr<::@_model> _model;
  std::unique_ptr<::@_session, _free> _session;
  ::@_limits _limits = {};
};

)");
  }

  const EmittedProgram &program;
  const LibraryOptions &options;
  std::string name, text;
  raw_string_ostream out;
};

} // namespace

std::string writeWrapper(const EmittedProgram &program, const LibraryOptions &options) {
  return Wrapper(program, options).write();
}

} // namespace rondo
