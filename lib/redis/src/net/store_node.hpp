#pragma once

#include "net/store_link.hpp"

#include <ephemint/clock.hpp>
#include <ephemint/secret.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::inline v0::redis {

/// What the sign-in tells a server.
struct sign_in {
  std::string user;
  secret password;
  std::uint32_t database = 0;
  bool must_be_master = false;  ///< asks for its role, as a Sentinel's information may be old
};

/// One server, to which we sign in: AUTH, SELECT, ROLE, INFO. Commands after that are answered in order. Used
/// inside the gate only.
class store_node final : private store_link::user {
 public:
  /// Must outlive the node.
  class user {
   public:
    /// Commands may be sent.
    virtual void on_ready(store_node&) noexcept = 0;
    virtual void on_reply(store_node&, std::uint64_t tag, resp_value) noexcept = 0;
    /// No call follows. The node may be destroyed from inside.
    virtual void on_end(store_node&, std::string_view why) noexcept = 0;

   protected:
    ~user() = default;
  };

  /// `as` must outlive the node.
  store_node(const boost::asio::any_io_executor&, std::shared_ptr<net::serial_gate>,
             std::shared_ptr<store_place>, const sign_in& as, user&);
  ~store_node();

  /// Call it once. Throws `std::bad_alloc`.
  void connect() { link_->connect(); }
  bool ready() const noexcept { return ready_; }
  /// Only when ready. False: the user will soon be told of its end.
  bool send(std::uint64_t tag, std::span<const std::string_view> words) noexcept;
  /// The same, after ASKING, whose own reply isn't reported.
  bool send_asking(std::uint64_t tag, std::span<const std::string_view> words) noexcept;
  bool idle() const noexcept { return link_->out() == 0; }
  const store_address& address() const noexcept { return link_->address(); }
  /// Whether the server said that it has run for longer than that. False if it didn't say.
  bool older_than(std::chrono::milliseconds) const noexcept;
  /// By when it must be ready; none: it is ready, or still connecting.
  std::optional<clock::time_point> due() const noexcept { return due_; }
  /// Ends the connection as if the server had.
  void end(std::string_view why) noexcept;

 private:
  enum class step : std::uint8_t { auth, select, role, info, asking, asked };
  struct awaited {
    step what;
    std::uint64_t tag;
  };

  void on_open() noexcept override;
  void on_reply(resp_value) noexcept override;
  void on_end(std::string_view why) noexcept override;

  bool ask(step, std::uint64_t tag, std::span<const std::string_view> words) noexcept;
  void take(step, resp_value&);
  void refuse(std::string_view error, std::string_view command);
  void take_role(const resp_value&);
  void take_info(std::string_view text) noexcept;

  const sign_in& as_;
  user* user_;  // null: it has ended
  const std::shared_ptr<store_link> link_;
  std::deque<awaited> awaited_;
  bool ready_ = false;
  std::optional<clock::time_point> due_;
  std::optional<clock::time_point> began_;  // the latest time at which the server may have started
};

/// How long the server has run, from its answer to `INFO server`; none if that doesn't say.
std::optional<std::chrono::seconds> uptime_of(std::string_view info) noexcept;

}  // namespace ephemint::inline v0::redis
