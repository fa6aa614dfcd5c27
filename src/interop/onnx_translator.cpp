#include "interop/onnx_translator.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "graph/check.h"
#include "graph/edit.h"

namespace pare::interop {
namespace {

/// Stands for a batch of any size where the file computes with its size: a prime that no product of
/// other sizes is a multiple of.
constexpr std::int64_t kAnyBatch = 2147483647;

/// Names go into messages and files: valid text, and no ending that model files use.
std::string as_text(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    text += byte < 0x20 || byte > 0x7E ? '_' : c;
  }
  if (text.ends_with(".mask")) text += '_';
  return text;
}

/// Copies of a file's tensors, as float32, that its translation may hold: constants that are
/// computed from one another, and parameters.
constexpr std::size_t kMostCopies = 3;
constexpr std::size_t kHeldByAny = std::size_t{32} << 20;

std::size_t bytes_as_floats(const Tensor& tensor) {
  return std::max(tensor.bytes().size(), tensor.size() * sizeof(float));
}

std::size_t bytes_of(const Constant& constant) {
  std::size_t sum = constant.values.bytes().size();
  if (constant.quantizer) {
    for (const Tensor* list : {&constant.quantizer->scale, &constant.quantizer->zero_point,
                               &constant.quantizer->range}) {
      sum += list->bytes().size();
    }
  }
  return sum;
}

double decimal(float value) {
  const std::string text = fmt::format("{}", value);
  double result = value;
  if (std::isfinite(value)) std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

}  // namespace

OnnxTranslator::OnnxTranslator(OnnxFile file, const std::string& origin,
                               const ImportOptions& options)
    : file_(std::move(file)), origin_(origin), options_(options) {
  const auto found = file_.metadata.find(kMetadataKey);
  // What is no JSON says nothing.
  if (found != file_.metadata.end()) metadata_ = parse_metadata(found->second);
}

Imported OnnxTranslator::run() && {
  refuse_unknown();
  start();
  for (const OnnxNode& node : file_.nodes) {
    node_ = &node;
    try {
      (this->*find_rule(node))();
      release_constants();
    } catch (const InputError& error) {
      // What other folders refuse is told with the file's name and the node's.
      const std::string what = error.what();
      if (what.starts_with(origin_)) throw;
      fail(what);
    }
  }
  node_ = nullptr;
  finish();
  return std::move(result_);
}

void OnnxTranslator::refuse_unknown() const {
  std::vector<std::string> unknown;
  for (const OnnxNode& node : file_.nodes) {
    if (find_rule(node) != nullptr) continue;
    const std::string& first = node.outputs.empty() ? node.type : node.outputs.front();
    unknown.push_back(fmt::format("'{}' ({}{}{})", node.name.empty() ? first : node.name,
                                  node.domain, node.domain.empty() ? "" : ".", node.type));
  }
  if (unknown.empty()) return;
  throw InputError(fmt::format(
      "{}: {} of {} nodes are of operators that pare has no form for: {}; docs/interop.md lists "
      "those that it has",
      origin_, unknown.size(), file_.nodes.size(), fmt::join(unknown, ", ")));
}

void OnnxTranslator::start() {
  if (file_.inputs.size() != 1 || file_.outputs.size() != 1) {
    throw InputError(fmt::format("{}: {} inputs and {} outputs; expected one of each", origin_,
                                 file_.inputs.size(), file_.outputs.size()));
  }
  const OnnxValue& given = file_.inputs.front();
  const bool is_known = given.shape && given.shape->size() >= 2 &&
                        std::all_of(given.shape->begin() + 1, given.shape->end(),
                                    [](std::int64_t size) { return size > 0; });
  if (!is_known) {
    throw InputError(fmt::format(
        "{}: input '{}' is {}; expected a batch of samples whose size is known in every axis but "
        "the first: export the model with fixed sizes",
        origin_, given.name,
        given.shape ? to_string(*given.shape) : std::string("of unknown shape")));
  }
  batch_ = given.shape->front() > 0 ? given.shape->front() : kAnyBatch;
  const Shape sample(given.shape->begin() + 1, given.shape->end());
  if (num_elements(sample) > graph::kMaxWireElements) {
    throw InputError(fmt::format("{}: input '{}' has more than {} elements a sample", origin_,
                                 given.name, graph::kMaxWireElements));
  }
  graph_.name = file_.name.empty() ? "imported" : as_text(file_.name);
  graph_.head.kind = options_.head;
  const graph::WireId wire = graph::add_wire(graph_, new_name(given.name));
  graph_.inputs.push_back({.wire = wire, .shape = sample});
  infos_.push_back({.shape = sample});
  producers_.push_back(std::nullopt);
  recall_input();
  for (auto& [name, values] : file_.initializers) {
    held_ += values.bytes().size();
    most_held_ += kMostCopies * bytes_as_floats(values);
    tensors_[name] = Constant{std::move(values)};
  }
  tensors_[given.name] = WireView{.wire = wire, .shape = sample};
  count_reads();
}

void OnnxTranslator::count_reads() {
  most_held_ += kHeldByAny;
  for (const OnnxNode& node : file_.nodes) {
    for (const auto& [name, attribute] : node.attributes) {
      const auto* tensor = std::get_if<Tensor>(&attribute);
      if (tensor != nullptr) most_held_ += kMostCopies * bytes_as_floats(*tensor);
    }
    for (const std::string& name : node.inputs) {
      ++reads_left_[name];
      if (node.type != "Shape") ++num_reads_[name];
    }
  }
  for (const OnnxValue& output : file_.outputs) {
    ++num_reads_[output.name];
    ++reads_left_[output.name];
  }
}

void OnnxTranslator::hold(std::size_t bytes) {
  held_ += bytes;
  if (held_ <= most_held_) return;
  fail(
      fmt::format("its constants, and those before it, take more than {} MiB: far more than the "
                  "file's tensors; are they used over and over, or blown up?",
                  most_held_ >> 20));
}

void OnnxTranslator::release_constants() {
  const auto release = [&](const std::string& name) {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) return;
    auto* constant = std::get_if<Constant>(&found->second);
    if (constant == nullptr) return;
    held_ -= bytes_of(*constant);
    // The name stays: it may not be written again.
    *constant = {};
  };
  for (const std::string& name : node_->inputs) {
    if (--reads_left_.at(name) == 0) release(name);
  }
  for (const std::string& name : node_->outputs) {
    if (!reads_left_.contains(name)) release(name);
  }
}

