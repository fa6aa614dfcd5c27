#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "engine/grid.h"
#include "engine/image_conv.h"
#include "engine/plan.h"
#include "engine/plan_parts.h"

namespace pare::engine {

/// Buffers of the plan that hold what convolutions wrote, by the buffers of the program, position
/// by position.
using GridBuffers = std::map<std::uint32_t, program::BufferId>;

/// What RowSteps looks at.
struct RowRequest {
  const PlanRequest& request;
  const program::Section& section;
  const std::vector<int>& num_readers;
  const NodeFilter& allows;
  /// How many neurons of this section, or behind it, take a buffer as it is stored.
  const std::map<std::uint32_t, int>& num_neurons;
  AxisOrder order;
};

/// The steps of the convolutions of a section that run window by window, one sample at a time:
/// those with strides, and those of which an image would have many lanes that are no windows.
class RowSteps {
 public:
  /// Plan and grids are added to, and outlive this, as does what the request shows.
  RowSteps(const RowRequest& request, Plan& plan, GridBuffers& grids);

  bool has(const program::Node& node) const { return convs_.contains(&node); }

  /// Appends the steps of a node that this has. `also_done`: the requantize that it took along.
  void add(const program::Node& node, std::vector<Step>& steps, const program::Node*& also_done);

 private:
  void choose(const program::Node& node);
  bool is_faster(const ImageConv& conv) const;
  Element stored_element(const ImageConv& conv) const;
  program::BufferId add_grid(program::BufferId of, Element element);
  const program::BufferId* known_grid(program::BufferId x, Element element) const;
  program::BufferId input_grid(program::BufferId x, Element element, std::vector<Step>& steps);
  bool is_flat(program::BufferId y) const;
  RowConv make(const ImageConv& conv, std::size_t interleave) const;
  Step grid_step(program::BufferId name, program::BufferId from, program::BufferId to,
                 bool is_stored) const;

  RowRequest of_;
  Plan& plan_;
  GridBuffers& grids_;
  GridBuffers here_;  // what steps of this section wrote: at other times and places it may be stale
  std::map<const program::Node*, ImageConv> convs_;
};

}  // namespace pare::engine
