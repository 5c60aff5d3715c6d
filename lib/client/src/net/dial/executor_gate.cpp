#include "net/dial/executor_gate.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

#include <vector>

namespace ephemint::inline v0::net {

namespace {

/// A context that is being destroyed calls its services' `shutdown` first.
class gate_keeper final : public boost::asio::execution_context::service {
 public:
  using key_type = gate_keeper;
  static inline boost::asio::execution_context::id id;

  explicit gate_keeper(boost::asio::execution_context& context) : service{context} {}

  void watch(const std::shared_ptr<executor_gate>& gate) {
    const std::lock_guard lock{mutex_};
    std::erase_if(gates_, [](const auto& old) { return old.expired(); });
    gates_.push_back(gate);
  }

 private:
  void shutdown() override {
    const std::lock_guard lock{mutex_};
    for (const auto& weak : gates_)
      if (const auto gate = weak.lock()) gate->shut();
    gates_.clear();
  }

  std::mutex mutex_;
  std::vector<std::weak_ptr<executor_gate>> gates_;
};

}  // namespace

std::shared_ptr<executor_gate> executor_gate::make(const boost::asio::any_io_executor& executor) {
  std::shared_ptr<executor_gate> gate{new executor_gate{executor}};
  auto& context = boost::asio::query(executor, boost::asio::execution::context);
  boost::asio::use_service<gate_keeper>(context).watch(gate);
  return gate;
}

}  // namespace ephemint::inline v0::net
