# Compiler options and third-party libraries, each as one interface target.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

find_package(nlohmann_json 3.11 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(Threads REQUIRED)

add_library(pare_options INTERFACE)
# Contraction into fused multiply-adds would make results depend on the compiler.
target_compile_options(pare_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion
                                              -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 warns falsely about inlined std::string (its bug 105651). What these warnings are for,
  # clang and the sanitizers find.
  target_compile_options(pare_options INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
if(PARE_WERROR)
  target_compile_options(pare_options INTERFACE -Werror)
endif()
if(PARE_SANITIZE)
  target_compile_options(pare_options INTERFACE -fsanitize=${PARE_SANITIZE}
                                                -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(pare_options INTERFACE -fsanitize=${PARE_SANITIZE})
  # The standard library's own checks of indices and spans.
  target_compile_definitions(pare_options INTERFACE _GLIBCXX_ASSERTIONS)
endif()
target_include_directories(pare_options INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src>
                                                  $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}/generated>)
target_compile_features(pare_options INTERFACE cxx_std_20)
# Those that libpare's own headers show; users of the installed library need them too. fmt compiled,
# not header-only: a third of the time that a translation unit takes went into its formatting of
# floats.
set(PARE_PUBLIC_LIBRARIES nlohmann_json::nlohmann_json fmt::fmt
                          tomlplusplus::tomlplusplus Threads::Threads)
target_link_libraries(pare_options INTERFACE ${PARE_PUBLIC_LIBRARIES} spdlog::spdlog_header_only
                                             CLI11::CLI11)

if(PARE_TRAIN)
  find_package(Torch REQUIRED)
  add_library(pare_torch INTERFACE)
  # As system headers: their warnings are not ours.
  target_include_directories(pare_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
  target_link_libraries(pare_torch INTERFACE ${TORCH_LIBRARIES})
endif()
