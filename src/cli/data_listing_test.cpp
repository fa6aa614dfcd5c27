#include "cli/data_listing.h"

#include <gmock/gmock.h>

namespace pare::cli {
namespace {

using testing::HasSubstr;

data::Scene scene_of_five_pixels() {
  return {.name = "s",
          .description = "a scene",
          .cube = Tensor(DType::kF32, {1, 5, 7}),
          .labels = Tensor::from<std::int64_t>({1, 5}, {1, data::kUnlabelled, 0, 1, 1}),
          .bands = {},
          .classes = {"corn", "wood"}};
}

TEST(DataListing, ASceneShowsItsSizeAndClasses) {
  const std::string text = scene_text(scene_of_five_pixels());
  EXPECT_THAT(text, HasSubstr("a scene\n1 x 5 pixels, 7 bands; 4 pixels are labelled, 1 are not"));
  EXPECT_THAT(text, HasSubstr("corn        1"));
  EXPECT_THAT(text, HasSubstr("wood        3"));
}

TEST(DataListing, ASceneIsAnObject) {
  EXPECT_EQ(scene_json(scene_of_five_pixels()), nlohmann::json::parse(R"({
    "rows": 1, "columns": 5, "bands": 7, "labelled": 4, "unlabelled": 1,
    "pixels": {"corn": 1, "wood": 3}})"));
}

TEST(DataListing, FilesOfUnknownHashAreNull) {
  const nlohmann::json set = set_json(data::find_set("salinas"));
  EXPECT_EQ(set["scene_shape"], nlohmann::json::parse("[512, 217, 204]"));
  EXPECT_TRUE(set["files"][0]["sha256"].is_null());
  EXPECT_TRUE(set["files"][0]["bytes"].is_null());
  EXPECT_EQ(set["files"][1]["bytes"], 4277);
  EXPECT_TRUE(set_json(data::find_set("mnist"))["scene_shape"].is_null());
}

}  // namespace
}  // namespace pare::cli
