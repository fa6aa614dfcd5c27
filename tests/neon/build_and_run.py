#!/usr/bin/env python3
"""Builds neon_equality.cpp with the engine for AArch64 and runs it under qemu.

    tests/neon/build_and_run.py SCRATCH [PROGRAMS]

Exits with 77 (skipped) where the cross compiler or the emulator is missing, or with 1 if
PARE_REQUIRE_TOOLS is set.
"""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SKIPPED = 77
JOBS = 2
COMPILER = "aarch64-linux-gnu-g++"
EMULATORS = ["qemu-aarch64", "qemu-aarch64-static"]
# Header-only libraries, the same on every machine. The rest of /usr/include is not.
HEADERS = ["fmt", "hwy", "nlohmann"]
SOURCES = [
    *(f"src/base/{name}.cpp" for name in ("error", "philox", "sha256", "tensor", "transpose")),
    *(f"src/graph/{name}.cpp" for name in (
        "affine_map", "graph", "live_range", "quantize", "window")),
    "src/metrics/softmax.cpp",
    "src/lower/interface.cpp",
    *(f"src/program/{name}.cpp" for name in (
        "broadcast", "check", "check_op", "constant", "intervals", "print", "program", "reference",
        "reference_ops", "width", "windows")),
    "tests/networks/random_nets.cpp", "tests/neon/neon_equality.cpp",
]


def compile_one(source, scratch):
    target = scratch / (source.replace("/", "_") + ".o")
    ccache = ["ccache"] if shutil.which("ccache") else []
    command = [*ccache, COMPILER, "-std=c++20", "-O2", "-ffp-contract=off", "-DFMT_HEADER_ONLY",
               # Static dispatch: NEON is what every AArch64 has.
               "-DHWY_COMPILE_ONLY_STATIC", f"-I{scratch / 'include'}", "-Isrc", "-Itests", "-c",
               source, "-o", str(target)]
    subprocess.run(command, cwd=ROOT, check=True)
    return str(target)


def main():
    scratch = pathlib.Path(sys.argv[1]).resolve()
    num_programs = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    emulator = next(filter(None, map(shutil.which, EMULATORS)), None)
    if shutil.which(COMPILER) is None or emulator is None:
        print(f"neon: {COMPILER} or qemu-aarch64 is missing (tools/install-packages)")
        return 1 if os.environ.get("PARE_REQUIRE_TOOLS") else SKIPPED
    include = scratch / "include"
    include.mkdir(parents=True, exist_ok=True)
    for name in HEADERS:
        link = include / name
        if not link.exists():
            link.symlink_to(f"/usr/include/{name}")
    engine = sorted(path.relative_to(ROOT).as_posix()
                    for path in (ROOT / "src/engine").glob("*.cpp")
                    if path.name != "pare_c.cpp" and not path.name.endswith("_test.cpp"))
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        objects = list(pool.map(lambda source: compile_one(source, scratch), engine + SOURCES))
    program = scratch / "neon_equality"
    subprocess.run([COMPILER, "-static", *objects, "-o", str(program), "-lpthread"], check=True)
    share = num_programs // JOBS
    runs = [subprocess.Popen([emulator, str(program), str(first), str(share)])
            for first in range(0, share * JOBS, share)]
    return int(any([run.wait() for run in runs]))


if __name__ == "__main__":
    sys.exit(main())
