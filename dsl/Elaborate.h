// From the syntax tree to equations: sizes and instances are made, names and axes resolved, layers and fns lifted and
// inlined, loops unrolled. Private to the front end; tools use dsl/Compile.h.
//
// A value is a scalar expression with one variable for each of its axes, so partial subscripts, elementwise operators,
// lifting and inlining are all substitution. A statement makes an array of its value, over the variables of where it
// stands (the index variables of enclosing equations and binders, those of lifting) and its own. Statements are
// elaborated on demand, because order does not matter; one that needs itself (a recurrence) asks for its axes only, and
// those are found by a quiet evaluation in which the unknown stays unknown.
#ifndef RONDO_DSL_ELABORATE_H
#define RONDO_DSL_ELABORATE_H

#include "dsl/Ast.h"
#include "dsl/Diagnostics.h"
#include "dsl/Equations.h"

#include "llvm/ADT/StringMap.h"

#include <map>
#include <memory>
#include <set>

namespace rondo::eq {

struct Instance;
struct Local;
struct Value;

/// What is known while compiling: a number, a vocabulary (a number with named constants), an instance, a list.
struct Static {
  enum What { Number, InstanceOf, List, Truth } what = Number;
  double number = 0;
  bool isInteger = false;
  std::string word; // of a size: its name
  std::map<std::string, int64_t> constants;
  bool isVocabulary = false;
  Instance *instance = nullptr;
  std::vector<Value> list;
};

struct Value {
  enum Tag { Poison, Unknown, Data, Fixed, Tuple } tag = Poison;
  Type type;                        // Data
  llvm::SmallVector<Var *, 4> vars; // one per axis
  Expr *body = nullptr;             // scalar, over vars and the variables of where it stands
  std::shared_ptr<Static> fixed;    // Fixed
  std::vector<Value> parts;         // Tuple
  Range range;

  static Value unknown() {
    Value v;
    v.tag = Unknown;
    return v;
  }
  static Value known(Static::What what, Range range) {
    Value v;
    v.tag = Fixed;
    v.fixed = std::make_shared<Static>();
    v.fixed->what = what;
    v.range = range;
    return v;
  }
  bool isData() const { return tag == Data; }
  bool isFixed(Static::What what) const { return tag == Fixed && fixed->what == what; }
  bool isNumber() const { return isFixed(Static::Number); }
  bool known() const { return tag == Data || tag == Fixed || tag == Tuple; }
};

/// A layer or model with its sizes: parameters, inner instances. Members are made when first asked for.
struct Instance {
  const ast::LayerDecl *decl = nullptr;
  std::string path;
  Instance *parent = nullptr;
  Range where;
  struct Entry {
    const ast::Member *member = nullptr; // null for a size
    unsigned index = 0;                  // which of its names
    enum State { Todo, Busy, Done } state = Todo;
    Value value;
    Array *cell = nullptr;
  };
  llvm::StringMap<Entry> entries;
  const ast::FnDecl *fn(llvm::StringRef name) const;
};

struct Frame {
  Frame *parent = nullptr;
  llvm::DenseMap<llvm::StringRef, Local *> names;
  struct FnInstance *fn = nullptr;
  Instance *self = nullptr;
};

/// A statement of one call of a fn, evaluated once for all its targets.
struct StmtInstance {
  const ast::DefineStmt *define = nullptr;
  const ast::ReturnStmt *result = nullptr;
  unsigned resultIndex = 0;
  Frame *env = nullptr;
  struct FnInstance *fn = nullptr;
  llvm::SmallVector<Local *, 2> locals;
  enum State { Todo, Busy, Done } state = Todo;
  bool inferring = false;
  unsigned inferredAt = 0; // by what was known then

