// Stands in for fetch.cpp in a build without libcurl.

#include <fmt/format.h>

#include "base/error.h"
#include "data/fetch.h"

namespace pare::data {

void download(const Download& file, const ProgressSink&) {
  throw InputError(
      fmt::format("{}: this pare was built without downloads; install libcurl4-openssl-dev and "
                  "configure with -DPARE_WITH_CURL=ON, or get the file yourself and put it at {}",
                  file.url, file.target));
}

}  // namespace pare::data
