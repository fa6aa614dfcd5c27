#!/usr/bin/env python3
"""Compiles each public header of libpare alone: it includes what it needs, and nothing dear.

Takes the compiler and its flags from BUILD/compile_commands.json. Prints the slowest headers; exits
with 1 if one does not compile alone.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

from check_layers import LIBPARE, layer_of


def syntax_command(commands, source_root, folder):
    """The compiler with the flags of one source of `folder`, without its input and output."""
    for entry in commands:
        file = pathlib.Path(entry["file"])
        if file.suffix != ".cpp" or not file.is_relative_to(source_root):
            continue
        if layer_of(file.relative_to(source_root).as_posix()) != folder:
            continue
        words = shlex.split(entry["command"])
        while os.path.basename(words[0]) == "ccache":
            words = words[1:]
        kept, skip_next = [], False
        for word in words:
            if skip_next or word in {"-o", "-c", "-MF", "-MT"}:
                skip_next = not skip_next
            elif word not in {"-MD", "-Winvalid-pch"}:
                kept.append(word)
        return kept + ["-fsyntax-only", "-Wno-unused-function", "-x", "c++"]
    return None


def compile_alone(command, source_root, header):
    """(header, seconds, compiler's complaint or "")."""
    source = f'#include "{header}"\n#include "{header}"\n'
    start = time.monotonic()
    result = subprocess.run(
        command + ["-"], input=source, capture_output=True, text=True, cwd=source_root, check=False)
    complaint = result.stderr if result.returncode else ""
    return header, time.monotonic() - start, complaint


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    source_root = pathlib.Path(__file__).resolve().parent.parent / "src"
    commands = json.loads((arguments.build / "compile_commands.json").read_text(encoding="utf-8"))

    tasks = []
    for folder in LIBPARE:
        command = syntax_command(commands, source_root, folder)
        if command is None:
            continue
        for header in sorted((source_root / folder).rglob("*.h")):
            tasks.append((command, source_root, header.relative_to(source_root).as_posix()))
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        results = list(pool.map(lambda task: compile_alone(*task), tasks))

    for header, seconds, _ in sorted(results, key=lambda r: -r[1])[:5]:
        print(f"{seconds:6.2f} s  {header}")
    broken = [result for result in results if result[2]]
    for header, _, complaint in broken:
        print(f"{header} does not compile alone:\n{complaint}")
    print(f"headers: {len(results)} compiled alone, {len(broken)} failed")
    return 1 if broken or not results else 0


if __name__ == "__main__":
    sys.exit(main())
