#include "report/svg.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/file.h"
#include "report/figure_script.h"
#include "search/worker.h"

namespace pare::report {
namespace {

/// A folder for a moment.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "pare-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) {
      throw InputError(fmt::format("{}: cannot make a folder: {}", path_, std::strerror(errno)));
    }
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string file(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

void run_node(const TemporaryFolder& folder) {
  search::Worker worker({.arguments = {"node", folder.file("draw.cjs")},
                         .environment = {},
                         .output = folder.file("figure.svg"),
                         .errors = folder.file("errors")});
  while (true) {
    if (const auto end = worker.poll()) {
      if (end->is_success()) return;
      throw InternalError(fmt::format("node could not draw the figure: {}\n{}",
                                      search::describe(*end),
                                      search::tail_of(folder.file("errors"), 1000)));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

std::string to_svg(const nlohmann::json& spec) {
  const TemporaryFolder folder;
  std::string script(figure_script());
  script += "\npareFigures.svg(" +
            spec.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
            ").then((svg) => process.stdout.write(svg));\n";
  write_file_atomic(folder.file("draw.cjs"), script);
  try {
    run_node(folder);
  } catch (const InputError& error) {
    throw InputError(fmt::format("an SVG is drawn by Node.js: install nodejs ({})", error.what()));
  }
  return read_text(folder.file("figure.svg"));
}

}  // namespace pare::report
