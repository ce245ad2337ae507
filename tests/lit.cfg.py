# Where lit finds the tools. CTest sets RONDO_BUILD and RONDO_LLVM_BIN (tests/CMakeLists.txt).
import os

import lit.formats

config.name = "rondo"
config.test_format = lit.formats.ShTest(True)
config.suffixes = [".mlir", ".rondo"]
build = os.environ.get("RONDO_BUILD", os.path.join(os.path.dirname(__file__), "..", "build", "dev"))
llvm = os.environ.get("RONDO_LLVM_BIN", "/usr/lib/llvm-22/bin")
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(build, "tests")
config.environment["PATH"] = os.pathsep.join([os.path.join(build, "bin"), llvm, os.environ["PATH"]])
config.environment["FILECHECK_OPTS"] = "-enable-var-scope"
