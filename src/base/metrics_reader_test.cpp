#include "base/metrics_reader.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

namespace pare {
namespace {

class MetricsReader : public testing::Test {
 protected:
  ~MetricsReader() override { std::filesystem::remove(path_); }

  std::vector<nlohmann::json> read(std::string_view text) {
    write_file_atomic(path_, text);
    return read_metrics(path_, "epoch");
  }

  std::string path_ = (std::filesystem::temp_directory_path() /
                       ("pare-metrics-" + std::to_string(getpid()) + ".jsonl"))
                          .string();
};

TEST_F(MetricsReader, OnlyTheEventAskedForComesBackInOrder) {
  const auto lines = read(
      "{\"event\":\"epoch\",\"n\":1}\n{\"event\":\"stage_end\"}\n{\"n\":3}\n"
      "{\"event\":\"epoch\",\"n\":2}\n");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["n"], 1);
  EXPECT_EQ(lines[1]["n"], 2);
}

TEST_F(MetricsReader, ALineThatIsBeingWrittenIsLeftOut) {
  EXPECT_EQ(read("{\"event\":\"epoch\"}\n{\"event\":\"ep").size(), 1U);
  EXPECT_EQ(read("").size(), 0U);
}

TEST_F(MetricsReader, AnythingElseNamesTheLine) {
  try {
    read("{\"event\":\"epoch\"}\n[1]\n");
    FAIL() << "accepted an array";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find(":2:"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace pare
