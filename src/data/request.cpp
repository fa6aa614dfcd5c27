#include "data/request.h"

#include <fmt/format.h>

#include "base/error.h"

namespace pare::data {

void check_request(const Request& request) {
  const int sources = (request.set.empty() ? 0 : 1) + (request.train.empty() ? 0 : 1) +
                      (request.cube.empty() ? 0 : 1);
  if (sources != 1) {
    throw InputError(
        sources == 0
            ? "data: neither a set nor files given; set data.set, data.train or data.cube"
            : "data: more than one of data.set, data.train and data.cube given; remove one");
  }
  if (!request.label_map.empty() && request.cube.empty()) {
    throw InputError("data: data.label_map is the labels of a scene; it needs data.cube");
  }
  if (request.train.empty() && !(request.validation.empty() && request.test.empty())) {
    throw InputError(
        "data: data.validation and data.test are files of your own; they need "
        "data.train in the place of data.set");
  }
  if (!request.validation.empty() && request.split != Split::kGiven) {
    throw InputError(
        "data: data.validation is a file, but data.split is not \"given\"; set it, or "
        "remove the file");
  }
  if (!(request.validation_fraction > 0 && request.validation_fraction < 1)) {
    throw InputError(
        fmt::format("data.validation_fraction: {}, expected more than 0 and less than 1",
                    request.validation_fraction));
  }
  if (!(request.label_noise >= 0 && request.label_noise <= 1)) {
    throw InputError(
        fmt::format("data.label_noise: {}, expected a fraction from 0 to 1", request.label_noise));
  }
  if (request.max_train_samples < 0) {
    throw InputError(fmt::format("data.max_train_samples: {}, expected 0 (all) or more",
                                 request.max_train_samples));
  }
}

}  // namespace pare::data
