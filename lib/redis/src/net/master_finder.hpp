#pragma once

#include "codec/store_address.hpp"
#include "net/gate_timer.hpp"
#include "net/store_link.hpp"
#include "net/store_place.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::redis {

/// Asks Sentinels, one after the other, where their master is. It begins with the Sentinel that answered last
/// time. Used inside the gate only.
class master_finder final : private store_link::user, private net::gate_timer::owner {
 public:
  /// Gets the result once for each `find`, but never from inside `find`, unless `cancel` came first.
  class user {
   public:
    virtual void on_master(store_address) noexcept = 0;
    virtual void on_no_master(std::string_view why) noexcept = 0;
    /// What keeps the finder alive during a `find`.
    virtual std::shared_ptr<const void> keeper() noexcept = 0;

   protected:
    ~user() = default;
  };

  /// How long a connected Sentinel may take to answer.
  static constexpr std::chrono::milliseconds patience{1000};

  master_finder(const boost::asio::any_io_executor&, std::shared_ptr<net::serial_gate>,
                std::vector<store_address> sentinels, std::string master, user&);
  ~master_finder();

  /// Throws `std::bad_alloc`; then nothing was begun.
  void find();
  void cancel() noexcept;
  /// The context is gone.
  void drop() noexcept;

 private:
  void on_open() noexcept override;
  void on_reply(resp_value) noexcept override;
  void on_end(std::string_view why) noexcept override;
  void on_time(net::gate_timer&) noexcept override;
  void on_no_timer(net::gate_timer& timer) noexcept override { on_time(timer); }
  std::shared_ptr<const void> keeper() noexcept override { return user_.keeper(); }

  void ask_one();
  void next(std::string_view why) noexcept;

  const boost::asio::any_io_executor executor_;
  const std::shared_ptr<net::serial_gate> gate_;
  std::vector<std::shared_ptr<store_place>> sentinels_;
  const std::string master_;
  user& user_;
  std::size_t current_ = 0;
  std::size_t left_ = 0;  // Sentinels left to ask in this round; 0: nothing is under way
  std::shared_ptr<store_link> link_;
  net::gate_timer limit_;
};

}  // namespace ephemint::inline v0::redis
