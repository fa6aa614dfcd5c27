#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace pare::engine {

/// A fixed number of threads that do one job at a time together with the thread that asks.
class ThreadPool {
 public:
  /// REQUIRES: num_threads >= 1; the caller of `run` is one of them.
  explicit ThreadPool(std::size_t num_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t num_threads() const { return threads_.size() + 1; }

  /// Calls job(context, i) for each thread i < num_threads() at once and waits for all of them.
  /// Allocates nothing. REQUIRES: one caller at a time.
  void run(void (*job)(void* context, std::size_t thread) noexcept, void* context) noexcept;

 private:
  void work(std::size_t thread) noexcept;

  void (*job_)(void*, std::size_t) noexcept = nullptr;  ///< none: the pool ends
  void* context_ = nullptr;
  std::atomic<std::uint32_t> round_{0};  ///< goes up with each job
  std::atomic<std::size_t> num_busy_{0};
  std::vector<std::thread> threads_;
};

}  // namespace pare::engine
