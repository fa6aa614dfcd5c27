#include "engine/image_choice.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/plan_parts.h"
#include "program/windows.h"

namespace pare::engine {
namespace {

using program::BufferId;
using program::Node;

/// How the elements of an image are stored.
struct Form {
  Element element;
  std::uint32_t interleave;

  friend bool operator==(const Form&, const Form&) = default;
};

/// Where no convolution decides.
Form usual_form(Element element) {
  return {element, static_cast<std::uint32_t>(size_of(element) >= 4 ? 1 : 4 / size_of(element))};
}

bool has_no_strides(const ImageConv& conv) {
  return std::all_of(conv.window.axes.begin(), conv.window.axes.end(),
                     [](const graph::Window::Axis& axis) { return axis.stride == 1; });
}

class Chooser {
 public:
  Chooser(const PlanRequest& request, const program::Section& section,
          const std::vector<int>& num_readers, const NodeFilter& allows)
      : request_(request), section_(section), num_readers_(num_readers), allows_(allows) {}

  SectionImages choose() {
    for (const Node& node : section_.nodes) {
      if (!allows_(node)) continue;
      if (std::holds_alternative<program::Conv>(node.op)) {
        auto conv = image_conv(request_, section_, num_readers_, allows_, node);
        if (conv && has_no_strides(*conv)) take_conv(std::move(*conv));
      } else if (std::holds_alternative<program::MaxPool>(node.op)) {
        take_pool(node);
      }
    }
    for (auto& [id, image] : made_.images) finish({id}, image);
    if (!lay_out_images(request_.program, pitches_, made_)) return {};
    return std::move(made_);
  }

 private:
  Element element_of(BufferId id) const { return element_for(request_.program.buffer(id).width); }

  /// Asks for an image's elements to be stored so; false if they already are otherwise.
  bool demand(BufferId x, Form form) {
    return forms_.emplace(form_classes_.root_of(x.value), form).first->second == form;
  }

  void take_conv(ImageConv conv) {
    const program::Program& program = request_.program;
    const auto& op = std::get<program::Conv>(conv.node->op);
    const BufferId x = conv.node->inputs[0];
    const std::size_t interleave = interleave_for(program.buffer(x).width.range(),
                                                  hull_of(program.constant(op.weight).values));
    if (interleave == 0) return;
    const bool is_spread = interleave == 4 && can_be_spread(conv, x);
    if (!choose_kernel(conv, x, interleave, is_spread)) return;
    made_.image(x).layout.is_spread = is_spread;
    made_.image(conv.y).is_produced = true;
    pitches_.join(x.value, conv.y.value);
    made_.convs.emplace(conv.node, std::move(conv));
  }

  /// One channel that this convolution alone reads, and that is not an image yet.
  bool can_be_spread(const ImageConv& conv, BufferId x) const {
    const graph::Window::Axis& row = conv.window.axes[2];
    return !made_.images.contains(x.value) && request_.program.buffer(x).shape[0] == 1 &&
           num_readers_[x.value] == 1 && row.kernel > 1 && row.dilation == 1;
  }

  /// The fastest kernel that the image's form allows; false if there is none.
  bool choose_kernel(ImageConv& conv, BufferId x, std::size_t interleave, bool is_spread) {
    const auto& op = std::get<program::Conv>(conv.node->op);
    const WindowMatrix weights =
        window_matrix(request_.program, op, conv.window, interleave, is_spread);
    const Element element = interleave == 4 ? element_of(x) : Element::kI16;
    std::optional<LinearOp> pairs;
    if (element == Element::kU8 && !is_spread) {
      pairs = pairs_op(request_, conv, window_matrix(request_.program, op, conv.window, 2, false));
    }
    const auto fastest = [&](bool allows_pairs) {
      return fastest_kernel(weights.matrix(program::hull(request_.intervals.buffers[x.value])),
                            {.instruction_set = request_.instruction_set,
                             .allows_pairs = allows_pairs,
                             .preferred = preferred_kernel(request_, conv.node->outputs[0]),
                             .is_image = true});
    };
    const auto take_pairs = [&] {
      if (!pairs || !demand(x, {element, 2})) return false;
      conv.kind = KernelKind::kSparsePairs;
      conv.pairs = std::move(*pairs);
      return true;
    };
    if (fastest(pairs.has_value()) == KernelKind::kSparsePairs && take_pairs()) return true;
    conv.kind = fastest(false);
    return demand(x, {element, static_cast<std::uint32_t>(interleave)}) || take_pairs();
  }

  void take_pool(const Node& node) {
    const BufferId x = node.inputs[0];
    const BufferId y = node.outputs[0];
    const auto image = made_.images.find(x.value);
    if (image == made_.images.end() || !image->second.is_produced) return;
    // What is stored alike has to be clamped alike.
    if (element_of(x) != element_of(y)) return;
    const auto window = window_of(request_.program, node, std::get<program::MaxPool>(node.op));
    const auto rows = static_cast<std::size_t>(window.axes[0].kernel * window.axes[1].kernel);
    if (window.has_padding() || rows > kMostWindowRows) return;
    made_.image(y).is_produced = true;
    form_classes_.join(x.value, y.value);
    made_.pools.insert(&node);
  }

  void finish(BufferId id, Image& image) {
    const auto form = forms_.find(form_classes_.root_of(id.value));
    const Form stored = form != forms_.end() ? form->second : usual_form(element_of(id));
    image.layout.element = stored.element;
    image.layout.interleave = stored.interleave;
    int others = num_readers_[id.value];
    for (const Node& node : section_.nodes) {
      const bool is_ours = made_.convs.contains(&node) || made_.pools.contains(&node) ||
                           std::holds_alternative<program::Copy>(node.op);
      if (is_ours && node.inputs[0] == id) --others;
    }
    image.is_flat = others > 0 || !image.is_produced;
  }

  const PlanRequest& request_;
  const program::Section& section_;
  const std::vector<int>& num_readers_;
  const NodeFilter& allows_;
  SectionImages made_;
  Classes form_classes_;                 // poolings keep how elements are stored
  std::map<std::uint32_t, Form> forms_;  // by root
  Classes pitches_;
};

}  // namespace

SectionImages choose_images(const PlanRequest& request, const program::Section& section,
                            const std::vector<int>& num_readers, const NodeFilter& allows) {
  if (request.is_generic || request.kind != PlanKind::kSample) return {};
  return Chooser(request, section, num_readers, allows).choose();
}

}  // namespace pare::engine
