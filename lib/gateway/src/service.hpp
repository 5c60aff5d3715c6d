#pragma once

#include "hub.hpp"
#include "listener.hpp"
#include "listening.hpp"

#include <ephemint/gateway/server.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::gateway {

/// Somebody who waits for the end. Told once, on its own executor.
class close_wait {
 public:
  using handler_type = asio::any_completion_handler<void(result<void>)>;

  close_wait(handler_type, const asio::any_io_executor& otherwise);

  asio::cancellation_slot slot() const;
  void end(result<void>);

 private:
  handler_type handler_;
  asio::any_completion_executor at_;
};

/// What is said of the answers: counts, and a log line for each.
class answer_record {
 public:
  explicit answer_record(std::shared_ptr<hub>);

  /// On the hub's executor.
  void add(std::string_view listener, const log_entry&, std::chrono::milliseconds took);
  /// From any thread: as of the last answer.
  std::string text() const;

 private:
  const std::shared_ptr<hub> hub_;
  mutable std::mutex mutex_;
  gateway_counts counts_;
};

/// All that a server does, wherever it runs: the hub, and a listener for each face.
class service : public std::enable_shared_from_this<service> {
 public:
  /// Listens. Throws as `server` does.
  service(const asio::any_io_executor& serial, const asio::any_io_executor& clients, server_options);
  service(const service&) = delete;
  service& operator=(const service&) = delete;

  // --- from any thread ---
  const server_addresses& addresses() const noexcept { return addresses_; }
  const answer_record& record() const noexcept { return *record_; }
  client& minter() noexcept { return hub_->minter(); }
  const asio::any_io_executor& executor() const noexcept { return hub_->executor(); }
  /// Who comes next finds nothing at all, rather than somebody who doesn't answer.
  void remove_files() noexcept;

  // --- on the executor ---
  hub& shared() noexcept { return *hub_; }
  void start();
  void drain();
  void close(std::shared_ptr<close_wait>);
  /// Ends all of it at once.
  void cut();

 private:
  void open(const listen_address&, std::string& address, const std::function<std::unique_ptr<face>()>&);
  void close_client();
  void tell();

  const std::shared_ptr<hub> hub_;
  const std::shared_ptr<answer_record> record_;
  server_addresses addresses_;
  std::vector<std::shared_ptr<socket_file>> files_;
  std::vector<std::shared_ptr<listener>> listeners_;
  std::vector<std::shared_ptr<close_wait>> waits_;
  std::size_t open_ = 0;  ///< listeners that haven't ended
  bool closing_ = false;
  bool closed_ = false;
};

}  // namespace ephemint::inline v0::gateway
