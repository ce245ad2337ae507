// Words that people bring along from other languages, and how what they mean is written here: for the help of messages.
#ifndef RONDO_DSL_HABITS_H
#define RONDO_DSL_HABITS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace rondo {

/// For a name that is not known (`transpose`, `zeros`, `len`), a member (`T`, `shape`) or the first word of a statement
/// (`def`, `let`); empty for any other word.
llvm::StringRef habitHelp(llvm::StringRef word);

/// "did you mean `lstm`?" of the word that is spelt most alike; empty where none is.
std::string didYouMean(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> words);

} // namespace rondo

#endif
