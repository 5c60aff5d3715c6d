#pragma once

#include "net/process_mark.hpp"

#include <boost/asio/execution_context.hpp>

namespace ephemint::inline v0::net {

/// Whose reactor a context has. `fork` gives the child the parent's, with the set of descriptors that it
/// waits for, until the child calls `notify_fork(fork_child)`: what it takes from that set before is taken
/// from the parent.
class reactor_mark final : public boost::asio::execution_context::service {
 public:
  using key_type = reactor_mark;
  static inline boost::asio::execution_context::id id;

  explicit reactor_mark(boost::asio::execution_context& context) : service{context} {}

  bool is_parents() const noexcept { return made_in_.elsewhere(); }

 private:
  void shutdown() override {}
  void notify_fork(boost::asio::execution_context::fork_event what) override {
    if (what == boost::asio::execution_context::fork_child) made_in_ = process_mark{};
  }

  process_mark made_in_;
};

}  // namespace ephemint::inline v0::net
