#pragma once

#include "gateway_arguments.hpp"
#include "log_output.hpp"
#include "quota_store.hpp"
#include "service_manager.hpp"
#include "usage_error.hpp"

#include <ephemint/gateway/server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <optional>
#include <string_view>

namespace ephemint::cli {

/// The gateway's options, completed from files and the environment. Call `place_listeners` before. Throws
/// `usage_error`.
gateway::server_options load(gateway_arguments&, boost::asio::io_context&, std::optional<quota_store>&,
                             const talker& warn);

/// One run of `ephemint gateway`, on one thread.
class gateway_run {
 public:
  /// Listens when the constructor returns. Throws `usage_error`.
  explicit gateway_run(gateway_arguments);

  exit_status run();

 private:
  void start();
  void run_whatever_fails();
  void tell_ready();
  void await_signal();
  void take(int signal);
  void stop(int signal);
  void close();
  void read_again();
  void read_again(std::string_view what, const std::function<void()>& read);

  // Declared early: a signal that comes while the rest is loaded waits here.
  boost::asio::io_context context_{1};
  boost::asio::signal_set signals_;
  boost::asio::steady_timer delay_;
  service_manager manager_;
  log_output log_;
  gateway_arguments given_;
  std::chrono::milliseconds drain_delay_{};
  std::optional<quota_store> store_;
  std::optional<gateway::server> server_;
  bool stopping_ = false;
  bool told_twice_ = false;
};

}  // namespace ephemint::cli