void OnnxTranslator::recall_input() {
  graph::Input& input = graph_.inputs.front();
  const auto channels = static_cast<std::size_t>(input.shape.front());
  std::vector<double> mean = find_input_list(metadata_, "mean");
  std::vector<double> scale = find_input_list(metadata_, "scale");
  const bool has_zero = std::find(scale.begin(), scale.end(), 0.0) != scale.end();
  if (mean.size() == channels) input.mean = std::move(mean);
  if (scale.size() == channels && !has_zero) input.scale = std::move(scale);
}

void OnnxTranslator::finish() {
  const std::string& name = file_.outputs.front().name;
  const auto found = tensors_.find(name);
  const auto* view = found == tensors_.end() ? nullptr : std::get_if<WireView>(&found->second);
  if (view == nullptr || !view->padding.empty() || view->codes) {
    throw InputError(fmt::format("{}: output '{}' {}", origin_, name,
                                 view == nullptr ? "does not depend on the input"
                                 : view->codes
                                     ? "is of integers: end the network in a DequantizeLinear"
                                     : "has padding that nothing reads"));
  }
  graph_.output = materialised(*view);
  drop_dead_nodes();
  put_biases_on_accumulators();
  graph::Input& input = graph_.inputs.front();
  if (options_.input_mean != 0 || options_.input_scale != 1) {
    // x = ((raw - m) / s - mean) / scale, at once.
    if (input.mean.empty()) input.mean = {0};
    if (input.scale.empty()) input.scale = {1};
    for (double& mean : input.mean) mean = options_.input_mean + options_.input_scale * mean;
    for (double& scale : input.scale) scale *= options_.input_scale;
  }
  for (auto* list : {&input.mean, &input.scale}) {
    if (list->size() == 1) list->assign(channels_of(input.wire), list->front());
  }
  graph::check(graph_);
}

void OnnxTranslator::drop_dead_nodes() {
  std::vector<bool> is_read(graph_.wires.size(), false);
  is_read.at(graph_.output.value) = true;
  std::vector<graph::Node> kept;
  for (std::size_t i = graph_.nodes.size(); i-- > 0;) {
    graph::Node& node = graph_.nodes[i];
    if (!is_read[node.outputs.front().value]) continue;
    for (const graph::WireId wire : node.inputs) is_read[wire.value] = true;
    kept.push_back(std::move(node));
  }
  std::reverse(kept.begin(), kept.end());
  graph_.nodes = std::move(kept);
  graph::compact(graph_);
}