  llvm::ArrayRef<ast::Target> targets() const;
  llvm::SmallVector<const ast::Expr *, 2> values() const;
};

struct Local {
  llvm::StringRef name;
  Range range;
  StmtInstance *stmt = nullptr; // null: `value` is all there is
  unsigned target = 0;
  Value value;
  bool ready = false;                 // `value` holds
  Array *array = nullptr;             // when asked for before it was ready, and then for good
  std::optional<Type> hint;           // axes and element, found by inference
  bool guessed = false;               // that its rows are numbers, since nothing told more
  llvm::SmallVector<Axis, 2> leading; // those of its indices, where inference found no more
  const Var *var = nullptr;           // of an index
  bool isIndex = false;
  bool isLoop = false;                 // the variable of an unrolled loop
  const ast::AxisStmt *axis = nullptr; // an axis made in the body; `value` is its length
  bool measuring = false;              // which is being found
  bool judging = false;                // what stands outside is being looked at
  Frame *env = nullptr;                // where it stands
  struct FnInstance *fn = nullptr;
  Boundary *boundary = nullptr;
  llvm::SmallVector<std::pair<const ast::Bound *, Frame *>, 1> bounds;
  llvm::SmallVector<Local *, 2> pieces; // `new[l] = ..` in a loop: one for each l
};

struct FnInstance {
  const ast::FnDecl *decl = nullptr;
  Instance *self = nullptr;
  FnInstance *caller = nullptr;
  Range call;
  std::string path; // of its arrays
  Frame *root = nullptr;
  llvm::SmallVector<const Var *, 4> context;
  llvm::SmallVector<Expr *, 4> guards;
  std::vector<StmtInstance *> stmts;
  std::vector<Local *> bounded; // locals with boundaries
  std::vector<Local *> axes;    // made in the body
  const ast::ReturnStmt *returns = nullptr;
  Frame *returnEnv = nullptr;
  llvm::SmallVector<StmtInstance *, 2> returnStmts; // null where the result is a plain expression
};

/// The sizes, instances and parameters of a model, shared by its exports.
class Model {
public:
  const ast::LayerDecl *decl = nullptr;
  std::deque<Instance> instances;
  std::deque<Array> cells; // parameters and constants in the order made
  Instance *root = nullptr;
};

struct Override {
  std::string name;
  double value = 0;
};

/// Thrown nowhere: set when something outside the built language is met; the export is then left out or an error.
struct NotBuilt {
  Range range;
  std::string what;
};

class Elaborator {
public:
  Elaborator(llvm::ArrayRef<const ast::File *> files, Diagnostics &diagnostics);

  /// The model with its sizes and parameters; null after an error.
  bool instantiate(Model &model, const ast::LayerDecl *decl, llvm::ArrayRef<Override> overrides);
  /// One fn of the model as a program. False after an error, or when something met is not built yet (`notBuilt`).
  bool elaborate(Model &model, const ast::FnDecl *fn, llvm::StringRef name, Program &program);
  std::optional<NotBuilt> notBuilt;

private:
  using Env = Frame *;

  // An export (Elaborate.cpp).
  Axis declareSequence(FnInstance &fn, const ast::Axis &axis, llvm::StringRef name);
  std::optional<double> presetOf(const ast::Arg &arg, const Type &type, Env env);
  void declareInput(FnInstance &fn, const ast::Arg &arg);
  Array *resultArray(const Value &v, llvm::StringRef name);
  void reportUnknownAxes(unsigned errorsBefore);

  // Instances (Instances.cpp).
  Instance *makeInstance(const ast::LayerDecl *decl, llvm::ArrayRef<ast::Pass> args, Env env, std::string path,
                         Range range, llvm::ArrayRef<Override> overrides = {});
  Value member(Instance &instance, llvm::StringRef name, Range range);
  bool hasMember(Instance &instance, llvm::StringRef name) const;
  Value evalMember(const ast::Expr *e, Env env, const std::string &path);
  void makeCell(Instance &instance, Instance::Entry &entry, const ast::CellDecl *decl);
  bool cellInit(Array &cell, const ast::Expr *init, Env env);
  void finish(Instance &instance);
  Env frameOf(Instance &instance);

  // Sizes (Sizes.cpp).
  bool matchSizes(const ast::LayerDecl *decl, llvm::ArrayRef<ast::Pass> args,
                  llvm::SmallVectorImpl<const ast::Expr *> &given);
  bool giveSizes(Instance &instance, llvm::ArrayRef<ast::Pass> args, Env env, llvm::ArrayRef<Override> overrides);
  Value builtinSize(const ast::CallExpr *call, Env env);

