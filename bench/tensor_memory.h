#pragma once

// How much memory tensors on the CPU hold, counted where torch asks for it: what is alive, not
// what the process keeps. What libraries below torch take for themselves is not seen.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <new>

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

namespace pare::bench {

/// Hands on to torch's allocator and counts. Some versions of torch declare `allocate` const, some
/// not, some have `copy_data` beside it: hence the overloads, of which those override that can.
class CountingAllocator : public c10::Allocator {
 public:
  explicit CountingAllocator(c10::Allocator& inner) : inner_(inner) {}

  c10::DataPtr allocate(std::size_t n) const { return counted(n); }
  c10::DataPtr allocate(std::size_t n) { return counted(n); }
  c10::DeleterFnPtr raw_deleter() const { return &release; }
  void copy_data(void* to, const void* from, std::size_t n) const { std::memcpy(to, from, n); }

  std::int64_t bytes() const { return bytes_; }
  std::int64_t peak() const { return peak_; }
  void reset_peak() { peak_ = bytes_.load(); }

 private:
  /// In front of each tensor's memory; as large as torch's alignment.
  struct alignas(64) Header {
    const CountingAllocator* of;
    std::size_t bytes;
  };

  c10::DataPtr counted(std::size_t n) const {
    auto* const header = new (inner_.raw_allocate(sizeof(Header) + n)) Header{this, n};
    const std::int64_t now = bytes_ += static_cast<std::int64_t>(n);
    std::int64_t peak = peak_;
    while (now > peak && !peak_.compare_exchange_weak(peak, now)) {
    }
    return {header + 1, header + 1, &release, c10::Device(c10::DeviceType::CPU)};
  }
  static void release(void* memory) {
    auto* const header = static_cast<Header*>(memory) - 1;
    header->of->bytes_ -= static_cast<std::int64_t>(header->bytes);
    header->of->inner_.raw_deallocate(header);
  }

  c10::Allocator& inner_;
  mutable std::atomic<std::int64_t> bytes_ = 0;
  mutable std::atomic<std::int64_t> peak_ = 0;
};

/// The bytes of tensors that are alive at once while `run` runs, beyond those before, at most. All
/// CPU tensors of the process are counted from the first call on.
template <class F>
std::int64_t peak_tensor_bytes(F&& run) {
  // Never destroyed: tensors that it counted may outlive main.
  static auto* const allocator = [] {
    auto* const counting = new CountingAllocator(*c10::GetCPUAllocator());
    c10::SetCPUAllocator(counting, /*priority=*/255);
    return counting;
  }();
  allocator->reset_peak();
  const std::int64_t before = allocator->bytes();
  run();
  return allocator->peak() - before;
}

}  // namespace pare::bench
