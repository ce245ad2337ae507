# rondo_library(NAME [LINK lib ...]): every .cpp of this folder and those below it, one library per top folder.
function(rondo_library name)
  cmake_parse_arguments(arg "" "" "LINK;DEPENDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cpp)
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC ${arg_LINK} MLIR LLVM)
  target_precompile_headers(${name} REUSE_FROM rondo_pch)
  if(arg_DEPENDS)
    add_dependencies(${name} ${arg_DEPENDS})
  endif()
endfunction()

# rondo_tool(NAME SOURCES ... LINK ...)
function(rondo_tool name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINK} MLIR LLVM)
  target_precompile_headers(${name} REUSE_FROM rondo_pch)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
endfunction()

# rondo_embed(TARGET FILE.cpp FILES glob HEADER h FUNCTION f [PREFIX p]): files as text in a target (EmbedFiles.cmake).
function(rondo_embed target out)
  cmake_parse_arguments(arg "" "FILES;PREFIX;HEADER;FUNCTION" "" ${ARGN})
  get_filename_component(pattern "${arg_FILES}" ABSOLUTE)
  file(GLOB files CONFIGURE_DEPENDS "${pattern}")
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} "-DFILES=${pattern}" "-DPREFIX=${arg_PREFIX}" -DHEADER=${arg_HEADER}
            -DFUNCTION=${arg_FUNCTION} -P ${CMAKE_SOURCE_DIR}/cmake/EmbedFiles.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/EmbedFiles.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/${out})
endfunction()

# One precompiled header for the whole project (Pass, PatternMatch and dialect headers cost four seconds a file otherwise).
file(WRITE "${CMAKE_BINARY_DIR}/rondo_pch.cpp" "// Holder of the precompiled header.\n")
add_library(rondo_pch STATIC "${CMAKE_BINARY_DIR}/rondo_pch.cpp")
target_precompile_headers(rondo_pch PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${CMAKE_CURRENT_LIST_DIR}/pch.h>")

# rondo_pytest(NAME FILE): one file of pytest tests as one CTest. Uses the environment that scripts/test.sh
# makes; without it, the system's Python. The build folder is in RONDO_BUILD.
find_program(RONDO_PYTHON NAMES python3 PATHS "${CMAKE_SOURCE_DIR}/.venv/bin" NO_DEFAULT_PATH)
find_program(RONDO_PYTHON NAMES python3 REQUIRED)
function(rondo_pytest name file)
  add_test(NAME ${name} COMMAND "${RONDO_PYTHON}" -m pytest -q -rs -p no:cacheprovider "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
  set_tests_properties(${name} PROPERTIES
    ENVIRONMENT "RONDO_BUILD=${CMAKE_BINARY_DIR};RONDO_SOURCE=${CMAKE_SOURCE_DIR};PYTHONDONTWRITEBYTECODE=1")
endfunction()
