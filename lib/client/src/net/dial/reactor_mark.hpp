#pragma once

#include "net/process_mark.hpp"

#include <boost/asio/execution_context.hpp>

namespace ephemint::inline v0::net {

/// Marks the process to which a context's reactor belongs. After a `fork` the child has the parent's reactor,
/// with its set of descriptors, until it calls `notify_fork(fork_child)`. Whatever the child removes from
/// that set before then is also removed for the parent.
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
