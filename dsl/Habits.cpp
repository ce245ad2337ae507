// Words of other languages.
#include "dsl/Habits.h"

#include "llvm/ADT/STLExtras.h"

using llvm::StringRef;

StringRef rondo::habitHelp(StringRef word) {
  struct Habit {
    std::initializer_list<StringRef> words;
    StringRef help;
  };
  static const Habit habits[] = {
      {{"T", "mT", "transpose", "permute", "swapaxes"},
       "there is no transpose: the indices say what meets what, as in `sum(i) W[i,j] * x[i]`"},
      {{"reshape", "view", "flatten", "squeeze", "unsqueeze", "expand", "repeat", "tile"},
       "there is no reshape: an array has the axes that its indices give it, as in `y[t,h,i] = x[t, h*D+i]`"},
      {{"zeros", "ones", "full", "zeros_like", "ones_like"},
       "a number stands for an array of any axes: `param b : [E] = 0`, `where h[-1] = 0`"},
      {{"shape", "size", "len", "length"}, "a length is the name of its axis: `T` of `[T, E]`"},
      {{"range", "arange"}, "an index has its range by itself, `y[t] = x[t] * t`; else write `t in T`"},
      {{"matmul", "dot", "bmm", "einsum", "mm"},
       "a matrix meets a vector in `W @ x`; every other product is a sum over indices, `sum(i) a[t,i] * b[s,i]`"},
      {{"cat", "hstack"}, "last axes are joined by `concat(a, b)`"},
      {{"stack", "vstack"}, "an array over a new axis is an equation with its index on the left, `y[l, t] = ..`"},
      {{"pad"}, "what stands outside is a boundary: `where x[_] = 0`"},
      {{"pow", "power", "square"}, "powers are written `x ^ 2`"},
      {{"def", "func", "function", "defn"}, "functions are made with `fn`"},
      {{"let", "var", "val", "auto", "local"}, "an equation needs no word before it: `y = f(x)`"},
      {{"class", "module", "struct"}, "what owns parameters is a `layer` or `model`"},
      {{"import", "from", "include", "use"}, "the standard library is always there; a file stands alone"},
      {{"self", "this"}, "members are used by their plain names"},
      {{"np", "numpy", "torch", "nn", "jnp", "math"}, "functions stand alone: `tanh(x)`, with no name before them"},
      {{"xavier", "kaiming", "he", "glorot_uniform", "glorot_normal", "xavier_uniform", "xavier_normal",
        "kaiming_uniform", "kaiming_normal", "randn", "rand"},
       "what a parameter begins with is `glorot`, `orthogonal`, `normal(deviation)`, `uniform(low, high)` or a number"},
      {{"end"}, "positions count from 0; the last is `T-1`"},
      {{"lambda"}, "a function has a name and a place beside the others: `fn g(a: []) -> [] = a + 1`"},
      {{"forward"}, "calling the instance calls its fn without a name: `rnn(x)`"},
      {{"None", "null", "nil"}, "there is no empty value; leave the argument out"},
      {{"True"}, "write `true`"},
      {{"False"}, "write `false`"},
  };
  for (const Habit &habit : habits)
    if (llvm::is_contained(habit.words, word))
      return habit.help;
  return "";
}

std::string rondo::didYouMean(StringRef name, llvm::ArrayRef<StringRef> words) {
  // Half the name may be another; of short names everything would be near.
  unsigned distance = name.size() < 2 ? 0 : std::min<unsigned>(3, name.size() / 2 + 1);
  StringRef best;
  for (StringRef word : words) {
    unsigned n = word.equals_insensitive(name) ? 0 : name.edit_distance(word, true, distance);
    if (n < distance)
      best = word, distance = n;
  }
  return best.empty() ? "" : "did you mean `" + best.str() + "`?";
}
