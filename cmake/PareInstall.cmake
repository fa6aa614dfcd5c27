# `cmake --install`: the library with its headers and CMake package, the programs, the recipes and
# the data that come with them.
include(CMakePackageConfigHelpers)

# Headers say "graph/graph.h": they keep that path under include/pare.
install(
  TARGETS pare
  EXPORT pareTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pare)
foreach(folder IN LISTS PARE_LIBRARY_FOLDERS)
  if(EXISTS ${CMAKE_SOURCE_DIR}/src/${folder})
    install(
      DIRECTORY ${CMAKE_SOURCE_DIR}/src/${folder}/
      DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pare/${folder}
      FILES_MATCHING
      PATTERN "*.h"
      PATTERN "test_*" EXCLUDE)
  endif()
endforeach()

# The package finds again what the library links: the name before :: is the package's.
get_target_property(linked pare LINK_LIBRARIES)
set(PARE_DEPENDENCIES "")
foreach(library IN LISTS linked)
  if(library MATCHES "^([A-Za-z0-9_]+)::")
    string(APPEND PARE_DEPENDENCIES "find_dependency(${CMAKE_MATCH_1})\n")
  endif()
endforeach()
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/pare)
configure_package_config_file(
  ${CMAKE_SOURCE_DIR}/cmake/pareConfig.cmake.in ${CMAKE_BINARY_DIR}/pareConfig.cmake
  INSTALL_DESTINATION ${package_folder}
  NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/pareConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/pareConfig.cmake ${CMAKE_BINARY_DIR}/pareConfigVersion.cmake
              ${CMAKE_SOURCE_DIR}/cmake/Findlibzip.cmake
              ${CMAKE_SOURCE_DIR}/cmake/Findmatio.cmake ${CMAKE_SOURCE_DIR}/cmake/Findhdf5.cmake
              ${CMAKE_SOURCE_DIR}/cmake/Findonnxproto.cmake
        DESTINATION ${package_folder})
install(
  EXPORT pareTargets
  NAMESPACE pare::
  DESTINATION ${package_folder})

install(TARGETS pare_executable RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(PARE_TRAIN)
  # libtorch may stand outside the linker's path.
  set_target_properties(pare_train_executable PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS pare_train_executable RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/pare)
endif()
install(DIRECTORY ${CMAKE_SOURCE_DIR}/recipes DESTINATION ${CMAKE_INSTALL_DATADIR}/pare)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
