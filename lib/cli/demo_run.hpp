#pragma once

#include "batch_display.hpp"
#include "demo_lane.hpp"
#include "demo_report.hpp"
#include "demo_screen.hpp"
#include "plain_client.hpp"
#include "tally.hpp"
#include "usage_error.hpp"

#include <ephemint/client.hpp>
#include <ephemint/rate_governor.hpp>
#include <ephemint/sandbox/server.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>

namespace ephemint::cli {

/// One run of `ephemint demo`: both clients at the same time, on one thread, each against a sandbox of its
/// own.
class demo_run {
 public:
  static constexpr std::uint64_t requests_admitted = 60;
  static constexpr std::chrono::seconds window{5};

  explicit demo_run(std::size_t accounts);

  exit_status run();

 private:
  void start_plain();
  void start_ephemint();
  void start_screen();
  void await_signal();
  asio::awaitable<void> mint_all();
  account_source accounts() const;
  void record(const account_result&);
  void plain_is_done();
  void ephemint_is_done();
  std::string picture();
  void look_at_quotas(clock::time_point now);
  exit_status conclude();
  demo_figures figures();

  sandbox::server api_;
  std::optional<sandbox::server> plain_api_;
  asio::io_context context_{1};
  asio::signal_set signals_{context_};
  asio::steady_timer patience_{context_};
  std::shared_ptr<rate_governor> governor_;
  lane plain_lane_, lane_;
  std::string plain_trouble_;
  std::optional<plain_client> plain_;
  std::optional<client> client_;
  many_options many_;
  batch_display display_;
  demo_screen screen_;
  tally tally_;
  clock::time_point begun_{};
  std::exception_ptr thrown_;
  std::optional<int> stopped_by_;  // a signal
};

}  // namespace ephemint::cli
