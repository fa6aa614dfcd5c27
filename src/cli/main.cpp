#include "cli/hand_over.h"
#include "cli/verbs.h"

int main(int argc, char** argv) {
  using namespace pare::cli;
  CLI::App app;
  describe(app);
  const auto hand_over = [argc, argv](const auto&, Output&) {
    return hand_over_to_train(argc, argv);
  };
  const auto verbs = add_verbs(app, {.run = hand_over, .sensitivity = hand_over});
  return run_command_line(app, verbs, argc, argv);
}
