// What a report's page, or a program without a browser, needs of Vega: `pareFigures.show` and
// `pareFigures.svg`.
import * as vega from "vega";
import embed from "vega-embed";
import {compile} from "vega-lite";

const actions = {export: true, source: false, compiled: false, editor: false};

/// Draws every <figure data-figure="ID"> from the Vega-Lite specification in the element ID.
export async function show() {
  for (const figure of document.querySelectorAll("figure[data-figure]")) {
    const spec = JSON.parse(document.getElementById(figure.dataset.figure).textContent);
    const place = figure.querySelector(".chart");
    await embed(place, spec, {renderer: "svg", ast: true, actions});
  }
}

/// The figure as the text of an SVG file. Needs no browser.
export function svg(spec) {
  const view = new vega.View(vega.parse(compile(spec).spec), {renderer: "none"});
  return view.toSVG();
}
