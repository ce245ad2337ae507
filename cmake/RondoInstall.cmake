# What `cmake --install` puts below a prefix: all that a user needs who has no checkout. Beside it only Debian's LLVM (its
# shared libraries and ld.lld-22) is needed to compile, and Python and NumPy for the package.
#
#   bin/rondo, bin/rondo-opt      the standard library and the runtime are inside
#   include/rondo.h, rondo.hpp    what the headers of all models share
#   lib/cmake/Rondo               find_package(Rondo): rondo_compile(target model.rondo)
#   share/pkgconfig/rondo.pc      pkg-config --cflags rondo; --variable=rondo, models, python
#   share/rondo/models            the models and the maps of weights; `--map NAME` finds these from anywhere
#   share/rondo/python            the Python package: on PYTHONPATH, or `pip install` this folder
#   share/doc/rondo               README, licence, docs with their examples
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# libMLIR stands in LLVM's own folder, which no loader searches.
set_target_properties(rondo rondo-opt PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS rondo rondo-opt)

install(FILES runtime/include/rondo.h runtime/include/rondo.hpp TYPE INCLUDE)
install(DIRECTORY models DESTINATION "${CMAKE_INSTALL_DATADIR}/rondo" FILES_MATCHING PATTERN "*.rondo" PATTERN "*.map")
install(DIRECTORY runtime/python DESTINATION "${CMAKE_INSTALL_DATADIR}/rondo"
        FILES_MATCHING PATTERN "*.py" PATTERN "pyproject.toml" PATTERN "__pycache__" EXCLUDE PATTERN "build" EXCLUDE
        PATTERN "*.egg-info" EXCLUDE)
install(FILES README.md LICENSE TYPE DOC)
install(DIRECTORY docs/ TYPE DOC)

set(rondo_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Rondo")
configure_package_config_file(cmake/RondoConfig.cmake.in "${CMAKE_CURRENT_BINARY_DIR}/RondoConfig.cmake"
  INSTALL_DESTINATION "${rondo_cmake_dir}" PATH_VARS CMAKE_INSTALL_BINDIR CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_DATADIR)
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/RondoConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/RondoConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/RondoConfigVersion.cmake"
              cmake/RondoCompile.cmake DESTINATION "${rondo_cmake_dir}")
configure_file(cmake/rondo.pc.in rondo.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/rondo.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
