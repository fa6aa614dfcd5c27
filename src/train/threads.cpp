#include "train/threads.h"

#include <filesystem>
#include <iterator>
#include <system_error>

#include <torch/torch.h>

namespace pare::train {

void set_threads(int threads) {
  at::set_num_threads(threads);
  at::globalContext().setFlushDenormal(true);
}

int count_threads_of_a_product() {
  const torch::NoGradGuard no_grad;
  const torch::Tensor a = torch::ones({512, 512});
  const torch::Tensor product = a.matmul(a);
  std::error_code error;
  const std::filesystem::directory_iterator tasks("/proc/self/task", error);
  if (error) return at::get_num_threads();
  return static_cast<int>(std::distance(begin(tasks), end(tasks)));
}

}  // namespace pare::train
