#pragma once

#include <cstddef>
#include <cstdint>

namespace pare::bench::ort {

// What we call of ONNX Runtime's C API. Its package for Node.js has the library and no headers. The
// API is one table of function pointers whose order never changes (new entries are appended), so an
// entry is known by its number; these are of version 11 of the table or older.

struct Env;
struct Status;
struct MemoryInfo;
struct Session;
struct SessionOptions;
struct Value;
struct IoBinding;

inline constexpr std::uint32_t kApiVersion = 11;

/// An entry of the table: its number and its type.
template <std::size_t number, class Signature>
struct Entry {
  static constexpr std::size_t kNumber = number;
  using Function = Signature*;
};

using GetErrorMessage = Entry<2, const char*(const Status*)>;
using CreateEnv = Entry<3, Status*(int log_level, const char* name, Env**)>;
using CreateSessionFromArray = Entry<8, Status*(const Env*, const void* model, std::size_t size,
                                                const SessionOptions*, Session**)>;
using Run =
    Entry<9, Status*(Session*, const void* run_options, const char* const* input_names,
                     const Value* const* inputs, std::size_t num_inputs,
                     const char* const* output_names, std::size_t num_outputs, Value** outputs)>;
using CreateSessionOptions = Entry<10, Status*(SessionOptions**)>;
using SetOptimizedModelFilePath = Entry<11, Status*(SessionOptions*, const char* path)>;
using SetSessionGraphOptimizationLevel = Entry<23, Status*(SessionOptions*, int level)>;
using SetIntraOpNumThreads = Entry<24, Status*(SessionOptions*, int)>;
using SetInterOpNumThreads = Entry<25, Status*(SessionOptions*, int)>;
using CreateTensorWithDataAsOrtValue =
    Entry<49, Status*(const MemoryInfo*, void* data, std::size_t num_bytes,
                      const std::int64_t* shape, std::size_t num_axes, int element_type, Value**)>;
using CreateCpuMemoryInfo = Entry<69, Status*(int allocator_type, int memory_type, MemoryInfo**)>;
using ReleaseEnv = Entry<92, void(Env*)>;
using ReleaseStatus = Entry<93, void(Status*)>;
using ReleaseMemoryInfo = Entry<94, void(MemoryInfo*)>;
using ReleaseSession = Entry<95, void(Session*)>;
using ReleaseValue = Entry<96, void(Value*)>;
using ReleaseSessionOptions = Entry<100, void(SessionOptions*)>;
using AddSessionConfigEntry =
    Entry<130, Status*(SessionOptions*, const char* key, const char* value)>;
using RunWithBinding = Entry<133, Status*(Session*, const void* run_options, const IoBinding*)>;
using CreateIoBinding = Entry<134, Status*(Session*, IoBinding**)>;
using ReleaseIoBinding = Entry<135, void(IoBinding*)>;
using BindInput = Entry<136, Status*(IoBinding*, const char* name, const Value*)>;
using BindOutput = Entry<137, Status*(IoBinding*, const char* name, const Value*)>;

/// What the library's one exported function, OrtGetApiBase, returns.
struct ApiBase {
  const void* const* (*get_api)(std::uint32_t version);
  const char* (*get_version)();
};

inline constexpr int kLogError = 3;
inline constexpr int kAllOptimizations = 99;
inline constexpr int kFloat = 1;
inline constexpr int kDeviceAllocator = 0;
inline constexpr int kDefaultMemory = 0;

}  // namespace pare::bench::ort
