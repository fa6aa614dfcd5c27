#include "cli/verb_map.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/map_images.h"
#include "cli/model_file.h"
#include "cli/model_run.h"
#include "cli/pixel_classes.h"
#include "cli/scene_map.h"
#include "data/load_scene.h"
#include "data/npy.h"
#include "data/png.h"
#include "data/scene_source.h"
#include "data/user_file.h"
#include "recipe/data_request.h"

namespace pare::cli {
namespace {

struct MapOptions {
  std::string model;
  std::string recipe;
  std::string out;
  std::vector<std::int64_t> bands;
  std::size_t num_threads = 1;
};

data::Request scene_request(const MapOptions& options) {
  const data::Request request = recipe::data_request(recipe::read(options.recipe));
  data::check_request(request);
  if (data::asks_for_scene(request)) return request;
  throw InputError(
      fmt::format("{}: data '{}' are no scene, and only a scene has a map; give a recipe with "
                  "data.cube, or with data.set of one (`pare data list`)",
                  options.recipe, request.set.empty() ? request.train : request.set));
}

BandChoice chosen_bands(const MapOptions& options, const data::Scene& scene) {
  const std::int64_t num_bands = scene.cube.dim(2);
  if (options.bands.empty()) return default_bands(num_bands);
  for (const std::int64_t band : options.bands) {
    if (band >= 0 && band < num_bands) continue;
    throw InputError(fmt::format("--bands: {}, but scene '{}' has {} bands, counted from 0", band,
                                 scene.name, num_bands));
  }
  return {options.bands.at(0), options.bands.at(1), options.bands.at(2)};
}

/// "170 (red), 102 (green), 34 (blue)", with the bands' names where they have some.
std::string described_bands(const BandChoice& bands, const data::Scene& scene) {
  const auto one = [&](std::size_t channel, const char* colour) {
    const auto band = static_cast<std::size_t>(bands[channel]);
    const std::string name = scene.bands.empty() ? "" : fmt::format(", '{}'", scene.bands.at(band));
    return fmt::format("{} ({}{})", band, colour, name);
  };
  return fmt::format("{}, {}, {}", one(0, "red"), one(1, "green"), one(2, "blue"));
}

/// Where the files of a map go, and which there are.
class MapFolder {
 public:
  /// `inputs`: files that no image may replace.
  MapFolder(std::string path, std::vector<std::string> inputs)
      : path_(std::move(path)), inputs_(std::move(inputs)) {
    std::error_code error;
    std::filesystem::create_directories(path_, error);
    if (!error) return;
    throw InputError(fmt::format("{}: cannot make the folder: {}", path_, error.message()));
  }

  void write_image(const std::string& name, const Tensor& image) {
    write_file_atomic(added(name), data::format_png(image));
  }
  void write_array(const std::string& name, const Tensor& array) {
    data::write_npy(added(name), array);
  }

  const std::vector<std::string>& files() const { return files_; }

 private:
  const std::string& added(const std::string& name) {
    const std::filesystem::path path = std::filesystem::path(path_) / name;
    for (const std::string& input : inputs_) {
      std::error_code error;
      if (!std::filesystem::equivalent(path, input, error)) continue;
      throw InputError(fmt::format(
          "{}: would be replaced by the map, but the recipe reads it; give another folder (-o)",
          path.string()));
    }
    return files_.emplace_back(path.string());
  }

