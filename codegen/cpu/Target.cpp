#include "codegen/cpu/Target.h"

using namespace rondo;

llvm::StringRef Target::cpu() const {
  switch (level) {
  case Level::V2:
    return "x86-64-v2";
  case Level::V3:
    return "x86-64-v3";
  case Level::V4:
    return "x86-64-v4";
  }
  return "";
}

llvm::StringRef Target::name() const { return cpu().take_back(2); }
