# Finds the serial C library of HDF5: defines hdf5::hdf5. CMake's own module asks the compiler
# wrapper h5cc, which may stand for another build of HDF5 (with MPI) than the one to link.
find_path(HDF5_C_INCLUDE_DIR hdf5.h PATH_SUFFIXES hdf5/serial)
find_library(HDF5_C_LIBRARY NAMES hdf5_serial hdf5)
mark_as_advanced(HDF5_C_INCLUDE_DIR HDF5_C_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  hdf5
  REQUIRED_VARS HDF5_C_LIBRARY HDF5_C_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install libhdf5-dev, or configure with -DPARE_WITH_HDF5=OFF")
if(hdf5_FOUND AND NOT TARGET hdf5::hdf5)
  add_library(hdf5::hdf5 UNKNOWN IMPORTED)
  set_target_properties(
    hdf5::hdf5 PROPERTIES IMPORTED_LOCATION ${HDF5_C_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES
                                                              ${HDF5_C_INCLUDE_DIR})
endif()
