#include "base/run_log.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder.h"

namespace pare {
namespace {

class MetricsLogFile : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  std::string path_ = folder_ / "log.jsonl";
};

TEST_F(MetricsLogFile, EveryLineIsThereWhenAppendReturns) {
  MetricsLog log(path_);
  log.append(nlohmann::json{{"epoch", 1}, {"loss", 0.5}});
  EXPECT_EQ(read_text(path_), "{\"epoch\":1,\"loss\":0.5}\n");
  log.append(nlohmann::ordered_json{{"z", 1}, {"a", std::nan("")}});
  EXPECT_EQ(read_text(path_), "{\"epoch\":1,\"loss\":0.5}\n{\"z\":1,\"a\":null}\n");
  EXPECT_EQ(log.offset(), read_text(path_).size());
}

TEST_F(MetricsLogFile, ResumingDropsWhatCameAfterTheCheckpoint) {
  std::uint64_t checkpoint = 0;
  {
    MetricsLog log(path_);
    log.append(nlohmann::json{{"epoch", 1}});
    checkpoint = log.offset();
    log.append(nlohmann::json{{"epoch", 2}, {"lost", true}});
  }
  MetricsLog log(path_, checkpoint);
  EXPECT_EQ(read_text(path_), "{\"epoch\":1}\n");
  log.append(nlohmann::json{{"epoch", 2}});
  EXPECT_EQ(read_text(path_), "{\"epoch\":1}\n{\"epoch\":2}\n");
}

TEST_F(MetricsLogFile, ALogShorterThanItsCheckpointIsRefused) {
  MetricsLog(path_).append(nlohmann::json{{"epoch", 1}});
  try {
    MetricsLog log(path_, 100);
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("has 12 bytes, but the checkpoint"));
  }
  EXPECT_EQ(read_text(path_), "{\"epoch\":1}\n");
}

TEST_F(MetricsLogFile, AFullDiskAndAMissingFolderAreErrors) {
  EXPECT_THROW(MetricsLog("/no/such/folder/metrics.jsonl"), InputError);
}

}  // namespace
}  // namespace pare
