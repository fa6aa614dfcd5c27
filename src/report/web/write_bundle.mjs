// Bundles figures.js, with the licences of what is in it, into one script and writes that as a C++
// source: write_bundle.mjs OUTPUT.cpp
import {existsSync, readFileSync, readdirSync, writeFileSync} from "node:fs";
import {build} from "esbuild";

const bundled = await build({
  entryPoints: ["figures.js"],
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "pareFigures",
  platform: "browser",
  target: "es2020",
  charset: "ascii",
  metafile: true,
  write: false,
});

/// The licence of each package that a bundled file comes from; equal texts once.
function licences(inputs) {
  const packages = new Map();
  for (const file of inputs) {
    const found = file.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//);
    if (!found) continue;
    const folder = `node_modules/${found[1]}`;
    const name = existsSync(folder) && readdirSync(folder).find((f) => /^licen[cs]e/i.test(f));
    const text = name ? readFileSync(`${folder}/${name}`, "utf8").trim() : "";
    packages.set(text, [...new Set([...(packages.get(text) ?? []), found[1]])]);
  }
  return [...packages].map(([text, names]) => `${names.join(", ")}:\n${text}`).join("\n\n");
}

const notice = `/*\n${licences(Object.keys(bundled.metafile.inputs)).replaceAll("*/", "* /")}\n*/\n`;
// It stands inside a <script> element, which the text of this tag would end.
const script = (notice + bundled.outputFiles[0].text).replaceAll(/<\/(script)/gi, "<\\/$1");
const bytes = new Int8Array(new TextEncoder().encode(script)).join(",");
writeFileSync(
  process.argv[2],
  `#include "report/figure_script.h"

namespace pare::report {
namespace {

constexpr char kScript[] = {${bytes}};

}  // namespace

std::string_view figure_script() { return {kScript, sizeof kScript}; }

bool has_figure_script() { return true; }

}  // namespace pare::report
`,
);