  std::string path_;
  std::vector<std::string> inputs_;
  std::vector<std::string> files_;
};

std::string default_folder(const std::string& model) {
  return std::filesystem::path(model).replace_extension().string() + "-map";
}

std::string listed(const std::vector<std::string>& files, const std::string& bands) {
  return fmt::format(
      "{}\n\nmap.png has the classes in their colours; truth.png the labels, black where there is "
      "none; in\ndifference.png test pixels are white where the map is right and red where it is "
      "not, other\nlabelled ones grey. false_colour.png: bands {}, counted from 0,\neach stretched "
      "from its 2nd to its 98th percentile.",
      fmt::join(files, "\n"), bands);
}

/// The user's own, where they lie.
std::vector<std::string> files_read(const data::Request& request) {
  std::vector<std::string> files;
  for (const std::string& file : {request.cube, request.label_map}) {
    if (!file.empty()) files.push_back(data::user_file(file, request));
  }
  return files;
}

PixelRunner pixel_runner(const MapOptions& options, const model::Model& model, const Tensor& cube,
                         std::int64_t patch) {
  try {
    return {model, cube, {.patch = patch, .num_threads = options.num_threads}};
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", options.model, error.what()));
  }
}

ExitCode run(const MapOptions& options, Output& output) {
  const model::Model model = load_model(options.model);
  const data::Request request = scene_request(options);
  const data::DividedScene divided = data::divide_scene(request);
  const data::Scene& scene = divided.scene;
  check_fits(model.graph, options.model, scene, request.patch);
  const BandChoice bands = chosen_bands(options, scene);
  output.print(fmt::format(
      "{} on every pixel of {} ({}), {}\n", options.model, scene.name, divided.description,
      model.deployment ? "integer program" : "float graph in double, which is slow"));
  const PixelRunner runner = pixel_runner(options, model, scene.cube, request.patch);
  // What needs no network comes first: a pare without PNG says so before hours of work.
  MapFolder folder(options.out.empty() ? default_folder(options.model) : options.out,
                   files_read(request));
  folder.write_image("truth.png", class_image(scene.labels));
  folder.write_image("false_colour.png", false_colour_image(scene.cube, bands));
  const SceneMap map = make_scene_map(classify_pixels(runner, output.progress()), divided);
  folder.write_array("classes.npy", map.classes);
  folder.write_image("map.png", class_image(map.classes));
  folder.write_image("difference.png",
                     difference_image(map.classes, scene.labels, divided.split.test));
  output.print(fmt::format("{}\n\n{}", render_scene_map(map, scene.classes),
                           listed(folder.files(), described_bands(bands, scene))));
  nlohmann::json json = scene_map_json(map, scene.classes);
  json["model"] = options.model;
  json["program"] = model.deployment ? program::hash(model.deployment->program) : "float graph";
  json["data"] = {{"set", scene.name}, {"description", divided.description}};
  json["bands"] = bands;
  json["files"] = folder.files();
  output.print(json);
  return kFine;
}

}  // namespace

Verb add_map(CLI::App& parent) {
  CLI::App* app = add_subcommand(
      parent, "map", "The class of every pixel of a hyperspectral scene, as images",
      "  pare map runs/synthetic-hsi/model.pare --data recipes/synthetic-hsi.toml -o map/\n"
      "  pare map model.pare --data scene.toml --bands 29 19 9 --threads 2\n"
      "\nEvery pixel, labelled or not, gets the class that the model gives the patch around it. A "
      "frozen\nmodel is run as its integer program by the engine, another as a float graph. "
      "Written are\nclasses.npy (int64 [rows, columns], classes counted from 0), map.png, "
      "truth.png, difference.png\nand false_colour.png. Accuracy is that of the recipe's test "
      "pixels.\n");
  const auto options = std::make_shared<MapOptions>();
  app->add_option("model", options->model, "The model (.pare, or a network as .onnx)")->required();
  app->add_option("--data", options->recipe, "The recipe whose [data] are the scene")->required();
  app->add_option(
      "-o,--out", options->out,
      "The folder of the files (default: that of the model, with -map behind its name)");
  app->add_option("--bands", options->bands,
                  "Bands that false_colour.png shows as red, green and blue, counted from 0 "
                  "(default: at 5/6, 1/2 and 1/6 of all)")
      ->expected(3);
  app->add_option("--threads", options->num_threads, "Threads of the engine (default 1)")
      ->check(CLI::Range(1, 256));
  return {app, [options](Output& output) { return run(*options, output); }};
}

}  // namespace pare::cli
