#include "nn/exact_kernels.h"

#include "program/broadcast.h"
#include "program/rounding.h"

namespace pare::nn {
namespace {

/// One value for each element of a buffer of `shape`.
std::vector<std::int64_t> written_out(const program::Constant& constant, const Shape& shape) {
  const program::Broadcast groups(constant.shape, shape);
  std::vector<std::int64_t> values(static_cast<std::size_t>(num_elements(shape)));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = constant.values[groups.group_of(i)];
  return values;
}

}  // namespace

RequantizeRows::RequantizeRows(const program::Program& program, const program::Node& node) {
  const auto& op = std::get<program::Requantize>(node.op);
  const Shape& shape = program.buffer(node.inputs.front()).shape;
  multipliers_ = written_out(program.constant(op.multiplier), shape);
  addends_ = written_out(program.constant(op.addend), shape);
  for (const std::int64_t shift : written_out(program.constant(op.shift), shape)) {
    shifts_.push_back(static_cast<int>(shift));
  }
  rounding_ = op.rounding;
  lowest_ = op.lowest;
  highest_ = op.highest;
}

// One loop a rounding mode, in which the mode is a constant.
template <pare_rounding kRounding>
void RequantizeRows::run(std::span<const std::int64_t> x, std::span<std::int64_t> y) const {
  const std::size_t row = multipliers_.size();
  for (std::size_t start = 0; start < x.size(); start += row) {
    for (std::size_t i = 0; i < row; ++i) {
      y[start + i] = pare_requantize(x[start + i], multipliers_[i], addends_[i], shifts_[i],
                                     kRounding, lowest_, highest_);
    }
  }
}

void RequantizeRows::operator()(std::span<const std::int64_t> x, std::span<std::int64_t> y) const {
  switch (program::to_fixed_point(rounding_)) {
    case PARE_HALF_EVEN:
      return run<PARE_HALF_EVEN>(x, y);
    case PARE_HALF_UP:
      return run<PARE_HALF_UP>(x, y);
    case PARE_HALF_AWAY:
      return run<PARE_HALF_AWAY>(x, y);
    case PARE_FLOOR:
      return run<PARE_FLOOR>(x, y);
    case PARE_CEIL:
      return run<PARE_CEIL>(x, y);
    case PARE_TOWARD_ZERO:
      return run<PARE_TOWARD_ZERO>(x, y);
    case PARE_HALF_TOWARD_ZERO:
      return run<PARE_HALF_TOWARD_ZERO>(x, y);
    case PARE_AWAY_FROM_ZERO:
      return run<PARE_AWAY_FROM_ZERO>(x, y);
  }
}

}  // namespace pare::nn
