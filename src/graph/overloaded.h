#pragma once

namespace pare::graph {

/// One callable from several, for std::visit: leaving an alternative out fails to compile.
template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

}  // namespace pare::graph
