#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/grid.h"
#include "engine/linear.h"
#include "engine/reach.h"
#include "engine/view.h"
#include "graph/window.h"

namespace pare::engine {

/// A convolution of one sample as a linear op with a row a window: windows are copied next to each
/// other, some at a time, and multiplied with outputs as lanes. Elements stand position by position
/// and channel by channel, as where there are spikes; so do the sums.
struct RowConv {
  graph::Window window;                     ///< axes in the order of storage
  std::array<std::vector<Reach>, 3> reach;  ///< of its axes
  /// Of windows without padding: bytes from the window's first element and from its row.
  struct Copy {
    std::uint32_t from;
    std::uint32_t to;
  };
  std::vector<Copy> copies = {};
  std::size_t copy_bytes = 1;     ///< of each of them
  std::size_t num_channels = 1;   ///< of x
  std::size_t element_bytes = 1;  ///< of x
  std::size_t row_bytes = 1;      ///< of a window, a whole number of groups
  LinearOp op = {};               ///< of kRows windows
  LinearOp rest = {};             ///< of those that are left
  LinearKernel kernel = nullptr;
};

/// Windows that are copied at a time.
inline constexpr std::size_t kRows = 16;

/// A buffer from its own order of elements to that of storage, or back; elements stay what they are
/// or become wider.
struct GridOp {
  Grid grid;
  bool is_stored = false;  ///< whether y is what is stored
};

struct RowConvCall {
  const RowConv& conv;
  const View& x;
  const View& y;
  std::int64_t t = 0;
  std::byte* room = nullptr;  ///< room_size bytes
};

/// Sets `copies` and `copy_bytes` from the rest.
void set_copies(RowConv& conv);

std::size_t room_size(const RowConv& conv);
void run_rows(const RowConvCall& call) noexcept;
void run_grid(const GridOp& op, const View& x, const View& y, std::int64_t t) noexcept;

}  // namespace pare::engine
