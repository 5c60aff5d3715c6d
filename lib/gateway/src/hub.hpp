#pragma once

#include "account_limits.hpp"
#include "exchange.hpp"
#include "mint_notes.hpp"
#include "ticket_book.hpp"

#include <ephemint/client.hpp>
#include <ephemint/gateway/server_options.hpp>
#include <ephemint/metrics.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::inline v0::gateway {

/// What `/metrics` says beside what the client does: a copy, for any thread.
struct gateway_counts {
  std::map<std::pair<std::string_view, unsigned>, std::uint64_t> answered;
  std::size_t tickets = 0;
  std::size_t waiting = 0;
};

/// What the faces share. All of it is touched on its executor alone.
class hub {
 public:
  /// The options were checked. What the hub does runs on `executor`, which does one thing at a time; its
  /// client has `clients_executor`, so that no strand stands above the client's own.
  hub(asio::any_io_executor executor, asio::any_io_executor clients_executor, server_options);

  const asio::any_io_executor& executor() const noexcept { return executor_; }
  const server_options& options() const noexcept { return options_; }

  client& minter() noexcept { return client_; }
  const metrics& seen() const noexcept { return *metrics_; }
  mint_notes& notes() noexcept { return *notes_; }
  ticket_book& tickets() noexcept { return tickets_; }
  account_limits& limits() noexcept { return limits_; }
  gateway_counts counts(clock::time_point now);

  std::vector<link_key> link_keys;
  std::vector<bearer> bearers;
  /// Answers so far, by listener and status; status 0: nobody was there any more.
  std::map<std::pair<std::string_view, unsigned>, std::uint64_t> answered;
  bool warm = false;      ///< the first warm-up was tried
  bool draining = false;  ///< nobody new should come

 private:
  asio::any_io_executor executor_;
  server_options options_;
  std::shared_ptr<metrics> metrics_;
  std::shared_ptr<mint_notes> notes_;
  client client_;
  ticket_book tickets_;
  account_limits limits_;
};

}  // namespace ephemint::inline v0::gateway
