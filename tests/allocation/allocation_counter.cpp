// Every operator new and delete of the program, shared libraries included.

#include "allocation/allocation_counter.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

#include <malloc.h>

namespace {

std::atomic<std::size_t> live = 0;
std::atomic<std::size_t> peak = 0;
std::atomic<std::size_t> largest = 0;

void* counted(void* memory, std::size_t size) {
  if (memory == nullptr) throw std::bad_alloc();
  largest = std::max(largest.load(), size);
  const std::size_t now = live += malloc_usable_size(memory);
  peak = std::max(peak.load(), now);
  return memory;
}

void give_back(void* memory) {
  if (memory != nullptr) live -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

namespace pare::allocation {

std::size_t live_bytes() { return live; }
std::size_t peak_bytes() { return peak; }
std::size_t largest_bytes() { return largest; }
void restart() {
  peak = live.load();
  largest = 0;
}

}  // namespace pare::allocation

// The other forms call these.
void* operator new(std::size_t size) { return counted(std::malloc(size), size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto unit = static_cast<std::size_t>(alignment);
  return counted(std::aligned_alloc(unit, (size + unit - 1) / unit * unit), size);
}
void operator delete(void* memory) noexcept { give_back(memory); }
void operator delete(void* memory, std::size_t) noexcept { give_back(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { give_back(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { give_back(memory); }
