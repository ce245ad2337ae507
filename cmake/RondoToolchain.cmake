# LLVM and MLIR as shared libraries, never their static archives (llvm-project#123910: mixing both registers options twice).
find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)
include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
include_directories("${CMAKE_CURRENT_SOURCE_DIR}" "${CMAKE_CURRENT_BINARY_DIR}")
add_definitions(${LLVM_DEFINITIONS})

set(RONDO_LLVM_BIN "${LLVM_TOOLS_BINARY_DIR}" CACHE PATH "Where clang-22, ld.lld, FileCheck and lit are")

# -fPIC everywhere: the one precompiled header serves libraries and programs, and CMake would give programs -fPIE.
add_compile_options(-fPIC -Wall -Wextra -Wno-unused-parameter)
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>)
add_link_options(-fuse-ld=lld)

find_program(RONDO_CCACHE ccache)
if(RONDO_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime;CCACHE_BASEDIR=${CMAKE_SOURCE_DIR};CCACHE_NOHASHDIR=1;${RONDO_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_C_COMPILER_LAUNCHER}")
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
  endif()
endif()

set_property(GLOBAL PROPERTY JOB_POOLS link=1)
set(CMAKE_JOB_POOL_LINK link)

option(RONDO_FUZZ "libFuzzer drives the fuzzers (preset fuzz; clang only)" OFF)
set(RONDO_SANITIZE "" CACHE STRING "Sanitizers for everything that is built, as in -fsanitize=")
if(RONDO_SANITIZE)
  # Undefined behaviour ends the program too: a line that scrolls by is not noticed. But nobody looks for the type before
  # a function: before code made at run time stands none, and sometimes no memory.
  add_compile_options(-fsanitize=${RONDO_SANITIZE} -fno-sanitize=function -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${RONDO_SANITIZE})
endif()
