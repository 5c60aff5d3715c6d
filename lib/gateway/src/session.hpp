#pragma once

#include "exchange.hpp"
#include "listener.hpp"
#include "request_reader.hpp"

#include <ephemint/clock.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::inline v0::gateway {

/// One connection, from its first byte to its end. All of it runs on its listener's executor.
class session : public std::enable_shared_from_this<session> {
 public:
  session(std::shared_ptr<listener>, any_socket, std::string who);
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session();

  static asio::awaitable<void> run(std::shared_ptr<session>);

  /// Ends it when its request was answered: the one that is under way, or lies unread, or is about to come by
  /// a new connection.
  void finish();
  /// Ends it at once; a login under way is cancelled.
  void cut();
  /// Since when it waits for another request; none: it doesn't.
  std::optional<clock::time_point> idle_since() const noexcept { return idle_since_; }

 private:
  enum class incoming { request, refused, late, nothing };
  enum class phase { idle, header, body };

  asio::awaitable<bool> serve_one();
  asio::awaitable<incoming> read_request();
  asio::awaitable<bool> read_some();
  asio::awaitable<void> say_continue();
  /// Has the face answer, and looks meanwhile whether the peer is still there.
  asio::awaitable<void> ask(exchange&);
  /// Writes the answer, if there is one and the peer hasn't gone, and tells how that went.
  asio::awaitable<bool> deliver(bool& keep, log_entry&);
  asio::awaitable<void> linger();

  void hear_last();
  void become_idle();
  void watch();
  bool peer_has_gone();
  void lose_peer();
  void refuse(unsigned status, std::string_view why, log_entry&);
  /// One that can't be sent becomes a 500.
  std::string wire_of_answer(bool& keep, log_entry&);
  std::string wire_of(const reply&, bool keep) const;
  /// From now on what is under way has so long.
  void arm(std::chrono::milliseconds);
  void disarm();

  const std::shared_ptr<listener> owner_;
  const std::string who_;
  any_socket socket_;
  asio::steady_timer timer_;
  request_reader reader_;
  std::optional<reply> answer_;
  asio::cancellation_signal gone_;
  clock::time_point begun_at_;
  std::optional<clock::time_point> idle_since_;
  bool served_ = false;  ///< a request before this one
  bool asking_ = false;  ///< its face works
  bool peer_gone_ = false;
  bool late_ = false;  ///< what is under way has had its time
  bool finishing_ = false;
  bool deaf_ = false;   ///< hears no more
  unsigned round_ = 0;  ///< of the timer
};

}  // namespace ephemint::inline v0::gateway
