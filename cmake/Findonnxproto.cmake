# Finds the protocol buffers of ONNX files: defines onnxproto::onnxproto. Only the messages of
# libonnx are used, none of its operators.
find_path(ONNXPROTO_INCLUDE_DIR onnx/onnx_pb.h)
find_library(ONNXPROTO_LIBRARY onnx_proto)
find_library(ONNXPROTO_PROTOBUF_LIBRARY protobuf)
mark_as_advanced(ONNXPROTO_INCLUDE_DIR ONNXPROTO_LIBRARY ONNXPROTO_PROTOBUF_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  onnxproto
  REQUIRED_VARS ONNXPROTO_LIBRARY ONNXPROTO_INCLUDE_DIR ONNXPROTO_PROTOBUF_LIBRARY
  REASON_FAILURE_MESSAGE
    "install libonnx-dev and libprotobuf-dev, or configure with -DPARE_WITH_ONNX=OFF")
if(onnxproto_FOUND AND NOT TARGET onnxproto::onnxproto)
  add_library(onnxproto::onnxproto UNKNOWN IMPORTED)
  set_target_properties(
    onnxproto::onnxproto
    PROPERTIES IMPORTED_LOCATION ${ONNXPROTO_LIBRARY}
               INTERFACE_INCLUDE_DIRECTORIES ${ONNXPROTO_INCLUDE_DIR}
               INTERFACE_COMPILE_DEFINITIONS "ONNX_ML=1;ONNX_NAMESPACE=onnx"
               INTERFACE_LINK_LIBRARIES ${ONNXPROTO_PROTOBUF_LIBRARY})
endif()
