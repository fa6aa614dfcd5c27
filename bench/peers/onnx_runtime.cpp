#include "onnx_runtime.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/error.h"
#include "ort_api.h"

namespace pare::bench {
namespace {

/// The table of functions, and their errors as exceptions.
class Api {
 public:
  explicit Api(const void* const* table) : table_(table) {}

  template <class Entry>
  typename Entry::Function function() const {
    return reinterpret_cast<typename Entry::Function>(const_cast<void*>(table_[Entry::kNumber]));
  }

  template <class Entry, class... Arguments>
  void call(Arguments... arguments) const {
    expect(function<Entry>()(arguments...));
  }

  template <class Entry, class Object>
  void release(Object* object) const {
    if (object != nullptr) function<Entry>()(object);
  }

  void expect(ort::Status* status) const {
    if (status == nullptr) return;
    const std::string message = function<ort::GetErrorMessage>()(status);
    function<ort::ReleaseStatus>()(status);
    throw InputError(fmt::format("ONNX Runtime: {}", message));
  }

 private:
  const void* const* table_;
};

}  // namespace

struct OnnxRuntime::State {
  State(const std::string& library, void* opened) : handle(opened) {
    using GetApiBase = const ort::ApiBase*();
    auto* get_base = reinterpret_cast<GetApiBase*>(dlsym(handle, "OrtGetApiBase"));
    if (get_base == nullptr) {
      throw InputError(fmt::format("{}: no OrtGetApiBase: not ONNX Runtime", library));
    }
    base = get_base();
    const void* const* table = base->get_api(ort::kApiVersion);
    if (table == nullptr) {
      throw InputError(fmt::format("{}: version {}, expected one with C API {} or newer", library,
                                   base->get_version(), ort::kApiVersion));
    }
    api = Api(table);
    api.call<ort::CreateEnv>(ort::kLogError, "pare", &env);
    api.call<ort::CreateCpuMemoryInfo>(ort::kDeviceAllocator, ort::kDefaultMemory, &memory);
  }

  void* handle;  ///< never closed: the library's threads may outlive us
  const ort::ApiBase* base = nullptr;
  Api api{nullptr};
  ort::Env* env = nullptr;
  ort::MemoryInfo* memory = nullptr;
};

struct OnnxRuntime::Session::State {
  explicit State(Api table) : api(table), run(table.function<ort::Run>()) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    api.release<ort::ReleaseIoBinding>(binding);
    api.release<ort::ReleaseValue>(input_value);
    api.release<ort::ReleaseValue>(output_value);
    api.release<ort::ReleaseSession>(session);
    api.release<ort::ReleaseSessionOptions>(options);
  }

  ort::Value* tensor(const ort::MemoryInfo* memory, std::vector<float>& values,
                     const Shape& shape) const {
    values.resize(static_cast<std::size_t>(num_elements(shape)));
    ort::Value* value = nullptr;
    api.call<ort::CreateTensorWithDataAsOrtValue>(memory, static_cast<void*>(values.data()),
                                                  values.size() * sizeof(float), shape.data(),
                                                  shape.size(), ort::kFloat, &value);
    return value;
  }

  Api api;
  ort::Run::Function run;
  ort::SessionOptions* options = nullptr;
  ort::Session* session = nullptr;
  ort::IoBinding* binding = nullptr;
  ort::Value* input_value = nullptr;
  ort::Value* output_value = nullptr;
  std::vector<float> input;
  std::vector<float> output;
  Names names;
};

OnnxRuntime::OnnxRuntime(const std::string& library) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw InputError(fmt::format("{}: {}", library, dlerror()));
  state_ = std::make_unique<State>(library, handle);
}

OnnxRuntime::~OnnxRuntime() {
  state_->api.release<ort::ReleaseMemoryInfo>(state_->memory);
  state_->api.release<ort::ReleaseEnv>(state_->env);
}

std::string OnnxRuntime::version() const { return state_->base->get_version(); }

OnnxRuntime::Session OnnxRuntime::load(std::span<const std::byte> model, const Shape& input,
                                       const Shape& output, const std::string& optimized_path,
                                       const Names& names) const {
  const Api& api = state_->api;
  auto made = std::make_unique<Session::State>(api);
  api.call<ort::CreateSessionOptions>(&made->options);
  api.call<ort::SetIntraOpNumThreads>(made->options, 1);
  api.call<ort::SetInterOpNumThreads>(made->options, 1);
  api.call<ort::SetSessionGraphOptimizationLevel>(made->options, ort::kAllOptimizations);
  api.call<ort::AddSessionConfigEntry>(made->options, "session.set_denormal_as_zero", "1");
  if (!optimized_path.empty()) {
    api.call<ort::SetOptimizedModelFilePath>(made->options, optimized_path.c_str());
  }
  api.call<ort::CreateSessionFromArray>(state_->env, static_cast<const void*>(model.data()),
                                        model.size(), made->options, &made->session);
  made->input_value = made->tensor(state_->memory, made->input, input);
  made->output_value = made->tensor(state_->memory, made->output, output);
  api.call<ort::CreateIoBinding>(made->session, &made->binding);
  api.call<ort::BindInput>(made->binding, names.input.c_str(), made->input_value);
  api.call<ort::BindOutput>(made->binding, names.output.c_str(), made->output_value);
  made->names = names;
  return Session(std::move(made));
}

OnnxRuntime::Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
OnnxRuntime::Session::~Session() = default;
OnnxRuntime::Session::Session(Session&&) noexcept = default;

std::span<float> OnnxRuntime::Session::input() { return state_->input; }
std::span<const float> OnnxRuntime::Session::output() const { return state_->output; }

void OnnxRuntime::Session::run(RunCall call) {
  State& state = *state_;
  if (call == RunCall::kBinding) {
    state.api.call<ort::RunWithBinding>(state.session, nullptr, state.binding);
    return;
  }
  const char* input_name = state.names.input.c_str();
  const char* output_name = state.names.output.c_str();
  const ort::Value* input = state.input_value;
  state.api.expect(state.run(state.session, nullptr, &input_name, &input, 1, &output_name, 1,
                             &state.output_value));
}

void OnnxRuntime::Session::run(std::span<const float> input) {
  std::copy(input.begin(), input.end(), this->input().begin());
  run(RunCall::kRun);
}

}  // namespace pare::bench
