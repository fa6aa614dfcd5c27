#include "peer.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "graph/evaluate.h"
#include "onnx_model.h"

namespace pare::bench {

std::vector<PeerSession> peer_sessions(const OnnxRuntime& runtime, const graph::Graph& graph,
                                       const PlainNet& net, std::span<const float> samples,
                                       std::int64_t batch) {
  const auto gemm = float_onnx(net, batch, FloatForm::kGemm);
  const auto matmul = float_onnx(net, batch, FloatForm::kMatMul);
  const auto qdq = qdq_onnx(net, calibrate(graph, net, samples), batch);
  const auto with_batch = [&](Shape shape) {
    shape.insert(shape.begin(), batch);
    return shape;
  };
  std::vector<PeerSession> sessions;
  const auto add = [&](const char* name, std::span<const std::byte> model) {
    for (const RunCall call : {RunCall::kRun, RunCall::kBinding}) {
      sessions.push_back(
          {fmt::format("ONNX Runtime {}, {}", name, call == RunCall::kRun ? "Run" : "IoBinding"),
           runtime.load(model, with_batch(net.input), with_batch(net.output)), call});
    }
  };
  add("float Gemm", gemm);
  add("float MatMul", matmul);
  add("int8 QDQ", qdq);
  return sessions;
}

void check_outputs(const graph::Graph& graph, PeerSession& peer, std::span<const float> samples) {
  std::ranges::copy(samples, peer.session.input().begin());
  peer.session.run(peer.call);
  Shape shape = graph.inputs.front().shape;
  shape.insert(shape.begin(), static_cast<std::int64_t>(samples.size()) / num_elements(shape));
  const Tensor x = Tensor::from<float>(shape, samples);
  const Tensor expected = graph::evaluate(graph, x);
  double largest = 0;
  double difference = 0;
  const auto values = expected.as<double>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    largest = std::max(largest, std::abs(values[i]));
    difference = std::max(difference, std::abs(values[i] - peer.session.output()[i]));
  }
  const bool is_int8 = peer.name.find("int8") != std::string::npos;
  check(difference <= (is_int8 ? 0.1 : 1e-4) * largest,
        fmt::format("{}: outputs differ by {} (largest: {})", peer.name, difference, largest));
}

void add_contenders(std::vector<PeerSession>& sessions, std::span<const float> samples,
                    std::vector<Contender>& contenders) {
  for (PeerSession& peer : sessions) {
    contenders.push_back({peer.name,
                          [&peer, samples](int round) {
                            const std::span<float> input = peer.session.input();
                            const std::size_t num_batches = samples.size() / input.size();
                            const std::size_t first =
                                static_cast<std::size_t>(round) % num_batches * input.size();
                            std::ranges::copy(samples.subspan(first, input.size()), input.begin());
                          },
                          [&peer](int calls) {
                            for (int i = 0; i < calls; ++i) peer.session.run(peer.call);
                          }});
  }
}

}  // namespace pare::bench
