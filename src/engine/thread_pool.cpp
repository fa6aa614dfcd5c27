#include "engine/thread_pool.h"

namespace pare::engine {

ThreadPool::ThreadPool(std::size_t num_threads) {
  threads_.reserve(num_threads - 1);
  for (std::size_t i = 1; i < num_threads; ++i) {
    threads_.emplace_back([this, i] { work(i); });
  }
}

ThreadPool::~ThreadPool() {
  job_ = nullptr;
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::work(std::size_t thread) noexcept {
  for (std::uint32_t seen = 0;;) {
    round_.wait(seen, std::memory_order_acquire);
    seen = round_.load(std::memory_order_acquire);
    if (job_ == nullptr) return;
    job_(context_, thread);
    if (num_busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) num_busy_.notify_one();
  }
}

void ThreadPool::run(void (*job)(void*, std::size_t) noexcept, void* context) noexcept {
  if (threads_.empty()) return job(context, 0);
  job_ = job;
  context_ = context;
  num_busy_.store(threads_.size(), std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  job(context, 0);
  for (std::size_t busy = num_busy_.load(std::memory_order_acquire); busy != 0;
       busy = num_busy_.load(std::memory_order_acquire)) {
    num_busy_.wait(busy, std::memory_order_acquire);
  }
}

}  // namespace pare::engine