  // Axes with computed lengths (Lengths.cpp).
  Expr *lengthOf(Expr *e, Range range, llvm::StringRef word);
  std::optional<Axis> lengthAxis(Expr *length, Range range, llvm::StringRef word, bool ofValues);
  Sequence *valueAxis(Expr *value, Range range, llvm::StringRef word);
  Value readAxis(Local &local);

  // Axes and types (Axes.cpp).
  std::optional<Axis> axisOf(const ast::Expr *size, Env env);
  std::optional<Element> elementOf(const ast::Type &type, Env env);
  std::optional<int64_t> staticInt(const ast::Expr *e, Env env, const char *what);
  bool checkAxisBounds(const ast::Axis &declared, const Axis &actual, Env env, Range range);
  struct IndexVar {
    Local *local = nullptr;
    int64_t first = 0; // of `k in -R..R`
  };
  std::optional<Axis> rangeOf(const ast::Index &index, llvm::ArrayRef<const ast::Expr *> scope, Env env,
                              int64_t &first);
  std::optional<Axis> inferRange(llvm::StringRef name, Range range, llvm::ArrayRef<const ast::Expr *> scope, Env env);
  struct Use {
    const ast::Expr *base;
    unsigned position;
    const ast::Expr *subscript;
    Env env;
  };
  struct Uses {
    llvm::SmallVector<Use> plain, offset;
  };
  void collectUses(llvm::StringRef name, const ast::Expr *e, Env env, Uses &uses);
  Env dummyFrame(llvm::ArrayRef<llvm::StringRef> names, Env parent);
  IndexVar bindIndex(const ast::Index &index, llvm::ArrayRef<const ast::Expr *> scope, Env scan, Env into);

  // Expressions (Expressions.cpp, Subscripts.cpp, Binders.cpp, Builtins.cpp).
  Value eval(const ast::Expr *e, Env env);
  Value evalName(llvm::StringRef name, Range range, Env env);
  Value evalUnary(const ast::UnaryExpr *e, Env env);
  Value evalBinary(const ast::BinaryExpr *e, Env env);
  Value evalCompare(const ast::CompareExpr *e, Env env);
  Value evalIf(const ast::IfExpr *e, Env env);
  Value evalBinder(const ast::BinderExpr *e, Env env);
  Value evalTerm(const ast::BinderExpr *e, Env env);
  Value evalOfBound(const ast::BinderExpr *e, Env env);
  Value softmax(const ast::BinderExpr *e, llvm::ArrayRef<const Var *> over, Expr *condition, Value body);
  Value rank(const ast::BinderExpr *e, const Var &over, Expr *condition, Value key);
  bool evalCondition(const ast::Expr *source, Env env, Expr *&condition);
  bool boundIndices(const ast::BinderExpr *e, Env env, llvm::SmallVectorImpl<const Var *> &over);
  Value evalSubscript(const ast::SubscriptExpr *e, Env env);
  Value evalPiece(const ast::SubscriptExpr *e, const Local &array, int64_t at, Env env);
  Value evalMemberOf(const ast::MemberExpr *e, Env env);
  Value evalDot(const ast::BinaryExpr *e, Value a, Value b);
  Value evalBuiltin(llvm::StringRef name, const ast::CallExpr *e, Env env);
  Value evalConcat(const ast::CallExpr *e, Env env);
  Value elementwise(llvm::ArrayRef<Value> operands, llvm::ArrayRef<const ast::Expr *> sources, Range range,
                    llvm::StringRef what, llvm::function_ref<Expr *(llvm::ArrayRef<Expr *>)> f);
  Value subscript(Value base, llvm::ArrayRef<Expr *> at, Range range);
  Expr *scalarInt(const ast::Expr *e, Env env, llvm::StringRef what);
  Expr *scalarInt(const Value &value, Range range, llvm::StringRef what);
  bool isReal(const Value &v) const;

