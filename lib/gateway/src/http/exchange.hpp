#pragma once

#include "http/task.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The boundary between HTTP and the three faces: a session reads a request, its face answers it, the session
// writes the answer. Neither knows how the other works.

namespace ephemint::inline v0::gateway {

namespace asio = boost::asio;
namespace http = boost::beast::http;

using request = http::request<http::string_body>;

/// One request's entry in the log. It holds no URL, ticket, header or body.
struct log_entry {
  std::string_view route = "none";  ///< the route's name: `tokens`, `login`, `readyz`
  unsigned status = 0;              ///< 0: the peer was gone
  std::string_view code{};          ///< how it ended; empty: well
  std::string why{};                ///< for a refusal: more than the page says, in our own words
  std::string who{};                ///< the bearer's name, the peer's process, or its address
  std::string account{};
  std::string request_id{};                              ///< the API's
  std::optional<std::chrono::milliseconds> remaining{};  ///< life left of the token handed over
};

/// An answer. The body is overwritten when it has been written.
struct reply {
  unsigned status = 200;
  std::string_view content_type{};  ///< empty: no body
  std::string body{};
  std::vector<std::pair<http::field, std::string>> headers{};  ///< in addition to those of every answer
  std::string content_policy{};                                ///< its `Content-Security-Policy`; empty: none
  /// Called once if it is set. `handed_over`: the answer was written while the peer was still there.
  std::function<void(bool handed_over)> told{};
};

/// One request while it is being answered.
struct exchange {
  const request& asked;
  log_entry& log;
  asio::cancellation_slot gone;       ///< emits `terminal` when the peer goes away before its answer
  std::weak_ptr<const void> owner{};  ///< of the tasks that answer it; kept by the operations that they await

  /// The target up to its `?`, and what follows it (none if there is no `?`).
  std::string_view path() const { return target().substr(0, target().find('?')); }
  std::optional<std::string_view> query() const {
    const std::size_t mark = target().find('?');
    return mark == std::string_view::npos ? std::nullopt : std::optional{target().substr(mark + 1)};
  }

 private:
  /// Without the origin with which it may begin: that is the form for proxies, which servers must accept too.
  std::string_view target() const {
    const std::string_view whole = asked.target();
    constexpr std::string_view scheme = "http://";
    if (!whole.starts_with(scheme)) return whole;
    return whole.substr(std::min(whole.find('/', scheme.size()), whole.size()));
  }
};

/// Answers the requests of a listener. Lives as long as the hub.
class face {
 public:
  virtual ~face() = default;
  /// The listener's name in the log: `backend`, `login`, `admin`.
  virtual std::string_view name() const noexcept = 0;
  /// Answers a whole request. `of` lives until the answer's `told`. May throw: that is a 500.
  virtual task<reply> answer(exchange& of) = 0;
  /// The answer, in this face's form, to a request that HTTP itself refuses (400, 408, 413, 431, 500).
  virtual reply refusal(unsigned status, std::string_view why) = 0;
};

}  // namespace ephemint::inline v0::gateway
