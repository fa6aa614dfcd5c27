#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/tensor.h"

namespace pare::bench {

/// How a session is called once its tensors stand.
enum class RunCall {
  kRun,      ///< Run with a preallocated output value
  kBinding,  ///< RunWithBinding
};

/// What a model calls its input and its output.
struct Names {
  std::string input = "x";
  std::string output = "y";
};

/// ONNX Runtime as a peer: its shared library, opened at run time, through its C API. One thread,
/// all graph optimisations, denormals flushed to zero.
class OnnxRuntime {
 public:
  /// Opens libonnxruntime.so. Throws InputError naming the library: it cannot be opened, or has not
  /// the C API of version 11 or newer.
  explicit OnnxRuntime(const std::string& library);
  ~OnnxRuntime();
  OnnxRuntime(const OnnxRuntime&) = delete;
  OnnxRuntime& operator=(const OnnxRuntime&) = delete;

  std::string version() const;

  /// A model with one float input [batch, …] and one float output [batch, …], and the memory that
  /// both lie in.
  class Session {
   public:
    ~Session();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) = delete;

    std::span<float> input();
    std::span<const float> output() const;

    /// One inference, from input() to output(). Allocates nothing of ours.
    void run(RunCall call);

    /// One inference of a copy of `input`.
    void run(std::span<const float> input);

   private:
    friend class OnnxRuntime;
    struct State;
    explicit Session(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
  };

  /// `model`: the bytes of an ONNX file. The shapes begin with the batch. `optimized_path`, if not
  /// empty: where the runtime writes what its optimisations made of it. Throws InputError with the
  /// runtime's message.
  Session load(std::span<const std::byte> model, const Shape& input, const Shape& output,
               const std::string& optimized_path = "", const Names& names = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pare::bench
