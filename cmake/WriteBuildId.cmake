# Run at build time: writes build_id.cpp from its template with a hash of all sources, and only if it
# changed, so that a build without changes compiles nothing.
file(GLOB_RECURSE sources ${SOURCE_DIR}/src/*.h ${SOURCE_DIR}/src/*.cpp ${SOURCE_DIR}/src/*.inc)
list(SORT sources)
set(hashes "")
foreach(source IN LISTS sources)
  file(SHA256 ${source} hash)
  string(APPEND hashes ${hash})
endforeach()
string(SHA256 PARE_SOURCE_HASH "${hashes}")
string(SUBSTRING ${PARE_SOURCE_HASH} 0 16 PARE_SOURCE_HASH)
configure_file(${SOURCE_DIR}/src/cli/build_id.cpp.in ${OUTPUT} @ONLY)
