#include "train/learning_rate.h"

#include <cmath>
#include <numbers>

#include "base/error.h"

namespace pare::train {

double learning_rate(const recipe::Train& train, int epoch) {
  const double rate = train.learning_rate;
  switch (train.schedule) {
    case recipe::Schedule::kConstant:
      return rate;
    case recipe::Schedule::kStep:
      return rate * std::pow(train.step_factor, epoch / train.step_epochs);
    case recipe::Schedule::kCosine: {
      if (train.epochs < 2) return rate;
      const double last = rate * train.final_rate_factor;
      const double done = static_cast<double>(epoch) / (train.epochs - 1);
      return last + (rate - last) * 0.5 * (1 + std::cos(std::numbers::pi * done));
    }
  }
  throw_internal("unknown schedule", __FILE__, __LINE__);
}

}  // namespace pare::train
