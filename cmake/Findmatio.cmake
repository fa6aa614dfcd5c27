# Finds libmatio, which brings no CMake package: defines matio::matio.
find_path(MATIO_INCLUDE_DIR matio.h)
find_library(MATIO_LIBRARY matio)
mark_as_advanced(MATIO_INCLUDE_DIR MATIO_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  matio
  REQUIRED_VARS MATIO_LIBRARY MATIO_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install libmatio-dev, or configure with -DPARE_WITH_MATIO=OFF")
if(matio_FOUND AND NOT TARGET matio::matio)
  add_library(matio::matio UNKNOWN IMPORTED)
  set_target_properties(
    matio::matio PROPERTIES IMPORTED_LOCATION ${MATIO_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES
                                                               ${MATIO_INCLUDE_DIR})
endif()
