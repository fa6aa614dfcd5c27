#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/infer.h"
#include "graph/neuron.h"
#include "graph/window.h"
#include "lower/affine.h"
#include "lower/layer_constants.h"
#include "lower/lower.h"
#include "lower/program_builder.h"
#include "lower/requantize.h"

namespace pare::lower {

/// A wire of the graph in the program under construction: the integers of a buffer and what they
/// mean: v = scale * code + offset, bent or mapped by what has not been rounded yet. A network's
/// raw input has no buffer until something quantizes it.
struct WireValue {
  program::BufferId buffer;
  Affine affine = {};
  /// A (leaky) ReLU: the value is v where v >= 0, negative_slope v elsewhere.
  std::optional<double> negative_slope = std::nullopt;
  /// A function of the codes, which then takes the place of v: the values of the codes from the
  /// buffer's lowest to its highest. Empty: none.
  std::vector<double> curve = {};
  bool is_raw_input = false;
  /// What gave the raw input another shape or order; its codes take the same way.
  std::vector<const graph::Node*> moves = {};

  /// Whether the value is v itself.
  bool is_affine() const { return !negative_slope && curve.empty(); }
};

/// One walk over a graph's nodes (lower/lower.h).
class Lowering {
 public:
  Lowering(const graph::Graph& graph, const Options& options);

  Lowered run() &&;

  // One overload an op; the node is `node_`.
  void operator()(const graph::Linear& op);
  void operator()(const graph::Conv& op);
  void operator()(const graph::MaxPool& op);
  void operator()(const graph::AveragePool& op);
  void operator()(const graph::SumPool& op);
  void operator()(const graph::BatchNorm& op);
  void operator()(const graph::Relu& op);
  void operator()(const graph::LeakyRelu& op);
  void operator()(const graph::Sigmoid& op);
  void operator()(const graph::Tanh& op);
  void operator()(const graph::Table& op);
  void operator()(const graph::Softmax& op);
  void operator()(const graph::Dropout& op);
  void operator()(const graph::Quantize& op);
  void operator()(const graph::Add& op);
  void operator()(const graph::Concat& op);
  void operator()(const graph::Flatten& op);
  void operator()(const graph::Reshape& op);
  void operator()(const graph::Transpose& op);
  void operator()(const graph::Repeat& op);
  void operator()(const graph::SumOverTime& op);
  void operator()(const graph::Spike& op);

 private:
  // What nodes read and write.
  WireValue& value(graph::WireId wire) { return values_.at(wire.value); }
  WireValue input(std::size_t number = 0);
  void write(WireValue value) { values_.at(node_->outputs.front().value) = std::move(value); }
  const graph::WireInfo& info(graph::WireId wire) const { return infos_.at(wire.value); }
  const graph::WireInfo& output_info() const { return info(node_->outputs.front()); }
  std::string who() const { return describe(graph_, *node_); }
  [[noreturn]] void refuse(const std::string& what) const;

  // Buffers.
  program::Buffer new_buffer(const std::string& name, const graph::WireInfo& info) const;
  /// A buffer named after the node's output wire, which it holds.
  program::Buffer output_buffer() const;

  // Values brought into a form that an op can read.
  WireValue without_bend(WireValue value, graph::WireId wire);
  WireValue on_one_grid(WireValue value, graph::WireId wire, const std::string& why);
  WireValue on_grid(const WireValue& value, double step, const std::string& name,
                    const graph::WireInfo& info);
  program::BufferId rounded(const WireValue& value, CodeGrid grid, program::Buffer output);
  std::vector<WireValue> operands();

  // Layers, poolings, shapes.
  void reshape();
  bool moves_elements(const graph::Node& node) const;
  bool is_transposed(const WireValue& raw) const;
  program::BufferId moved(const graph::Node& move, program::BufferId x, program::Buffer output);
  std::vector<double> add_biases(const WeightCodes& weight, double input_step,
                                 std::optional<graph::ParameterId> bias,
                                 std::optional<program::ConstantId>& constant);
  void pool_sums(const graph::PoolWindow& pool, const graph::Window& window, double divisor);

  // Functions of codes.
  void binarise(const graph::Codec& codec);
  void bend(double slope);
  void apply(double (*function)(double), double saturation);
  WireValue indexed(WireValue value, double saturation);
  program::BufferId looked_up(const WireValue& value, const graph::Codec& codec,
                              program::Buffer output);

  // Time (lowering_time.cpp).
  program::BufferId add_state(const std::string& name, program::Interval range,
                              std::optional<program::Origin> origin);
  void set_next(program::BufferId state, program::BufferId next);
  program::Buffer loop_buffer(const std::string& suffix) const;
  program::Requantize channel_factors(const std::string& part,
                                      const std::vector<std::int64_t>& factors, int shift);
  program::BufferId current_of(const WireValue& x, int fraction_bits);
  program::BufferId fired(program::BufferId potential, const graph::NeuronCodes& codes,
                          bool is_strict, const std::vector<std::int64_t>& of_threshold,
                          program::Buffer output);
  program::BufferId leaked(program::BufferId potential, const graph::NeuronCodes& codes,
                           program::Interval ends, const std::string& suffix);
  program::BufferId soft_reset(program::BufferId potential, program::BufferId spike,
                               const graph::NeuronCodes& codes, const graph::Spike& op,
                               program::Interval ends);
  program::BufferId hard_reset(program::BufferId potential, const graph::NeuronCodes& codes,
                               const graph::Spike& op, program::Interval ends);

  // The ends.
  void start();
  void insert_input_quantizer(graph::WireId wire);
  WireValue input_codes(const graph::Codec& codec, program::Buffer buffer);
  WireValue moved_input_codes(const graph::Codec& codec, const WireValue& raw);
  /// In front of the loop, in it, behind it.
  enum class Part { kBefore, kLoop, kAfter };
  std::vector<Part> find_parts() const;
  void run_part(Part part);
  void finish();

  const graph::Graph& graph_;
  const Options& options_;
  std::vector<graph::WireInfo> infos_;
  std::vector<Part> parts_;            ///< by node
  const graph::Node* node_ = nullptr;  ///< the one that is lowered
  const graph::Node* input_quantizer_ = nullptr;
  ProgramBuilder builder_;
  std::vector<WireValue> values_;  ///< by WireId
  Interface interface_;
  std::vector<std::string> notes_;
  std::optional<program::TripCountId> each_;
  std::vector<program::State> states_;  ///< of the loop
};

}  // namespace pare::lower
