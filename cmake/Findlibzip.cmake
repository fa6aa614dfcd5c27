# Finds libzip: defines libzip::zip. Debian's own package file also demands tools that come in other
# packages (zipcmp, ziptool), so it cannot be used where only the library is installed.
find_path(LIBZIP_INCLUDE_DIR zip.h)
find_library(LIBZIP_LIBRARY zip)
mark_as_advanced(LIBZIP_INCLUDE_DIR LIBZIP_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  libzip
  REQUIRED_VARS LIBZIP_LIBRARY LIBZIP_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install libzip-dev, or configure with -DPARE_WITH_ZIP=OFF")
if(libzip_FOUND AND NOT TARGET libzip::zip)
  add_library(libzip::zip UNKNOWN IMPORTED)
  set_target_properties(
    libzip::zip PROPERTIES IMPORTED_LOCATION ${LIBZIP_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES
                                                               ${LIBZIP_INCLUDE_DIR})
endif()
