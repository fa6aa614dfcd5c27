# pare_compile_together(TARGET MOST): with PARE_UNITY, up to MOST of the target's files in one
# translation unit. Most of a file's time goes to the headers and templates that its neighbours need
# too.
function(pare_compile_together target most)
  if(PARE_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${most})
    if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
      # It takes a source that another one includes for a header.
      target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)
    endif()
  endif()
endfunction()

# pare_folder(NAME [TORCH] [TARGET target] [LINK lib...] [EXCLUDE file...] [ALONE file...])
#
# One folder of src/ becomes one object library `pare_NAME`, and its `*_test.cpp` (and `*_test.c`,
# for headers that C must take too) one test program `NAME_test`. Folders below the torch line pass
# TORCH: they share the precompiled header.
# Sources are listed by glob, so that adding a file needs no edit here.
# With PARE_UNITY, several files are compiled as one; those named ALONE never are: they include
# themselves (Highway), or have the same local names as a neighbour.
function(pare_folder name)
  cmake_parse_arguments(ARG "TORCH" "TARGET" "LINK;EXCLUDE;ALONE" ${ARGN})
  string(REPLACE "/" "_" target "pare_${name}")
  if(ARG_TARGET)
    set(target ${ARG_TARGET})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "/main(_[a-z]+)?\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  file(GLOB c_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.c)
  list(APPEND tests ${c_tests})
  foreach(excluded IN LISTS ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "/${excluded}$")
    list(FILTER tests EXCLUDE REGEX "/${excluded}$")
  endforeach()

  if(ARG_ALONE)
    # Test programs are added by the folder at the top.
    list(TRANSFORM ARG_ALONE PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
    set_source_files_properties(
      ${ARG_ALONE} DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_SOURCE_DIR}
      PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()

  if(sources)
    add_library(${target} OBJECT ${sources})
    target_link_libraries(${target} PUBLIC pare_options ${ARG_LINK})
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    pare_compile_together(${target} 24)
    if(PARE_FUZZ)
      # What fuzzers watch; the tests' own branches are of no interest to them.
      target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    endif()
    if(ARG_TORCH)
      target_link_libraries(${target} PUBLIC pare_torch)
      target_precompile_headers(${target} REUSE_FROM pare_torch_pch)
      set_property(GLOBAL APPEND PROPERTY PARE_TRAIN_TARGETS ${target})
    else()
      set_property(GLOBAL APPEND PROPERTY PARE_CORE_TARGETS ${target})
      set_property(GLOBAL APPEND PROPERTY PARE_CORE_LIBRARIES ${ARG_LINK})
    endif()
  endif()

  if(tests AND PARE_BUILD_TESTS)
    set_property(GLOBAL APPEND PROPERTY PARE_TEST_FOLDERS "${name}|${ARG_TORCH}|${tests}")
  endif()
endfunction()

# pare_add_test_program(TARGET source... [TORCH] [LABELS label...]): a GoogleTest program whose
# cases ctest lists one by one.
function(pare_add_test_program target)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;LABELS;LINK;DEFINITIONS" ${ARGN})
  add_executable(${target} ${ARG_SOURCES})
  add_dependencies(test_programs ${target})
  set_target_properties(${target} PROPERTIES C_STANDARD 99 C_EXTENSIONS OFF)
  # Tests have more local names in common than the sources that they test.
  pare_compile_together(${target} 8)
  if(ARG_TORCH)
    target_link_libraries(${target} PRIVATE pare_train_lib)
    target_precompile_headers(${target} REUSE_FROM pare_torch_pch)
    # As the precompiled header was built: compilers that make PIE by default refuse it otherwise.
    target_compile_options(${target} PRIVATE -fPIC)
  else()
    target_link_libraries(${target} PRIVATE pare)
  endif()
  # What is tested is optimised; the tests themselves are compiled more often than they run. (-O0
  # takes g++ as long.)
  if(PARE_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  else()
    target_compile_options(${target} PRIVATE -O1)
  endif()
  target_link_libraries(${target} PRIVATE ${ARG_LINK} GTest::gmock_main rapidcheck)
  target_compile_definitions(
    ${target} PRIVATE PARE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" PARE_BIN_DIR="${CMAKE_BINARY_DIR}/bin"
                      ${ARG_DEFINITIONS})
  gtest_discover_tests(
    ${target}
    DISCOVERY_TIMEOUT 120
    DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 900)
endfunction()

# Sets `result` to whether the tests of a folder of src/ or tests/ are part of this build.
function(pare_has_tests_of folder result)
  set(is_wanted TRUE)
  if(PARE_TEST_FOLDERS AND NOT "${folder}" IN_LIST PARE_TEST_FOLDERS)
    set(is_wanted FALSE)
  endif()
  set(${result} ${is_wanted} PARENT_SCOPE)
endfunction()

# Called once, after every folder is known.
function(pare_add_folder_tests)
  get_property(entries GLOBAL PROPERTY PARE_TEST_FOLDERS)
  # An entry is NAME|TORCH|file;file;…, flattened into the same list: split it again.
  set(name "")
  foreach(item IN LISTS entries)
    if(item MATCHES "^([^|]+)\\|([^|]*)\\|(.+)$")
      if(name)
        _pare_folder_test("${name}" "${torch}" "${files}")
      endif()
      set(name "${CMAKE_MATCH_1}")
      set(torch "${CMAKE_MATCH_2}")
      set(files "${CMAKE_MATCH_3}")
    else()
      list(APPEND files "${item}")
    endif()
  endforeach()
  if(name)
    _pare_folder_test("${name}" "${torch}" "${files}")
  endif()
endfunction()

function(_pare_folder_test name torch files)
  pare_has_tests_of("${name}" is_wanted)
  if(NOT is_wanted)
    return()
  endif()
  string(REPLACE "/" "_" target "${name}_test")
  if(torch)
    pare_add_test_program(${target} TORCH SOURCES ${files} LABELS unit)
  else()
    set(own "")
    if(name MATCHES "^(search|report|cli)$")
      set(own pare_${name} pare_search pare_report)
    endif()
    if(name STREQUAL "cli")
      list(APPEND own pare_build_id)
    endif()
    if(name MATCHES "^(data|interop)$")
      # Their tests write files by the libraries that read them.
      get_target_property(own pare_${name} LINK_LIBRARIES)
    endif()
    pare_add_test_program(${target} SOURCES ${files} LABELS unit LINK ${own})
  endif()
endfunction()
