#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "measure.h"
#include "onnx_runtime.h"
#include "plain_net.h"

namespace pare::bench {

/// The network in ONNX Runtime in one form, called in one way.
struct PeerSession {
  std::string name;
  OnnxRuntime::Session session;
  RunCall call;
};

/// Every form of the network that the runtime may run fastest: float as Gemm and as MatMul, int8 as
/// QDQ (its ranges from these samples); each called in both ways.
std::vector<PeerSession> peer_sessions(const OnnxRuntime& runtime, const graph::Graph& graph,
                                       const PlainNet& net, std::span<const float> samples,
                                       std::int64_t batch);

/// Throws InternalError if the runtime computes another network than the float graph: its float
/// outputs must be those of graph::evaluate but for rounding, its int8 ones within a tenth of the
/// largest. `samples`: one batch.
void check_outputs(const graph::Graph& graph, PeerSession& peer, std::span<const float> samples);

/// The sessions, which must outlive them, each round on another batch of `samples`.
void add_contenders(std::vector<PeerSession>& sessions, std::span<const float> samples,
                    std::vector<Contender>& contenders);

}  // namespace pare::bench
