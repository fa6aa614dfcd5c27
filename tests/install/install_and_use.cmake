# Run by ctest: BUILD, SOURCE, SCRATCH, CXX_COMPILER, SANITIZE and GENERATOR are given.
file(REMOVE_RECURSE ${SCRATCH})
set(prefix ${SCRATCH}/prefix)

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})

# The package must stand on its own: nothing in it may point into the source or build tree.
file(GLOB_RECURSE package ${prefix}/*.cmake)
if(NOT package)
  message(FATAL_ERROR "no CMake package was installed")
endif()
get_filename_component(source_root ${SOURCE}/../../.. ABSOLUTE)
foreach(file IN LISTS package)
  file(READ ${file} text)
  foreach(tree ${BUILD} ${source_root}/src)
    string(FIND "${text}" "${tree}" at)
    if(NOT at EQUAL -1)
      message(FATAL_ERROR "${file} names ${tree}")
    endif()
  endforeach()
endforeach()

set(flags "")
if(SANITIZE)
  set(flags "-DCMAKE_CXX_FLAGS=-fsanitize=${SANITIZE}")
endif()
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${SCRATCH}/build -G ${GENERATOR}
    -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_CXX_COMPILER=${CXX_COMPILER} ${flags})
run(${CMAKE_COMMAND} --build ${SCRATCH}/build)
run(${SCRATCH}/build/consumer ${SOURCE}/../../fuzz/seeds/model/deployment)
run(${prefix}/bin/pare --version)
# The data that come with pare are found in the prefix.
run(${prefix}/bin/pare data list)