  // Calls (Calls.cpp).
  Value evalCall(const ast::CallExpr *e, Env env);
  struct Argument {
    const ast::Arg *param = nullptr;
    Value value;
    Range range;
    const ast::Expr *source = nullptr;
  };
  FnInstance &makeFn(const ast::FnDecl *decl, Instance *self, Range call);
  Value callFn(const ast::FnDecl *fn, Instance *self, const ast::CallExpr *call, Env env);
  bool matchArguments(const ast::FnDecl *fn, const ast::CallExpr *call, Env env, Env into,
                      llvm::SmallVectorImpl<Argument> &arguments);
  /// The extra leading axes of a call, and the argument that brought them.
  struct Lift {
    llvm::SmallVector<Axis> axes;
    Range by;
  };
  void declareArgument(FnInstance &fn, const Argument &argument, Value value);
  bool bindArguments(FnInstance &fn, llvm::MutableArrayRef<Argument> arguments, Lift &lift);
  bool declareArguments(FnInstance &fn, llvm::MutableArrayRef<Argument> arguments, Lift &lift,
                        llvm::ArrayRef<Expr *> places);
  bool bindParameter(FnInstance &fn, Argument &argument, Lift &lift);
  bool bindAxis(FnInstance &fn, const ast::Axis &declared, const Axis &actual, size_t position, Argument &argument);
  bool prepareBody(FnInstance &fn);
  bool runBody(FnInstance &fn, std::vector<Value> &results, std::vector<std::string> *names);
  std::optional<Type> declaredType(FnInstance &fn, const ast::Type &declared);
  bool checkResult(FnInstance &fn, const ast::Type &declared, Value &value, Range range);
  Value convert(Value v, const Element &to, Range range, llvm::StringRef what);

  // Statements (Statements.cpp).
  void declare(FnInstance &fn, llvm::ArrayRef<ast::Stmt *> stmts, Env &env, Env home, bool inLoop,
               llvm::SmallVectorImpl<std::pair<llvm::StringRef, Local *>> &rebound);
  void declareFor(FnInstance &fn, const ast::ForStmt *loop, Env &env, bool inLoop, Env home,
                  llvm::SmallVectorImpl<std::pair<llvm::StringRef, Local *>> &rebound);
  Local *declareLocal(FnInstance &fn, const ast::Target &target, StmtInstance *stmt, unsigned index, Env home);
  void run(StmtInstance &stmt);
  bool evaluate(StmtInstance &stmt, llvm::SmallVectorImpl<Var *> &indices, llvm::SmallVectorImpl<Value> &values);
  void infer(StmtInstance &stmt);
  void inferKinds(StmtInstance &stmt);
  bool beginsReal(const Local &local);
  std::optional<Element> kindBefore(const Local &local, const Element &unsaid);
  void define(StmtInstance &stmt, Local &local, llvm::ArrayRef<Var *> indices, Value value);
  Value readPieces(Local &local, Range range);
  Value read(Local &local, Range range);
  Local *lookup(llvm::StringRef name, Env env) const;
  /// By the file where it is asked for.
  const ast::LayerDecl *layerNamed(llvm::StringRef name, Range at) const;
  const ast::FnDecl *fnNamed(llvm::StringRef name, Range at) const;
  Frame *frameIn(Env parent);
  /// A local whose value is known; the caller puts it into a frame.
  Local &makeLocal(llvm::StringRef name, Range range, Value value);

  // What stands outside arrays (Boundaries.cpp).
  void declareBounds(FnInstance &fn, llvm::ArrayRef<ast::Bound> bounds, Env env);
  void giveBoundary(FnInstance &fn, Local &local, const ast::Bound &bound, Env env);
  void boundPieces(FnInstance &fn);
  static bool isPlainRead(const Value &value);
  static bool hasBoundary(const Value &value);
  bool staysToken(Local &local, const Element &element);
  Value withBoundary(Local &local, Value value);
  Value withoutBoundary(Value value);
  std::optional<Boundary::Entry> readBound(Local &local, const Type &type, const ast::Bound &bound, Env env);
  void fillBoundaries(FnInstance &fn);

