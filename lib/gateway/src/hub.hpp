#pragma once

#include "access/account_limits.hpp"
#include "http/exchange.hpp"
#include "mint_notes.hpp"
#include "tickets/ticket_book.hpp"

#include <ephemint/client.hpp>
#include <ephemint/gateway/server_options.hpp>
#include <ephemint/metrics.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::inline v0::gateway {

/// What the faces share. Used only on its executor, unless a comment says otherwise.
class hub {
 public:
  /// The options must have been checked. The hub works on `executor`, which runs one handler at a time. Its
  /// client uses `clients_executor`, so that the client isn't serialized twice.
  hub(asio::any_io_executor executor, asio::any_io_executor clients_executor, server_options);
  hub(const hub&) = delete;
  hub& operator=(const hub&) = delete;

  const asio::any_io_executor& executor() const noexcept { return executor_; }
  const server_options& options() const noexcept { return options_; }

  // --- from any thread ---
  /// Throws as `client::set_api_key` does.
  void set_api_key(secret);
  bool key_is_refused() const { return client_.stats().key_refused || notes_->key_is_refused(clock::now()); }

  client& minter() noexcept { return client_; }
  /// Awaiting it gives a `mint_result`. If the peer goes away the mint is cancelled, to save its cost of the
  /// quota. `request` and the exchange must outlive it.
  auto mint(const exchange& of, const mint_request& request) {
    return begun_by<mint_result>(of.owner.lock(), [this, &of, &request](auto handler) {
      client_.async_mint(
          request, asio::bind_cancellation_slot(of.gone, asio::bind_executor(executor_, std::move(handler))));
    });
  }
  mint_notes& notes() noexcept { return *notes_; }
  ticket_book& tickets() noexcept { return tickets_; }
  account_limits& limits() noexcept { return limits_; }

  /// Counts an answer, and writes its log line.
  void record(std::string_view listener, const log_entry&, std::chrono::milliseconds took);
  /// Updates what is counted.
  void recount();
  /// The text of `/metrics`, as of the last `record` or `recount`. From any thread.
  std::string metrics_text() const { return metrics_->prometheus_text(); }

  std::vector<link_key> link_keys;
  std::vector<bearer> bearers;
  bool warm = false;      ///< the first warm-up was tried
  bool draining = false;  ///< no new requests should come

 private:
  std::string counts_text() const;

  asio::any_io_executor executor_;
  server_options options_;
  std::shared_ptr<metrics> metrics_;
  std::shared_ptr<mint_notes> notes_;
  client client_;
  ticket_book tickets_;
  account_limits limits_;

  mutable std::mutex mutex_;                                                ///< guards the members below
  std::map<std::pair<std::string_view, unsigned>, std::uint64_t> answers_;  ///< by listener and status
  std::size_t tickets_known_ = 0, waiting_ = 0;
};

// The three faces of a gateway; the hub must outlive each.

/// The sidecar. `address` is where it listens, in the form of `server_addresses`; each `Host` must match it.
std::unique_ptr<face> make_backend_face(hub&, std::string_view address);
/// Login links.
std::unique_ptr<face> make_login_face(hub&);
/// Health, readiness, metrics.
std::unique_ptr<face> make_admin_face(hub&);

}  // namespace ephemint::inline v0::gateway
