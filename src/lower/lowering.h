#pragma once

#include <string>
#include <vector>

#include "graph/infer.h"
#include "lower/affine.h"
#include "lower/lower.h"
#include "lower/program_builder.h"
#include "lower/requantize.h"

namespace pare::lower {

/// A wire of the graph in the program under construction: the integers of a buffer, what they mean,
/// and whether a ReLU has cut the meaning off at 0 but not yet the integers. A network's raw input
/// has no buffer until something quantizes it.
struct WireValue {
  program::BufferId buffer;
  Affine affine = {};
  bool has_floor = false;  ///< value = max(scale * code + offset, 0)
  bool is_raw_input = false;
};

/// One walk over a graph's nodes (lower/lower.h).
class Lowering {
 public:
  Lowering(const graph::Graph& graph, const Options& options);

  Lowered run() &&;

  // One overload an op; the node is `node_`.
  void operator()(const graph::Linear& op);
  void operator()(const graph::BatchNorm& op);
  void operator()(const graph::Relu& op);
  void operator()(const graph::Softmax& op);
  void operator()(const graph::Dropout& op);
  void operator()(const graph::Quantize& op);
  void operator()(const graph::Add& op);
  void operator()(const graph::Concat& op);
  void operator()(const graph::Flatten& op);

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
  WireValue without_floor(WireValue value, graph::WireId wire);
  WireValue on_one_grid(WireValue value, graph::WireId wire, const std::string& why);
  WireValue on_grid(const WireValue& value, double step, const std::string& name,
                    const graph::WireInfo& info);
  std::vector<WireValue> operands();

  // The ends.
  void start();
  void insert_input_quantizer(graph::WireId wire);
  WireValue input_codes(const graph::Codec& codec, const std::string& name,
                        const graph::WireInfo& info);
  void run_section(graph::Time time);
  void finish();

  const graph::Graph& graph_;
  const Options& options_;
  std::vector<graph::WireInfo> infos_;
  const graph::Node* node_ = nullptr;  ///< the one that is lowered
  const graph::Node* input_quantizer_ = nullptr;
  ProgramBuilder builder_;
  std::vector<WireValue> values_;  ///< by WireId
  Interface interface_;
  std::vector<std::string> notes_;
  std::optional<program::TripCountId> each_;
};

}  // namespace pare::lower
