# What every target of the project shares, and the functions that CMakeLists.txt is written in.

option(FRISTAD_TESTS "Build the tests" ON)
option(FRISTAD_BENCH "Build the benchmarks (needs FAISS)" OFF)
option(FRISTAD_FUZZ "Build the fuzz targets (needs clang)" OFF)
set(FRISTAD_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")
set(FRISTAD_HOT "" CACHE STRING "Compiler options of the rooms that compute, where the others are compiled for a fast build")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# g++ 12 sees overlapping copies in std::string that aren't there (GCC bug 105651), at -O3.
# _FORTIFY_SOURCE is undefined first, because a distribution or a sanitizer may have its own idea of it.
add_library(fristad_flags INTERFACE)
target_include_directories(fristad_flags INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
target_compile_definitions(fristad_flags INTERFACE FRISTAD_VERSION="${PROJECT_VERSION}")
target_compile_options(fristad_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor -Werror
  -ffp-contract=off -fno-omit-frame-pointer -fstack-protector-strong -U_FORTIFY_SOURCE $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> $<$<CXX_COMPILER_ID:Clang>:-Wno-gnu-statement-expression>>)
target_link_options(fristad_flags INTERFACE -Wl,-z,relro,-z,now)
if(FRISTAD_SANITIZE)
  target_compile_options(fristad_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${FRISTAD_SANITIZE} -fno-sanitize-recover=all>)
  target_link_options(fristad_flags INTERFACE -fsanitize=${FRISTAD_SANITIZE})
endif()
if(FRISTAD_FUZZ)
  target_compile_options(fristad_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=fuzzer-no-link>)
  target_link_options(fristad_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Reading headers of the standard library is a third of what it takes clang to compile a file, so they are read once:
# for the rooms, for those that compute (where their options differ) and, with GoogleTest, for the tests. A file still
# names all that it uses: g++ compiles it without this, for it warns of the library's own insides where they come so.
set(precompiled <algorithm> <array> <atomic> <bit> <charconv> <chrono> <cstdint> <cstring> <filesystem> <fstream>
  <functional> <map> <memory> <mutex> <optional> <random> <set> <span> <string> <string_view> <thread> <tuple>
  <unordered_map> <utility> <variant> <vector> <tl/expected.hpp>)
function(fristad_precompile target first)
  if(CMAKE_CXX_CLANG_TIDY OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    return()
  elseif(target STREQUAL first)
    target_precompile_headers(${target} PRIVATE ${precompiled} ${ARGN})
  else()
    target_precompile_headers(${target} REUSE_FROM ${first})
  endif()
endfunction()

# fristad_module(NAME [HOT] [PUBLIC headers…] [DEPS rooms…] [LIBS libraries…])
# A room, HOT if it computes: all of src/NAME except main.cc and *_test.cc, as an object library. Object files do not travel through
# object libraries, so a target that links rooms names every one of them.
function(fristad_module name)
  cmake_parse_arguments(ARG "HOT" "" "PUBLIC;DEPS;LIBS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")
  add_library(${name} OBJECT ${sources})
  target_link_libraries(${name} PUBLIC fristad_flags ${ARG_LIBS} ${ARG_DEPS})
  if(ARG_HOT AND FRISTAD_HOT)
    target_compile_options(${name} PRIVATE ${FRISTAD_HOT})
    fristad_precompile(${name} hash)
  else()
    fristad_precompile(${name} base)
  endif()
  list(TRANSFORM ARG_PUBLIC PREPEND ${PROJECT_SOURCE_DIR}/include/fristad/)
  list(TRANSFORM ARG_PUBLIC APPEND .h)
  set_property(GLOBAL APPEND PROPERTY FRISTAD_PUBLIC_HEADERS ${ARG_PUBLIC})
  set_property(GLOBAL PROPERTY FRISTAD_TESTS_${name} ${tests})
endfunction()

# fristad_pages(ROOM FOLDER): the files of the folder as part of the room.
function(fristad_pages room folder)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*)
  set(made ${PROJECT_BINARY_DIR}/pages)
  add_custom_command(OUTPUT ${made}/pages.s ${made}/page_files.cc
    COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/tools/embed_pages.py ${PROJECT_SOURCE_DIR}/${folder} ${made}
    DEPENDS ${PROJECT_SOURCE_DIR}/tools/embed_pages.py ${files})
  target_sources(${room} PRIVATE ${made}/pages.s ${made}/page_files.cc)
endfunction()

# fristad_program(NAME SOURCE MODULES rooms…)
function(fristad_program name source)
  cmake_parse_arguments(ARG "" "" "MODULES" ${ARGN})
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE ${ARG_MODULES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# fristad_library(rooms…): the public C++ library, with a CMake package and a pkg-config file.
function(fristad_library)
  add_library(fristad_engine SHARED)
  set_target_properties(fristad_engine PROPERTIES OUTPUT_NAME fristad EXPORT_NAME engine
                        VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  target_link_libraries(fristad_engine PRIVATE ${ARGN} INTERFACE tl::expected)
  target_compile_features(fristad_engine INTERFACE cxx_std_20)
  target_include_directories(fristad_engine INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

  get_property(headers GLOBAL PROPERTY FRISTAD_PUBLIC_HEADERS)
  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/fristad)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/fristad-config-version.cmake COMPATIBILITY SameMinorVersion)
  file(RELATIVE_PATH FRISTAD_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  string(REGEX REPLACE "/$" "" FRISTAD_PREFIX "${FRISTAD_PREFIX}")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/fristad.pc.in ${PROJECT_BINARY_DIR}/fristad.pc @ONLY)
  install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fristad)
  install(TARGETS fristad_engine EXPORT fristad LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT fristad NAMESPACE fristad:: DESTINATION ${package_dir} FILE fristad-targets.cmake)
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/fristad-config.cmake ${PROJECT_BINARY_DIR}/fristad-config-version.cmake
          DESTINATION ${package_dir})
  install(FILES ${PROJECT_BINARY_DIR}/fristad.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
