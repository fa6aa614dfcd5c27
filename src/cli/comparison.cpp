#include "cli/comparison.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "cli/table.h"

namespace pare::cli {
namespace {

std::vector<std::string> total_row(const char* what, double a, double b) {
  return {what, grouped(a, 1), grouped(b, 1), b == 0 ? "-" : fmt::format("{:.3g}", a / b)};
}

Table totals(const NamedCost& a, const NamedCost& b) {
  Table table{{{"", Align::kLeft}, {a.name}, {b.name}, {"ratio"}}, {}, {}};
  const auto add = [&](const char* what, auto&& figure) {
    table.rows.push_back(total_row(what, static_cast<double>(figure(a.report.total)),
                                   static_cast<double>(figure(b.report.total))));
  };
  using cost::Total;
  add("parameters", [](const Total& t) { return t.parameters(); });
  add("weights", [](const Total& t) { return t.weights; });
  add("non-zero weights", [](const Total& t) { return t.nonzero_weights; });
  add("non-zero after rounding", [](const Total& t) { return t.nonzero_weights_quantized; });
  add("bits, all", [](const Total& t) { return t.dense_bits; });
  add("bits, non-zero", [](const Total& t) { return t.nonzero_bits; });
  add("MACs", [](const Total& t) { return t.macs; });
  add("BOPs", [](const Total& t) { return t.bops; });
  return table;
}

const cost::LayerCost* find_layer(const cost::Report& report, const std::string& name) {
  const auto found = std::find_if(report.layers.begin(), report.layers.end(),
                                  [&](const cost::LayerCost& l) { return l.layer == name; });
  return found == report.layers.end() ? nullptr : &*found;
}

/// "32 → 6", or one value where both are equal, or "-" for a layer that is not there.
template <class Text>
std::string both(const cost::LayerCost* a, const cost::LayerCost* b, Text&& text) {
  const std::string of_a = a == nullptr ? "-" : text(*a);
  const std::string of_b = b == nullptr ? "-" : text(*b);
  return of_a == of_b ? of_a : of_a + " → " + of_b;
}

std::vector<std::string> layer_row(const std::string& name, const cost::LayerCost* a,
                                   const cost::LayerCost* b) {
  using cost::LayerCost;
  const auto pruned = [](const LayerCost& layer) {
    const auto count = static_cast<double>(layer.weights.count);
    return fmt::format("{:.1f}", 100 * (1 - static_cast<double>(layer.weights.nonzero) / count));
  };
  return {
      name,
      both(a, b, [](const LayerCost& l) { return fmt::format("{} x {}", l.inputs, l.outputs); }),
      both(a, b, [](const LayerCost& l) { return fmt::format("{}", l.input_bits); }),
      both(a, b, [](const LayerCost& l) { return fmt::format("{}", l.weights.bits); }),
      both(a, b, pruned),
      both(a, b, [](const LayerCost& l) { return grouped(l.bops, 1); }),
  };
}

Table layers(const cost::Report& a, const cost::Report& b) {
  Table table{{{"layer", Align::kLeft},
               {"in x out"},
               {"input bits"},
               {"weight bits"},
               {"pruned %"},
               {"BOPs"}},
              {},
              {}};
  for (const cost::LayerCost& layer : a.layers) {
    table.rows.push_back(layer_row(layer.layer, &layer, find_layer(b, layer.layer)));
  }
  for (const cost::LayerCost& layer : b.layers) {
    if (find_layer(a, layer.layer) == nullptr) {
      table.rows.push_back(layer_row(layer.layer, nullptr, &layer));
    }
  }
  return table;
}

}  // namespace

std::string render_comparison(const NamedCost& a, const NamedCost& b) {
  return fmt::format(
      "{}\n\n{}\n\nBOPs weight-only with the input at 32 bits; `pare cost` says more.",
      render(totals(a, b)), render(layers(a.report, b.report)));
}

}  // namespace pare::cli
