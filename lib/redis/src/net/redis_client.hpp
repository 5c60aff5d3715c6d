#pragma once

#include "net/gate_timer.hpp"
#include "net/master_finder.hpp"
#include "net/process_mark.hpp"
#include "net/store_client.hpp"
#include "net/store_node.hpp"

#include <ephemint/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::redis {

/// The client of a single server, of a Cluster, or of a master that Sentinels watch. Commands go to one node,
/// the *main* one. If a Cluster moves the key another node takes its place, until that is lost.
class redis_client final : public store_client,
                           private store_node::user,
                           private master_finder::user,
                           private net::gate_timer::owner {
 public:
  redis_client(const boost::asio::any_io_executor&, std::shared_ptr<net::serial_gate>, store_settings,
               store_client::user&);
  ~redis_client() override;

  void connect() noexcept override;
  bool evaluate(std::uint64_t command, std::string key, store_call,
                std::chrono::milliseconds) noexcept override;
  bool older_than(std::chrono::milliseconds) const noexcept override;
  void close() noexcept override;
  void drop() noexcept override;

 private:
  /// A command without an answer yet.
  struct call {
    std::uint64_t number = 0;
    std::string key;
    store_call what;
    std::chrono::milliseconds patience{};
    clock::time_point deadline{};
    store_node* at = nullptr;  // null: waits for the main node
    bool sent = false;
    bool asking = false;       // ASKING must be sent to that node first
    bool with_script = false;  // EVAL
    int redirections = 0;
  };
  using calls = std::list<call>;

  // store_node::user
  void on_ready(store_node&) noexcept override;
  void on_reply(store_node&, std::uint64_t tag, resp_value) noexcept override;
  void on_end(store_node&, std::string_view why) noexcept override;
  // master_finder::user
  void on_master(store_address) noexcept override;
  void on_no_master(std::string_view why) noexcept override;
  // net::gate_timer::owner
  void on_time(net::gate_timer&) noexcept override;
  void on_no_timer(net::gate_timer&) noexcept override;
  std::shared_ptr<const void> keeper() noexcept override { return user_->keeper(); }

  template <class Step>
  void guarded(Step) noexcept;
  void pump();
  void reach_main();
  store_node& node_at(const store_address&);
  void send(call&);
  void take(store_node&, calls::iterator, const resp_value&);
  void take_error(store_node&, calls::iterator, const resp_value&);
  void redirect(store_node& by, call&, const store_address&, bool once);
  void lose_main(std::string_view why) noexcept;
  void fail(calls::iterator, std::string_view why) noexcept;
  template <class Which>
  bool fail_all(Which, std::string_view why) noexcept;
  bool end_one_overdue(clock::time_point now) noexcept;
  void forget_idle_nodes() noexcept;
  void set_timer() noexcept;

  const net::process_mark made_in_;
  const boost::asio::any_io_executor executor_;
  const std::shared_ptr<net::serial_gate> gate_;
  store_client::user* user_;
  const store_trust trust_;
  const bool tls_;
  sign_in as_;
  std::vector<std::shared_ptr<store_place>> places_;  // the URL's server, if any; then others, newest last
  std::unique_ptr<master_finder> finder_;             // null: no Sentinels
  std::optional<store_address> moved_to_;             // the Cluster's node to which the key was moved
  std::list<store_node> nodes_;
  store_node* main_ = nullptr;
  bool finding_ = false;
  bool closed_ = false;
  calls calls_;
  net::gate_timer limit_;
};

}  // namespace ephemint::inline v0::redis
