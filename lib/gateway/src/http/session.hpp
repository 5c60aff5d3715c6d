#pragma once

#include "http/exchange.hpp"
#include "http/listener.hpp"
#include "http/request_reader.hpp"
#include "http/task.hpp"
#include "http/wait_memory.hpp"

#include <ephemint/clock.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace ephemint::inline v0::gateway {

/// One connection, from its first byte to its end. It runs on its listener's executor.
class session : public std::enable_shared_from_this<session> {
 public:
  session(std::shared_ptr<listener>, any_socket, std::string who);
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session();

  void start();

  /// Ends it after the answer to its present request, or to one that is just coming.
  void finish() noexcept;
  /// Ends it at once; a login under way is cancelled.
  void cut();
  /// Since when it has been waiting for its next request; none: it isn't.
  std::optional<clock::time_point> idle_since() const noexcept { return idle_since_; }

 private:
  enum class phase { idle, header, body };
  static constexpr auto never = asio::steady_timer::time_point::max();
  using refusal = request_reader::refusal;
  using error_code = boost::system::error_code;

  struct read {
    session& of;
    asio::mutable_buffer room;
    template <class Handler>
    void operator()(Handler) const;
  };
  struct write {
    session& of;
    asio::const_buffer all;
    template <class Handler>
    void operator()(Handler) const;
  };
  /// Its result: an error, and how many bytes were transferred.
  template <class Begin>
  using transfer = operation<std::tuple<error_code, std::size_t>, Begin>;

  task<void> run();
  task<bool> serve_one();
  /// What is wrong with the request; status 0: nothing, or the peer is gone.
  task<refusal> read_request();
  task<void> read_some();
  task<void> say_continue();
  /// Lets the face answer, and meanwhile watches whether the peer is still there.
  task<void> ask(exchange&);
  /// Writes the answer, if there is one and the peer is still there, and calls its `told`.
  task<bool> deliver(bool keep, log_entry&);
  task<void> linger();

  /// The time limit for the next byte, the header, or the body.
  std::chrono::milliseconds patience() const;
  /// At the end, on a Unix socket: what was sent is still read, but sending more fails, so that the peer asks
  /// elsewhere. False: there is nothing more to read.
  bool hear_last();
  void become_idle();
  void watch();
  bool peer_has_gone();
  void lose_peer();
  void refuse(refusal, log_entry&);
  /// Calls the answer's `told`, and overwrites the answer.
  void settle(bool handed_over);
  void let_go() noexcept;
  void wipe_answer() noexcept;
  std::string wire_of(const reply&, bool keep) const;
  /// Sets the time limit of the present step.
  void arm(std::chrono::milliseconds);
  void disarm();
  void await_time();
  void on_time();

  const std::shared_ptr<listener> owner_;
  const std::string who_;
  any_socket socket_;
  asio::steady_timer timer_;
  asio::steady_timer::time_point due_ = never;    ///< when the time limit of the present step is over
  wait_memory transferring_, watching_, timing_;  ///< for one wait each: beginning it needs no allocation
  request_reader reader_;
  std::optional<reply> answer_;
  asio::cancellation_signal gone_;
  clock::time_point begun_at_;
  std::optional<clock::time_point> idle_since_;
  bool served_ = false;   ///< it has answered an earlier request
  bool reading_ = false;  ///< it reads a request, or waits for one
  bool asking_ = false;   ///< its face is answering
  bool peer_gone_ = false;
  bool timed_ = false;  ///< a wait for the timer is pending
  bool late_ = false;   ///< the time limit of the present step is over
  bool finishing_ = false;
  bool deaf_ = false;  ///< reads only what was sent before
  task<void> running_;
};

}  // namespace ephemint::inline v0::gateway
