#include "cli/verb_verify.h"

#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/table.h"
#include "model/model.h"
#include "verify/verify.h"

namespace pare::cli {
namespace {

struct VerifyOptions {
  std::string model;
  verify::Options verify;
};

void add_rows(const verify::BackendReport& backend, Table& table) {
  for (std::size_t i = 0; i < backend.rows.size(); ++i) {
    const verify::Row& row = backend.rows[i];
    const bool is_last = i + 1 == backend.rows.size();
    table.rows.push_back({i == 0 ? backend.backend : "", row.buffer, grouped(row.codes),
                          grouped(row.different), is_last ? grouped(backend.flips) : ""});
  }
}

Table table_of(const verify::Report& report) {
  Table table{{{"backend", Align::kLeft},
               {"layer", Align::kLeft},
               {"codes"},
               {"different"},
               {"decisions flipped"}},
              {},
              {}};
  std::int64_t codes = 0;
  std::int64_t different = 0;
  std::int64_t flips = 0;
  for (const verify::BackendReport& backend : report.backends) {
    add_rows(backend, table);
    flips += backend.flips;
    for (const verify::Row& row : backend.rows) {
      codes += row.codes;
      different += row.different;
    }
  }
  table.total = {"total", "", grouped(codes), grouped(different), grouped(flips)};
  return table;
}

nlohmann::json difference_json(const verify::Difference& difference) {
  nlohmann::json json = {{"layer", difference.buffer},
                         {"sample", difference.sample},
                         {"step", difference.step},
                         {"text", describe(difference)}};
  if (difference.element) {
    json["element"] = *difference.element;
    json["expected"] = difference.expected;
    json["got"] = difference.got;
  }
  return json;
}

nlohmann::json backend_json(const verify::BackendReport& backend) {
  auto layers = nlohmann::json::array();
  for (const verify::Row& row : backend.rows) {
    layers.push_back({{"layer", row.buffer}, {"codes", row.codes}, {"different", row.different}});
  }
  nlohmann::json json = {{"backend", backend.backend},
                         {"layers", std::move(layers)},
                         {"decisions", backend.decisions},
                         {"flips", backend.flips}};
  if (!backend.skipped.empty()) json["skipped"] = backend.skipped;
  if (!backend.failure.empty()) json["failure"] = backend.failure;
  if (backend.first) json["first_difference"] = difference_json(*backend.first);
  return json;
}

ExitCode run(const VerifyOptions& options, Output& output) {
  const model::Model model = model::load(options.model);
  if (!model.deployment) {
    output.print(
        fmt::format("{} is a float graph: it has no integer program, so there is nothing "
                    "to verify.",
                    options.model));
    output.print(nlohmann::json{{"model", options.model}, {"program", nullptr}});
    return kFine;
  }
  verify::Options verify_options = options.verify;
  if (const char* compiler = std::getenv("CC")) verify_options.c_compiler = compiler;
  const verify::Report report = verify::verify(*model.deployment, verify_options);
  output.print(render_report(report));
  nlohmann::json json = report_json(report);
  json["model"] = options.model;
  output.print(json);
  return report.holds() ? kFine : kCheckFailed;
}

}  // namespace

std::string render_report(const verify::Report& report) {
  const Table table = table_of(report);
  std::string text = fmt::format("program '{}' {}, {} golden samples\n", report.program,
                                 report.hash.substr(0, 12), grouped(report.samples));
  if (!table.rows.empty()) text += fmt::format("\n{}\n", render(table));
  for (const verify::BackendReport& backend : report.backends) {
    if (!backend.skipped.empty()) {
      text += fmt::format("\n{}: skipped: {}", backend.backend, backend.skipped);
    }
    if (!backend.failure.empty()) {
      text += fmt::format("\n{}: FAILED: {}", backend.backend, backend.failure);
    }
    if (backend.first) {
      text += fmt::format("\n{}: DIFFERS, first in {}", backend.backend, describe(*backend.first));
    }
  }
  text += report.holds() ? "\nAll that ran is bit for bit as recorded." : "\nNot verified.";
  return text;
}

nlohmann::json report_json(const verify::Report& report) {
  auto backends = nlohmann::json::array();
  for (const auto& backend : report.backends) backends.push_back(backend_json(backend));
  return {{"program", report.program},
          {"program_hash", report.hash},
          {"samples", report.samples},
          {"backends", std::move(backends)},
          {"holds", report.holds()}};
}

Verb add_verify(CLI::App& parent) {
  CLI::App* app = add_subcommand(
      parent, "verify", "Hold everything that runs a model against its golden vectors",
      "  pare verify model.pare\n"
      "  pare verify model.pare --backends reference,engine --json\n"
      "  CC=clang pare verify model.pare --backends c\n"
      "\nA frozen model holds what its program computed on some samples when it was made. That is\n"
      "computed again by the reference interpreter, by the engine in every instruction set of "
      "this\n"
      "machine and by emitted C (compiled here, by $CC or cc), and compared code by code. Exit\n"
      "code 1 if a single one differs.\n");
  const auto options = std::make_shared<VerifyOptions>();
  app->add_option("model", options->model, "The model (.pare)")->required();
  const std::vector<std::pair<std::string, verify::Backend>> names = {
      {"reference", verify::Backend::kReference},
      {"engine", verify::Backend::kEngine},
      {"c", verify::Backend::kC}};
  app->add_option("--backends", options->verify.backends, "What runs it (default: all)")
      ->delimiter(',')
      ->transform(CLI::CheckedTransformer(names));
  return {app, [options](Output& output) { return run(*options, output); }};
}

}  // namespace pare::cli
