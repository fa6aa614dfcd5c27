#pragma once

#include <array>
#include <cstdint>

namespace pare::nn {

// The patches of a convolution over three axes as the columns of a matrix, so that the convolution
// is a matrix product.

/// A spatial axis; as much padding in front as behind.
struct PatchAxis {
  std::int64_t in;
  std::int64_t out;
  std::int64_t kernel;
  std::int64_t stride;
  std::int64_t padding;
  std::int64_t dilation;
};

struct PatchShape {
  std::int64_t channels;
  std::array<PatchAxis, 3> axes;

  std::int64_t rows() const { return channels * axes[0].kernel * axes[1].kernel * axes[2].kernel; }
  std::int64_t columns() const { return axes[0].out * axes[1].out * axes[2].out; }
};

/// x [channels, in …] -> matrix [channels kernel …, out …], zeros where a patch lies on padding.
/// Instantiated for From the float of To, and std::uint8_t.
template <class From, class To>
void write_patches(const PatchShape& shape, const From* x, To* matrix);

/// Adds each element of the matrix to the one of x [channels, in …] that it was written from.
/// Instantiated for float and double.
template <class T>
void add_patches(const PatchShape& shape, const T* matrix, T* x);

}  // namespace pare::nn
