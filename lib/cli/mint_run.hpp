#pragma once

#include "account_feed.hpp"
#include "batch_display.hpp"
#include "metrics_file.hpp"
#include "mint_arguments.hpp"
#include "output.hpp"
#include "quota_store.hpp"
#include "result_lines.hpp"
#include "tally.hpp"
#include "usage_error.hpp"

#include <ephemint/client.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>

namespace ephemint::cli {

/// One run of `ephemint mint`: accounts in, results out, on one thread.
class mint_run {
 public:
  /// Does everything that can fail before any network I/O. Throws `usage_error`.
  explicit mint_run(const mint_arguments&);

  exit_status run();

 private:
  asio::awaitable<void> mint_all();
  void record(const account_result&);
  asio::awaitable<void> close_client();

  void await_signal();
  void stop_gently(int signal);
  bool is_left_over(const mint_error&) const noexcept;
  std::string words_of_interruption() const;
  void abandon();
  void leave_store();
  void count_into(const std::string& file, client_options&);
  exit_status report(std::exception_ptr thrown);

  asio::io_context context_{1};
  asio::signal_set signals_;
  asio::steady_timer patience_;
  std::optional<quota_store> store_;
  std::optional<metrics_file> metrics_;
  std::optional<client> client_;
  account_feed accounts_;
  output out_;
  batch_display display_;
  result_lines lines_;
  quota rate_ = production_quota;
  tally tally_;
  std::optional<mint_stream> results_;
  many_options many_;
  std::optional<int> stopped_by_;        // a signal
  std::optional<std::uint64_t> unread_;  // accounts that were left then, if that is known
};

}  // namespace ephemint::cli
