#!/usr/bin/env python3
"""Holds every #include of src/ against the order of the folders (docs/tour.md).

A folder sees itself and the folders above it. Only the folders below the torch line that say so may
include torch, and no other file may reach it through a header. No file includes itself round a
cycle. Prints one line a violation and exits with 1 if there is any.
"""

import argparse
import pathlib
import re
import sys

# The one place where the order stands. A folder may include itself and those above it.
LIBPARE = [
    "base", "data", "metrics", "recipe", "graph", "rewrite", "program", "lower", "model", "engine",
    "cost", "interop", "emit", "verify",
]
BELOW_LIBPARE = ["nn", "compress", "train", "search", "report", "cli", "cli/train"]
LAYERS = LIBPARE + BELOW_LIBPARE
WITH_TORCH = {"nn", "compress", "train", "cli/train"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
TORCH = re.compile(r"^(torch|ATen|c10)/")
GENERATED_SUFFIX = ".in"


def layer_of(path):
    """The longest folder of LAYERS that `path` (relative to src/) lies in, or None."""
    folders = [layer for layer in LAYERS if path.startswith(layer + "/")]
    return max(folders, key=len, default=None)


def read_includes(root):
    """{file: [(line, is_quoted, name)]} of all sources, paths relative to `root`."""
    includes = {}
    for path in sorted(root.rglob("*")):
        if path.suffix not in {".h", ".cpp", ".inc", ".cu", GENERATED_SUFFIX}:
            continue
        text = path.read_text(encoding="utf-8")
        includes[path.relative_to(root).as_posix()] = [
            (text.count("\n", 0, match.start(2)) + 1, match[1] == '"', match[2])
            for match in INCLUDE.finditer(text)
        ]
    return includes


def check_order(includes):
    for file, lines in includes.items():
        own = layer_of(file)
        if own is None:
            if "/" in file:
                yield f"{file}: its folder is not in LAYERS of tools/check_layers.py"
            continue
        for line, is_quoted, name in lines:
            if TORCH.match(name):
                if own not in WITH_TORCH:
                    yield f"{file}:{line}: includes <{name}>, but {own}/ is without torch"
            elif is_quoted:
                other = layer_of(name)
                if other is None:
                    yield f'{file}:{line}: "{name}" is not "folder/file" of a known folder'
                elif LAYERS.index(other) > LAYERS.index(own):
                    yield f'{file}:{line}: {own}/ may not look down at "{name}"'


def check_hidden_torch(includes):
    """Torch reached through headers, by files whose own folder is without torch."""
    torch_files = {f for f, lines in includes.items() if any(TORCH.match(n) for _, _, n in lines)}
    for file in includes:
        if layer_of(file) in WITH_TORCH or layer_of(file) is None:
            continue
        for path in paths_from(file, includes):
            if path[-1] in torch_files and len(path) > 1:
                yield f"{file}: reaches torch by {' -> '.join(path[1:])}"
                break


def paths_from(file, includes):
    """One include path to every file that `file` reaches, itself included."""
    seen, queue = {file}, [[file]]
    while queue:
        path = queue.pop(0)
        yield path
        for _, is_quoted, name in includes.get(path[-1], []):
            if is_quoted and name in includes and name not in seen:
                seen.add(name)
                queue.append(path + [name])


def check_cycles(includes):
    for file in includes:
        for path in paths_from(file, includes):
            back = any(q and name == file for _, q, name in includes[path[-1]])
            # Told once, from the cycle's first file in the alphabet.
            if back and file == min(path):
                yield f"include cycle: {' -> '.join(path + [file])}"


def violations(root):
    includes = read_includes(root)
    if not includes:
        yield f"{root}: no sources found"
    for check in (check_order, check_hidden_torch, check_cycles):
        yield from check(includes)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = pathlib.Path(__file__).resolve().parent.parent / "src"
    parser.add_argument("root", nargs="?", type=pathlib.Path, default=default)
    found = list(violations(parser.parse_args().root))
    for line in found:
        print(line)
    if not found:
        print("layers: no violation")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