// --- the node's attributes and inputs

std::string OnnxTranslator::who() const {
  if (node_ == nullptr) return origin_;
  const std::string& name =
      node_->name.empty() && !node_->outputs.empty() ? node_->outputs.front() : node_->name;
  return fmt::format("{}: node '{}' ({})", origin_, as_text(name), as_text(node_->type));
}

void OnnxTranslator::fail(const std::string& what) const {
  throw InputError(fmt::format("{}: {}", who(), what));
}

std::int64_t OnnxTranslator::int_attribute(const std::string& name, std::int64_t otherwise) const {
  const auto found = node_->attributes.find(name);
  if (found == node_->attributes.end()) return otherwise;
  const auto* value = std::get_if<std::int64_t>(&found->second);
  if (value == nullptr) fail(fmt::format("attribute '{}' is no integer", name));
  return *value;
}

double OnnxTranslator::float_attribute(const std::string& name, double otherwise) const {
  const auto found = node_->attributes.find(name);
  if (found == node_->attributes.end()) return otherwise;
  const auto* value = std::get_if<float>(&found->second);
  if (value == nullptr) fail(fmt::format("attribute '{}' is no number", name));
  return decimal(*value);
}

std::string OnnxTranslator::text_attribute(const std::string& name,
                                           const std::string& otherwise) const {
  const auto found = node_->attributes.find(name);
  if (found == node_->attributes.end()) return otherwise;
  const auto* value = std::get_if<std::string>(&found->second);
  if (value == nullptr) fail(fmt::format("attribute '{}' is no text", name));
  return *value;
}

Shape OnnxTranslator::ints_attribute(const std::string& name, const Shape& otherwise) const {
  const auto found = node_->attributes.find(name);
  if (found == node_->attributes.end()) return otherwise;
  const auto* value = std::get_if<std::vector<std::int64_t>>(&found->second);
  if (value == nullptr) fail(fmt::format("attribute '{}' is no list of integers", name));
  return *value;
}

bool OnnxTranslator::has_input(std::size_t number) const {
  return number < node_->inputs.size() && !node_->inputs[number].empty();
}

const OnnxTensor& OnnxTranslator::input(std::size_t number) const {
  if (!has_input(number)) fail(fmt::format("input {} is missing", number));
  const auto found = tensors_.find(node_->inputs[number]);
  if (found == tensors_.end()) {
    fail(fmt::format("input {} '{}' is written by no node before it", number,
                     as_text(node_->inputs[number])));
  }
  return found->second;
}

bool OnnxTranslator::is_constant(std::size_t number) const {
  return std::holds_alternative<Constant>(input(number));
}

bool OnnxTranslator::are_constant() const {
  for (std::size_t i = 0; i < node_->inputs.size(); ++i) {
    if (has_input(i) && !is_constant(i)) return false;
  }
  return true;
}

const Constant& OnnxTranslator::constant_input(std::size_t number) const {
  const auto* constant = std::get_if<Constant>(&input(number));
  if (constant == nullptr) {
    fail(fmt::format("input {} '{}' depends on the network's input; expected a constant", number,
                     as_text(node_->inputs[number])));
  }
  return *constant;
}

Tensor OnnxTranslator::plain_input(std::size_t number) const {
  return value_of(constant_input(number));
}

double OnnxTranslator::number_input(std::size_t number, double otherwise) const {
  if (!has_input(number)) return otherwise;
  const Tensor values = plain_input(number);
  if (values.size() != 1)
    fail(fmt::format("input {} has {} elements; expected one", number, values.size()));
  return values.to_doubles().front();
}

Shape OnnxTranslator::ints_input(std::size_t number) const {
  const Tensor values = converted(plain_input(number), DType::kI64);
  const auto list = values.as<std::int64_t>();
  return {list.begin(), list.end()};
}

WireView OnnxTranslator::any_wire_input(std::size_t number) const {
  const auto* found = std::get_if<WireView>(&input(number));
  if (found == nullptr) {
    fail(fmt::format("input {} '{}' is a constant; expected what depends on the network's input",
                     number, as_text(node_->inputs[number])));
  }
  WireView view = *found;
  if (!view.padding.empty()) {
    fail("reads what a Pad has put zeros around; pare has that in front of convolutions alone");
  }
  view.is_sole = view.is_sole && num_reads_.at(node_->inputs[number]) == 1;
  return view;
}

