#pragma once

#include "http/exchange.hpp"
#include "http/listening.hpp"
#include "http/wait_memory.hpp"

#include <ephemint/clock.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_set>

namespace ephemint::inline v0::gateway {

class session;
using any_socket = asio::generic::stream_protocol::socket;

/// The limits of a listener's connections: see `server_options`.
struct serving_limits {
  std::size_t max_connections = 256;
  std::chrono::milliseconds transfer_timeout{10'000};
  std::chrono::milliseconds keep_alive{60'000};
};

/// Accepts the connections of one face, and keeps track of them. Used only on its executor, which runs one
/// handler at a time.
class listener : public std::enable_shared_from_this<listener> {
 public:
  /// Called for each request that is over.
  using served = std::function<void(const log_entry&, std::chrono::milliseconds took)>;

  listener(asio::any_io_executor, std::shared_ptr<face>, listening, serving_limits, served);
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  void start();
  /// From now on each connection ends with its next answer, so that clients connect again elsewhere.
  void drain() noexcept { draining_ = true; }
  /// Accepts only peers that have connected already, and still answers the requests that are under way or
  /// were just sent. `over` is called when the last connection has ended.
  void close(std::function<void()> over);
  /// Ends everything at once.
  void cut();

  // --- for its sessions ---
  face& speaker() const noexcept { return *face_; }
  const serving_limits& limits() const noexcept { return limits_; }
  const asio::any_io_executor& executor() const noexcept { return executor_; }
  bool draining() const noexcept { return draining_; }
  void report(const log_entry&, clock::duration took) const;
  /// A session is idle: it waits for its next request.
  void went_idle() { change_.cancel(); }
  void leave(session&);

 private:
  void await_somebody();
  void on_somebody(boost::system::error_code);
  void await_change(asio::steady_timer::duration at_most);
  void tell_if_over() noexcept;
  enum class admission { admitted, nobody, failed };
  /// `failed`: the machine has no descriptor or memory left for one more.
  admission admit();
  void empty_backlog();
  void open(any_socket, const socket_address& peer);
  /// Closes the keep-alive connection that has been idle longest.
  void make_room();
  void stop_listening();
  /// Calls it for each session, which may end the session.
  void with_each(void (session::*action)());

  const asio::any_io_executor executor_;
  const std::shared_ptr<face> face_;
  const serving_limits limits_;
  const served served_;
  const std::shared_ptr<socket_file> file_;
  const bool is_ours_;  ///< otherwise it was handed over, and stays open elsewhere
  wait_memory waiting_, resting_;
  any_socket door_;
  asio::steady_timer change_;  ///< cancelled when there may be room
  std::unordered_set<session*> sessions_;
  std::function<void()> over_;
  bool giving_way_ = false;  ///< a connection is about to end, to make room
  bool draining_ = false;
  bool closing_ = false;
};

}  // namespace ephemint::inline v0::gateway
