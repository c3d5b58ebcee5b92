# How every target of the project is made: libraries with verified headers, programs in bin/, test suites in one list.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib) # shared ones together, where packaging looks for them
set_property(GLOBAL PROPERTY PHXKIT_SUITES "")

function(phxkit_warnings target)
  if(PHXKIT_WARNINGS)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow $<$<BOOL:${PHXKIT_WERROR}>:-Werror>)
    if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
      target_compile_options(${target} PRIVATE -Wno-restrict) # g++ 12 sees overlaps in `"text" + string` (GCC bug 105651)
    endif()
    if(CMAKE_UNITY_BUILD) # eight files are compiled as one: what these say of neighbours is no fault; the dev preset asks file by file
      target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-shadow;-Wno-subobject-linkage> $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wno-shadow>)
    endif()
  endif()
endfunction()

# phxkit_library(core SOURCES ... PUBLIC ... PRIVATE ... [EXPORTS FILE] [SHARED] [INTERNAL])
# Makes target phxkit_core, alias phxkit::core; every header below include/ is public and compiles alone. Static or shared as
# BUILD_SHARED_LIBS says, or always SHARED; a shared one shows the names that the linker script EXPORTS lists (docs/packaging.md).
# Installed with a CMake component and a pkg-config file of its name, unless it is INTERNAL: then always static.
function(phxkit_library name)
  cmake_parse_arguments(A "INTERNAL;SHARED" "EXPORTS" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  set(target phxkit_${name})
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/include/*.hpp ${CMAKE_CURRENT_SOURCE_DIR}/include/*.h)
  if(A_SOURCES)
    set(kind "")
    if(A_SHARED)
      set(kind SHARED)
    elseif(A_INTERNAL)
      set(kind STATIC) # not installed: part of the programs that use it
    endif()
    add_library(${target} ${kind} ${A_SOURCES})
    target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_CURRENT_SOURCE_DIR}/include FILES ${headers})
    target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/src)
    target_link_libraries(${target} PUBLIC ${A_PUBLIC} PRIVATE ${A_PRIVATE})
    target_compile_features(${target} PUBLIC cxx_std_20)
    phxkit_warnings(${target})
    phxkit_linking(${target} "${A_EXPORTS}")
  else()
    add_library(${target} INTERFACE)
    target_sources(${target} INTERFACE FILE_SET HEADERS BASE_DIRS ${CMAKE_CURRENT_SOURCE_DIR}/include FILES ${headers})
    target_link_libraries(${target} INTERFACE ${A_PUBLIC})
  endif()
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL})
  add_library(phxkit::${name} ALIAS ${target})
  if(NOT A_INTERNAL)
    set_property(GLOBAL APPEND PROPERTY PHXKIT_LIBRARIES ${name})
    set_property(TARGET ${target} PROPERTY PHXKIT_PUBLIC ${A_PUBLIC})
    set_property(TARGET ${target} PROPERTY PHXKIT_PRIVATE ${A_PRIVATE})
  endif()
endfunction()

# What makes objects fit for static and shared libraries alike: one compilation, cached, serves both.
function(phxkit_linking target exports)
  if(NOT exports)
    set(exports ${PROJECT_SOURCE_DIR}/cmake/exports.map)
  endif()
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ${PHXKIT_PIC} DEFINE_SYMBOL "" VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR} LINK_DEPENDS ${exports})
  if(PHXKIT_PIC)
    target_compile_options(${target} PRIVATE -fno-semantic-interposition) # calls inside a library stay direct and inlined
  endif()
  get_target_property(type ${target} TYPE)
  if(type STREQUAL SHARED_LIBRARY)
    target_link_options(${target} PRIVATE -Wl,--version-script=${exports} -Wl,--no-undefined)
  endif()
endfunction()

# phxkit_program(phx SOURCES ... LINK ... [PRECOMPILE <header>...]): an executable in bin/.
function(phxkit_program name)
  cmake_parse_arguments(A "" "" "SOURCES;LINK;PRECOMPILE" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE ${A_LINK})
  phxkit_warnings(${name})
  if(A_PRECOMPILE)
    target_precompile_headers(${name} PRIVATE ${A_PRECOMPILE})
    target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>) # for ccache
  endif()
endfunction()

# What every test includes anyway, parsed once: GoogleTest and the JSON type cost 4 s of every test file.
function(phxkit_test_headers)
  if(TARGET phxkit_test_headers)
    return()
  endif()
  add_library(phxkit_test_base INTERFACE)
  target_link_libraries(phxkit_test_base INTERFACE GTest::gtest GTest::gmock nlohmann_json::nlohmann_json tl::expected Threads::Threads)
  target_include_directories(phxkit_test_base INTERFACE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/sdk/core/include)
  target_compile_options(phxkit_test_base INTERFACE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess> # for ccache
    # The code of a test runs once: optimising it costs more than it saves, and -O3 brings g++ 12's false alarms about strings.
    $<$<OR:$<CONFIG:Release>,$<BOOL:${PHXKIT_SANITIZED}>>:-O0>
    $<$<AND:$<BOOL:${PHXKIT_SANITIZED}>,$<NOT:$<BOOL:${PHXKIT_TSAN}>>>:-fno-sanitize=undefined>) # it watches our libraries, not each EXPECT_EQ
  file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/test_headers.cpp CONTENT "// precompiled headers of the tests\n")
  add_library(phxkit_test_headers STATIC ${PROJECT_BINARY_DIR}/test_headers.cpp)
  target_link_libraries(phxkit_test_headers PRIVATE phxkit_test_base)
  target_precompile_headers(phxkit_test_headers PRIVATE <gmock/gmock.h> <gtest/gtest.h> <phx/core/json.hpp> <chrono> <functional> <map> <memory>
    <optional> <string> <string_view> <thread> <variant> <vector>)
  phxkit_warnings(phxkit_test_headers)
endfunction()

# phxkit_test(unit_core SOURCES ... LINK ... [APART ...] [THREADS] [LABEL plain]): a GoogleTest binary and a suite of `./dev test`.
# APART: those SOURCES whose local names clash with their neighbours' when several files are compiled as one (unity builds).
# LABEL: `sanitize` (default) also runs under AddressSanitizer, `plain` does not.
# THREADS: the suite starts threads, so it also runs under ThreadSanitizer, which has nothing to say about the others.
function(phxkit_test name)
  cmake_parse_arguments(A "THREADS" "LABEL" "SOURCES;LINK;APART" ${ARGN})
  if(NOT A_LABEL)
    set(A_LABEL sanitize)
  endif()
  if((A_LABEL STREQUAL plain AND PHXKIT_SANITIZED) OR (PHXKIT_TSAN AND NOT A_THREADS))
    add_executable(${name} EXCLUDE_FROM_ALL ${A_SOURCES}) # no suite: only so that its CMakeLists.txt can name it
    return()
  endif()
  phxkit_test_headers()
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE ${A_LINK} phxkit_test_base GTest::gtest_main)
  target_precompile_headers(${name} REUSE_FROM phxkit_test_headers)
  set_source_files_properties(${A_APART} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  phxkit_warnings(${name})
  phxkit_suite(${name} gtest $<TARGET_FILE:${name}>)
  add_test(NAME ${name} COMMAND ${name})
endfunction()

# phxkit_suite(name kind command): kind `gtest`, or `lines` for a command that ends with `N passed, N failed, N skipped`.
function(phxkit_suite name kind)
  list(JOIN ARGN " " command)
  set_property(GLOBAL APPEND PROPERTY PHXKIT_SUITES "${name}|${kind}|${command}")
endfunction()

function(phxkit_write_suites)
  get_property(suites GLOBAL PROPERTY PHXKIT_SUITES)
  list(JOIN suites "\n" text)
  file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/suites.txt CONTENT "${text}\n")
endfunction()
