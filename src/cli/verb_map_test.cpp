#include "cli/verb_map.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder.h"
#include "cli/map_images.h"
#include "cli/program_run.h"
#include "cli/test_scene_models.h"
#include "cli/verb_eval.h"
#include "data/load.h"
#include "data/load_scene.h"
#include "data/npy.h"
#include "data/png.h"
#include "metrics/accuracy.h"
#include "recipe/data_request.h"

namespace pare::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

const std::vector<std::string> kSixClasses{"a", "b", "c", "d", "e", "f"};

class MapVerb : public testing::Test {
 protected:
  MapVerb() {
    write("scene.toml", "[data]\nset = \"synthetic/scene\"\npatch = 3\nsplit = \"spatial\"\n");
    save("frozen.pare", random_scene_model({32, 3, 3}, kSixClasses, 7));
    save("float.pare", without_program(random_scene_model({32, 3, 3}, kSixClasses, 7)));
  }

  std::string path(const std::string& name) const { return folder_ / name; }
  void save(const std::string& name, const model::Model& model) const {
    model::save(path(name), model);
  }
  void write(const std::string& name, const std::string& data) const {
    write_file_atomic(path(name), "name = \"t\"\n" + data + "[[stage]]\nname = \"float\"\n");
  }

  /// What a verb prints.
  template <class Add>
  static std::string text_of(Add&& add, std::vector<std::string> arguments) {
    std::ostringstream out;
    CLI::App app;
    const Verb verb = add(app);
    std::reverse(arguments.begin(), arguments.end());
    app.parse(arguments);
    Output output(out, out, false);
    if (verb.app->get_option("--json")->count() > 0) output.set_json();
    EXPECT_EQ(verb.run(output), kFine);
    return out.str();
  }
  std::string mapped(std::vector<std::string> more,
                     const std::string& model = "frozen.pare") const {
    more.insert(more.begin(), {"map", path(model), "--data", path("scene.toml")});
    return text_of(add_map, std::move(more));
  }
  Tensor image(const std::string& name) const {
    return data::parse_png(read_file(path(name)), name);
  }
  data::DividedScene divided(const std::string& recipe) const {
    return data::divide_scene(recipe::data_request(recipe::read(path(recipe))));
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(MapVerb, SaysOfTestPixelsWhatEvalSaysOfThem) {
  for (const std::string model : {"frozen.pare", "float.pare"}) {
    SCOPED_TRACE(model);
    const auto json = nlohmann::json::parse(mapped({"-o", path("map"), "--json"}, model));
    const auto eval = nlohmann::json::parse(
        text_of(add_eval, {"eval", path(model), "--data", path("scene.toml"), "--json"}));
    for (const char* figure : {"samples", "accuracy", "average_accuracy", "kappa", "confusion"}) {
      EXPECT_EQ(json.at("test").at(figure), eval.at(figure)) << figure;
    }
    for (const auto& one : json.at("classes")) {
      EXPECT_EQ(one.at("recall"), eval.at("recall").at(one.at("name").get<std::string>()));
    }
    EXPECT_EQ(json.at("program"), eval.at("program"));
    EXPECT_EQ(json.at("data").at("description"), eval.at("data").at("description"));
    // The weights are random, but not all pixels are of one class.
    EXPECT_LT(json.at("classes").at(0).at("pixels").get<int>(), 4000);
  }
}

TEST_F(MapVerb, GivesEachTestPixelTheClassOfItsSample) {
  mapped({"-o", path("map")});
  const Tensor classes = data::read_npy(path("map/classes.npy"));
  ASSERT_EQ(classes.shape(), (Shape{64, 64}));
  const auto request = recipe::data_request(recipe::read(path("scene.toml")));
  const data::Samples test = data::load(request).test;
  const model::Model model = model::load(path("frozen.pare"));
  const std::vector<double> values = run_program(*model.deployment, test.inputs, {});
  const std::vector<float> scores(values.begin(), values.end());
  const auto expected = metrics::predictions({scores, 6});
  const std::vector<std::int64_t> pixels = divided("scene.toml").split.test;
  ASSERT_EQ(pixels.size(), expected.size());
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    EXPECT_EQ(classes.as<std::int64_t>()[static_cast<std::size_t>(pixels[i])], expected[i]);
  }
}

TEST_F(MapVerb, WritesItsImages) {
  const auto json = nlohmann::json::parse(
      mapped({"-o", path("new/map"), "--bands", "3", "2", "1", "--threads", "2", "--json"}));
  EXPECT_THAT(json.at("bands"), ElementsAre(3, 2, 1));
  EXPECT_EQ(json.at("files").size(), 5U);
  for (const std::string file : json.at("files")) EXPECT_TRUE(std::filesystem::exists(file));
  const data::DividedScene scene = divided("scene.toml");
  const Tensor classes = data::read_npy(path("new/map/classes.npy"));
  EXPECT_EQ(image("new/map/map.png"), class_image(classes));
  EXPECT_EQ(image("new/map/truth.png"), class_image(scene.scene.labels));
  EXPECT_EQ(image("new/map/difference.png"),
            difference_image(classes, scene.scene.labels, scene.split.test));
  EXPECT_EQ(image("new/map/false_colour.png"), false_colour_image(scene.scene.cube, {3, 2, 1}));
}

TEST_F(MapVerb, PrintsALegendAndWhatIsCounted) {
  const std::string text = mapped({});
  EXPECT_THAT(text, AllOf(HasSubstr("frozen.pare on every pixel of synthetic/scene"),
                          HasSubstr("integer program"), HasSubstr("a      #a61111"),
                          HasSubstr("map: 100 %, 4096/4096 pixels"), HasSubstr("are not counted"),
                          HasSubstr("bands 26 (red), 16 (green), 5 (blue)"),
                          HasSubstr(path("frozen-map/map.png"))));
  EXPECT_TRUE(std::filesystem::exists(path("frozen-map/classes.npy")));
  EXPECT_THAT(mapped({}, "float.pare"), HasSubstr("float graph in double, which is slow"));
}

TEST_F(MapVerb, FinerLabelsAreShownOnTheGridOfTheCube) {
  // Pixels of 2 x 2 cells: left half class 1, right half class 2, one pixel torn between both.
  data::write_npy(path("cube.npy"), Tensor(DType::kF32, {8, 10, 32}));
  Tensor labels(DType::kU8, {16, 20});
  for (std::size_t cell = 0; cell < labels.size(); ++cell) {
    labels.as<std::uint8_t>()[cell] = cell % 20 < 10 ? 1 : 2;
  }
  labels.as<std::uint8_t>()[0] = labels.as<std::uint8_t>()[1] = 2;
  data::write_npy(path("labels.npy"), labels);
  write("scene.toml", "[data]\ncube = \"cube.npy\"\nlabel_map = \"labels.npy\"\npatch = 3\n");
  save("frozen.pare", random_scene_model({32, 3, 3}, {"1", "2"}, 8));
  mapped({"-o", path("map")});
  const Tensor truth = image("map/truth.png");
  ASSERT_EQ(truth.shape(), (Shape{3, 8, 10}));
  const auto red = truth.as<std::uint8_t>();
  EXPECT_EQ(red[0], 0);
  EXPECT_EQ(red[1], colour_of_class(0)[0]);
  EXPECT_EQ(red[9], colour_of_class(1)[0]);
  EXPECT_EQ(data::read_npy(path("map/classes.npy")).shape(), (Shape{8, 10}));
}

TEST_F(MapVerb, ReplacesNothingThatTheRecipeReads) {
  data::write_npy(path("cube.npy"), Tensor(DType::kF32, {6, 6, 32}));
  Tensor labels(DType::kU8, {6, 6});
  for (std::size_t i = 0; i < labels.size(); ++i)
    labels.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(1 + i % 2);
  data::write_npy(path("classes.npy"), labels);
  write("scene.toml", "[data]\ncube = \"cube.npy\"\nlabel_map = \"classes.npy\"\npatch = 3\n");
  save("frozen.pare", random_scene_model({32, 3, 3}, {"1", "2"}, 8));
  EXPECT_THAT(
      [&] {
        mapped({"-o", path(".")});
      },
      ThrowsMessage<InputError>(HasSubstr("classes.npy: would be replaced by the map")));
  EXPECT_EQ(data::read_npy(path("classes.npy")), labels);
}

TEST_F(MapVerb, RefusesWhatHasNoMap) {
  const auto refused = [&](std::vector<std::string> more, const std::string& message,
                           const std::string& model = "frozen.pare") {
    EXPECT_THAT([&] { mapped(std::move(more), model); },
                ThrowsMessage<InputError>(HasSubstr(message)));
  };
  refused({"--bands", "0", "32", "1"}, "--bands: 32, but scene 'synthetic/scene' has 32 bands");
  refused({"--bands", "0", "1", "-1"}, "--bands: -1");
  refused({"-o", path("scene.toml")}, "cannot make the folder");
  save("wide.pare", random_scene_model({32, 5, 5}, kSixClasses, 7));
  refused({}, "a sample is [32, 3, 3], the network takes [32, 5, 5]", "wide.pare");
  write("scene.toml", "[data]\nset = \"synthetic/mixture\"\n");
  refused({}, "data 'synthetic/mixture' are no scene");
  write("scene.toml", "[data]\nset = \"synthetic/scene\"\ncube = \"x.npy\"\n");
  refused({}, "a cube goes without set");
}

}  // namespace
}  // namespace pare::cli