  // Values and arrays (Values.cpp).
  Value data(Type type, llvm::ArrayRef<Var *> vars, Expr *body, Range range);
  Value dummy(const Type &type, Range range);
  Value aliasOf(Array *array, llvm::ArrayRef<const Var *> context, Range range);
  Value materialise(const Value &v, llvm::StringRef name, Range range);
  Array *newArray(llvm::StringRef name, Type type, Range range);
  bool isCheap(const Value &v) const;
  Value toData(const Value &v, Range range);
  Value fixedNumber(double value, bool isInteger, Range range);
  Expr *at(const Value &v, llvm::ArrayRef<Expr *> places);
  llvm::SmallVector<Var *, 4> freshVars(llvm::ArrayRef<Axis> axes, llvm::StringRef hint);

  Diagnostic &error(llvm::StringRef code, Range range, std::string message);
  Diagnostic &refuse(Range range, std::string what); // not built yet
  std::string describe(const Value &v) const;        // "axes [T, E = 4]"
  std::string kindOf(const Value &v) const;          // "an array with axes [T, E = 4]"

  /// Work on behalf of a fn happens where its call stands, whoever asks.
  struct Context {
    Elaborator &e;
    llvm::SmallVector<const Var *, 8> context;
    llvm::SmallVector<Expr *, 8> guards;
    FnInstance *current;
    Context(Elaborator &e, FnInstance &fn) : e(e), context(e.context), guards(e.guards), current(e.current) {
      e.context.assign(fn.context.begin(), fn.context.end());
      e.guards.assign(fn.guards.begin(), fn.guards.end());
      e.current = &fn;
    }
    ~Context() {
      e.context = context;
      e.guards = guards;
      e.current = current;
    }
  };

  Diagnostics &diagnostics;
  struct Known {
    llvm::StringMap<const ast::LayerDecl *> layers;
    llvm::StringMap<const ast::FnDecl *> fns;
  };
  Known own, library; // a file's own hide the library's for that file, not for the library
  const Source *file = nullptr;
  Model *model = nullptr;
  Program *program = nullptr;
  std::unique_ptr<Program> scratch; // of quiet evaluation and of sizes
  int quiet = 0;
  unsigned depth = 0;
  unsigned nestedStatements = 0; // each found because the one before reads it
  FnInstance *current = nullptr;
  llvm::SmallVector<const Var *, 8> context;
  llvm::SmallVector<Expr *, 8> guards;
  std::set<std::pair<std::string, const void *>> reported;
  Diagnostic sink;
  bool failed = false;
  /// Calls are inlined and loops unrolled: so many calls and statements are more than anyone means.
  static constexpr size_t mostInlined = 200000;
  size_t inlinedBefore = 0; // by the exports before this one
  bool tooMany(Range range);
  void tooDeep(Range range);
  /// A call met while axes were inferred that cannot be right: a better reason than that they are unknown.
  struct Suspect {
    Range range, declared;
    std::string what, help;
  };
  std::optional<Suspect> suspect;
  /// How often something about axes and kinds was found: only then may what told nothing before tell more.
  unsigned findings = 1;
  std::optional<std::pair<Local *, Range>> axesUnknown; // a recurrence that was read before its axes could be told
  /// While kinds are assumed: the statements whose axes and kinds were found under the assumption.
  struct Trial {
    bool guess = false; // what is not known is taken for a number
    llvm::SmallVector<StmtInstance *> inferred, guessed;
  };
  Trial *trial = nullptr;
  std::deque<ast::Bound> pieceBounds;
  std::deque<Frame> frames;
  std::deque<Local> locals;
  std::deque<StmtInstance> stmtInstances;
  std::deque<FnInstance> fnInstances;
};

llvm::ArrayRef<llvm::StringRef> scalarFunctions();
bool isBuiltin(llvm::StringRef name);
/// "first", "second" ...
std::string ordinal(size_t n);
/// Sources break lines where they like; a message does not.
std::string oneLine(llvm::StringRef text);
/// What stands behind the `.` of an instance.
llvm::SmallVector<llvm::StringRef> namesOf(const Instance &instance);
std::string quoted(const ast::Expr *e);

} // namespace rondo::eq

#endif
