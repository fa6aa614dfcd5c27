// Emitted C on microcontrollers: compiled for Cortex-M, run by an emulator, equal to the reference;
// and how much flash and memory it takes.

#include <cstdio>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/temporary_folder.h"
#include "emitted_c/batch.h"
#include "model/test_deployment.h"
#include "program/check.h"

namespace pare::emitted_c {
namespace {

using emit::c::Style;

constexpr const char* kCompiler = "arm-none-eabi-gcc";
constexpr const char* kCores[] = {"cortex-m3", "cortex-m4"};

// The emulator's user mode has no Cortex-M, but its A cores run the same Thumb-2 instructions. It
// takes system calls instead of a debugger's: the program starts and ends by itself.
constexpr const char* kStart = R"(int main(void);
void _start(void);
void _start(void) {
  register int code __asm__("r0") = main();
  register int call __asm__("r7") = 1; /* exit */
  __asm__ volatile("svc 0" : : "r"(code), "r"(call));
  for (;;) {
  }
}
)";

std::string compiler_for(const char* core, const std::string& start) {
  return fmt::format("{} -mcpu={} -mthumb -Os --specs=nosys.specs -nostartfiles {} {}", kCompiler,
                     core, start, kWarnings);
}

/// How many random programs of a style: unrolled ones take long to compile.
int num_programs(Style style) { return style == Style::kTable ? 20 : 2; }

/// The network of the jets example, by `zeros` of ten weights pruned.
program::Program jets(int zeros) {
  program::Program program = model::random_mlp({16, 64, 32, 32, 5}, 7);
  program::RandomNumbers random(3);
  for (program::Constant& constant : program.constants) {
    if (constant.shape.size() != 2) continue;
    for (std::int64_t& weight : constant.values) {
      if (random.in(1, 10) <= zeros) weight = 0;
    }
  }
  program::check(program);
  return program;
}

struct Sizes {
  std::int64_t code_and_constants = 0;
  std::int64_t memory = 0;
};

Sizes sizes_of(const program::Program& program, Style style, const char* core) {
  const emit::c::Files files =
      emit::c::emit(program, nullptr, {}, {.name = "jets", .style = style});
  const TemporaryFolder folder;
  write_file_atomic(folder / files.header.name, files.header.text);
  write_file_atomic(folder / files.source.name, files.source.text);
  const Ran ran = run_shell(fmt::format(
      "cd {} && {} -mcpu={} -mthumb -Os -std=c99 -c jets.c && arm-none-eabi-size jets.o | tail -1",
      folder.path(), kCompiler, core));
  EXPECT_EQ(ran.exit_code, 0) << ran.output;
  std::int64_t text = 0;
  std::int64_t data = 0;
  std::int64_t bss = 0;
  std::istringstream(ran.output) >> text >> data >> bss;
  return {text + data, data + bss + files.memory_bytes};
}

bool has_tools() {
  return find_tool({kCompiler}).has_value() && find_tool({"qemu-arm"}).has_value();
}

TEST(EmittedCOnArm, IsEqualToTheReference) {
  if (!has_tools()) return skip_without("arm-none-eabi-gcc or qemu-arm");
  const TemporaryFolder folder;
  write_file_atomic(folder / "start.c", kStart);
  for (const char* core : kCores) {
    for (const Style style : {Style::kTable, Style::kUnrolled}) {
      Batch batch =
          random_batch({.first_seed = 9000, .count = num_programs(style), .style = style});
      if (style == Style::kTable) add_program(batch, jets(0), 1, {.name = "dense", .style = style});
      add_program(batch, jets(8), 1, {.name = "pruned", .style = style});
      ASSERT_GT(batch.programs.size(), static_cast<std::size_t>(num_programs(style)));
      expect_equal(batch, compiler_for(core, folder / "start.c"), "qemu-arm -cpu cortex-a7");
    }
  }
}

TEST(EmittedCOnArm, FitsSmallMicrocontrollers) {
  if (!has_tools()) return skip_without("arm-none-eabi-gcc or qemu-arm");
  std::printf("16-64-32-32-5, 6-bit weights, arm-none-eabi-gcc -Os; bytes\n");
  std::printf("%-10s %-9s %8s %10s %8s\n", "core", "style", "zeros", "flash", "memory");
  for (const char* core : kCores) {
    for (const int zeros : {0, 8}) {
      for (const Style style : {Style::kTable, Style::kUnrolled}) {
        if (style == Style::kUnrolled && zeros == 0) continue;  // takes long to compile
        const Sizes sizes = sizes_of(jets(zeros), style, core);
        std::printf("%-10s %-9s %6d %% %10ld %8ld\n", core,
                    style == Style::kTable ? "table" : "unrolled", 10 * zeros,
                    static_cast<long>(sizes.code_and_constants), static_cast<long>(sizes.memory));
        EXPECT_GT(sizes.code_and_constants, 1000);
        EXPECT_LT(sizes.code_and_constants, style == Style::kTable ? 8000 : 100'000);
        EXPECT_LT(sizes.memory, 1000);
      }
    }
  }
}

}  // namespace
}  // namespace pare::emitted_c
