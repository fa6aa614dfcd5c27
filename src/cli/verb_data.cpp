#include "cli/verb_data.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "cli/data_listing.h"
#include "data/array_file.h"
#include "data/fetch.h"
#include "data/find_file.h"
#include "data/npz.h"
#include "data/scene_source.h"
#include "data/source.h"
#include "data/synthetic_scene.h"

namespace pare::cli {
namespace {

struct InfoOptions {
  std::string what;
};

struct FetchOptions {
  std::string name;
};

struct MakeOptions {
  std::string name;
  std::string out;
  std::int64_t samples = 4000;
  std::uint64_t seed = data::kSyntheticSeed;
};

ExitCode list(Output& output) {
  const auto sets = data::catalogue();
  nlohmann::json json = nlohmann::json::array();
  for (const data::CatalogueSet& set : sets) json.push_back(set_json(set));
  output.print(nlohmann::json{{"sets", json}});
  output.print(
      render(set_table(sets)) +
      "\n\nA recipe names one as data.set. `pare data info NAME` says more; `pare data fetch "
      "NAME` gets\nthose marked fetch. Your own files: docs/data.md.");
  return kFine;
}

/// What has the name of a file is one; everything else is looked for in the catalogue.
ExitCode info(const InfoOptions& options, Output& output) {
  const std::string ending = data::extension(options.what);
  const bool is_file = ending == ".npy" || data::has_named_arrays(options.what) ||
                       ending == ".csv" || ending == ".gz" || ending == ".hdr" ||
                       std::filesystem::is_regular_file(options.what);
  if (!is_file) {
    const data::CatalogueSet set = data::find_set(options.what);
    nlohmann::json json = set_json(set);
    output.print(set_text(set));
    const bool can_be_read = set.is_synthetic() || availability(set) == "here";
    if (set.scene && can_be_read) {
      const data::Scene scene = data::read_set_scene(set);
      json["scene"] = scene_json(scene);
      output.print('\n' + scene_text(scene));
    }
    output.print(json);
    return kFine;
  }
  const auto arrays = data::summarise_file(options.what);
  output.print(nlohmann::json{{"file", options.what}, {"arrays", summary_json(arrays)}});
  output.print(render(summary_table(arrays)));
  return kFine;
}

ExitCode fetch(const FetchOptions& options, Output& output) {
  const data::CatalogueSet set = data::find_set(options.name);
  if (set.is_synthetic()) {
    throw InputError(fmt::format(
        "data set '{}' is computed: a recipe can name it as it is; `pare data make {} -o FILE.npz` "
        "writes it to a file",
        set.name, set.name));
  }
  const auto fetched = data::fetch_set(set, data::download_folder(), output.progress());
  nlohmann::json files = nlohmann::json::array();
  for (const data::FetchedFile& file : fetched) {
    files.push_back({{"path", file.path}, {"bytes", file.bytes}, {"was_there", file.was_there}});
    output.print(fmt::format("{}: {} bytes, SHA-256 as expected{}", file.path, grouped(file.bytes),
                             file.was_there ? ", was there already" : ""));
  }
  output.print(nlohmann::json{{"name", set.name}, {"files", files}});
  return kFine;
}

/// A computed scene as a recipe reads it again: arrays X and y.
ExitCode make_scene_file(const data::CatalogueSet& set, const MakeOptions& options,
                         Output& output) {
  data::Scene scene = data::make_synthetic_scene(set, options.seed);
  nlohmann::json json = scene_json(scene);
  json["name"] = set.name;
  json["file"] = options.out;
  json["seed"] = options.seed;
  for (std::int64_t& label : scene.labels.as<std::int64_t>()) ++label;  // 0 is unlabelled there
  data::write_npz(options.out, {{"X", std::move(scene.cube)}, {"y", scene.labels.to(DType::kU8)}});
  output.print(json);
  output.print(fmt::format("{}: cube X and label map y of {}", options.out, set.description));
  return kFine;
}

ExitCode make(const MakeOptions& options, Output& output) {
  const data::CatalogueSet set = data::find_set(options.name);
  if (!set.is_synthetic()) {
    throw InputError(fmt::format(
        "data set '{}' is not computed; `pare data fetch {}` gets it, `pare data list` shows the "
        "computed ones",
        set.name, set.name));
  }
  if (data::extension(options.out) != ".npz") {
    throw InputError(fmt::format("{}: expected a file that ends in .npz", options.out));
  }
  if (set.scene) return make_scene_file(set, options, output);
  data::Source made = data::make_synthetic(set, options.samples, options.seed);
  const std::int64_t num_train = made.train.size();
  const std::int64_t num_test = made.test->size();
  data::write_npz(options.out, {{"X_train", std::move(made.train.inputs)},
                                {"y_train", std::move(made.train.labels)},
                                {"X_test", std::move(made.test->inputs)},
                                {"y_test", std::move(made.test->labels)}});
  output.print(nlohmann::json{{"name", set.name},
                              {"file", options.out},
                              {"seed", options.seed},
                              {"train", num_train},
                              {"test", num_test}});
  output.print(fmt::format("{}: {} training and {} test samples of {}", options.out,
                           grouped(num_train), grouped(num_test), set.description));
  return kFine;
}

Verb add_list(CLI::App& parent) {
  CLI::App* app = add_subcommand(parent, "list", "The data sets that have a name",
                                 "  pare data list\n  pare data list --json\n");
  return {app, list};
}

Verb add_info(CLI::App& parent) {
  CLI::App* app = add_subcommand(parent, "info", "What a data set is, or what a file holds",
                                 "  pare data info jets/embedded\n  pare data info mine.npz\n"
                                 "  pare data info scene.mat\n");
  const auto options = std::make_shared<InfoOptions>();
  app->add_option(
         "what", options->what,
         "A data set's name, or a .npy, .npz, .mat, .h5, .hdf5, .hdr (ENVI), .csv or IDX file")
      ->required();
  return {app, [options](Output& output) { return info(*options, output); }};
}

Verb add_fetch(CLI::App& parent) {
  CLI::App* app = add_subcommand(
      parent, "fetch", "Download a public data set from its official address and check its hashes",
      "  pare data fetch mnist\n  PARE_DATA=/big/disk pare data fetch mnist\n");
  const auto options = std::make_shared<FetchOptions>();
  app->add_option("name", options->name, "A data set's name")->required();
  return {app, [options](Output& output) { return fetch(*options, output); }};
}

Verb add_make(CLI::App& parent) {
  CLI::App* app = add_subcommand(parent, "make", "Write a synthetic data set to a file",
                                 "  pare data make synthetic/mixture -o mixture.npz\n"
                                 "  pare data make synthetic/mixture -o m.npz --samples 50000\n");
  const auto options = std::make_shared<MakeOptions>();
  app->add_option("name", options->name, "A data set's name")->required();
  app->add_option("-o,--out", options->out, "The file to write (.npz)")->required();
  app->add_option("--samples", options->samples,
                  "Training and test samples together (default 4000); not of scenes");
  app->add_option("--seed", options->seed, "Seed of the samples (default 1, as recipes get them)");
  return {app, [options](Output& output) { return make(*options, output); }};
}

}  // namespace

Verb add_data(CLI::App& parent) {
  CLI::App* app = add_subcommand(parent, "data", "List, describe, download and make data sets",
                                 "  pare data list\n  pare data info jets/embedded\n");
  app->require_subcommand(1);
  const std::vector<Verb> verbs = {add_list(*app), add_info(*app), add_fetch(*app), add_make(*app)};
  return {app, [verbs](Output& output) {
            for (const Verb& verb : verbs) {
              if (!verb.app->parsed()) continue;
              if (verb.app->count("--json") > 0) output.set_json();
              return verb.run(output);
            }
            return kWrongUsage;
          }};
}

}  // namespace pare::cli