WireView OnnxTranslator::wire_input(std::size_t number) const {
  WireView view = any_wire_input(number);
  if (view.codes) {
    fail(fmt::format("computes with the integers of '{}'; expected a DequantizeLinear between them",
                     as_text(node_->inputs[number])));
  }
  return view;
}

Shape OnnxTranslator::axes_of(const std::string& attribute, std::size_t number) const {
  return has_input(number) ? ints_input(number) : ints_attribute(attribute, {});
}

std::size_t OnnxTranslator::normal_axis(std::int64_t axis, std::size_t rank) const {
  const auto size = static_cast<std::int64_t>(rank);
  if (axis < -size || axis >= size) {
    fail(fmt::format("axis {} of a tensor with {} axes", axis, rank));
  }
  return static_cast<std::size_t>(axis < 0 ? axis + size : axis);
}

void OnnxTranslator::write(OnnxTensor tensor) {
  if (node_->outputs.empty() || node_->outputs.front().empty()) return;
  for (std::size_t i = 1; i < node_->outputs.size(); ++i) {
    if (!node_->outputs[i].empty() && num_reads_.contains(node_->outputs[i])) {
      fail(fmt::format("its output {} '{}' is read; pare has its first alone", i,
                       as_text(node_->outputs[i])));
    }
  }
  if (const auto* constant = std::get_if<Constant>(&tensor)) hold(bytes_of(*constant));
  if (!tensors_.emplace(node_->outputs.front(), std::move(tensor)).second) {
    fail(fmt::format("writes '{}' again", as_text(node_->outputs.front())));
  }
}

void OnnxTranslator::write_wire(WireView view, graph::WireId wire) {
  view.is_sole = view.is_sole || view.wire != wire;
  view.wire = wire;
  write(std::move(view));
}

// --- wires and nodes of the graph

std::string OnnxTranslator::new_name(const std::string& wanted) {
  const std::string text = as_text(wanted);
  std::string name = text;
  // The numbers given to a name so far are counted: thousands of nodes may be called the same.
  for (int& used = names_[text]; used > 0 && names_.contains(name);) {
    name = fmt::format("{}_{}", text, ++used);
  }
  ++names_[name];
  return name;
}

std::string OnnxTranslator::node_name() {
  if (!node_->name.empty()) return new_name(node_->name);
  const bool has_output = !node_->outputs.empty() && !node_->outputs.front().empty();
  return new_name(has_output ? node_->outputs.front() : node_->type);
}

graph::WireId OnnxTranslator::append(const std::string& name, graph::Op op,
                                     std::vector<graph::WireId> inputs) {
  const graph::WireId wire = graph::add_node(graph_, name, std::move(op), std::move(inputs));
  producers_.push_back(graph_.nodes.size() - 1);
  infos_.push_back(graph::infer_shape(graph_, graph_.nodes.back(), infos_));
  return wire;
}

graph::Node* OnnxTranslator::producer_of(graph::WireId wire) {
  const auto index = producers_.at(wire.value);
  return index ? &graph_.nodes[*index] : nullptr;
}

graph::ParameterId OnnxTranslator::add_parameter(const std::string& name, graph::Role role,
                                                 Tensor values) {
  hold(values.bytes().size());
  return graph::add_parameter(graph_,
                              {.name = new_name(name), .role = role, .stored = std::move(values)});
}

graph::WireId OnnxTranslator::with_shape(graph::WireId wire, const Shape& shape,
                                         const std::string& name) {
  if (shape_of(wire) == shape) return wire;
  graph::Op op = graph::Reshape{shape};
  if (shape.size() == 1) op = graph::Flatten{};
  const std::string derived =
      graph_.wire(wire).name + (shape.size() == 1 ? ".flatten" : ".reshape");
  return append(new_name(name.empty() ? derived : name), std::move(op), {wire});
}

graph::WireId OnnxTranslator::materialised(const WireView& view) {
  return with_shape(view.wire, view.shape, view.reshaped_by);
}

void OnnxTranslator::element_wise(graph::Op op) {
  const WireView view = wire_input(0);
  write_wire(view, append(node_name(), std::move(op), {view.wire}));
}

}  // namespace pare::interop
