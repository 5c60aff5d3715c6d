#pragma once

#include "core/stream/stream_window.hpp"
#include "shell/client_impl.hpp"

#include <ephemint/mint_stream.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/circular_buffer.hpp>
#include <boost/intrusive/list.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>

namespace ephemint::inline v0::detail {

/// Waits until a stream has news or room. Its number distinguishes it from earlier and later waiters.
class stream_waiter {
 public:
  virtual void end(bool cancelled) noexcept = 0;  ///< outside the gate
  virtual void end_inside_gate() noexcept = 0;
  virtual void leave() noexcept = 0;  ///< the context is gone

  std::uint64_t number = 0;

 protected:
  ~stream_waiter() = default;
};

class stop_feeding;

/// What a stream, its mints and its feeder share. The mints live inside the client's gate, but the reader
/// lives on its own executor, so this object, unlike the client, has a mutex. It is held for a few
/// instructions, and never while the caller's code runs.
///
/// An account that was read keeps its places in `waiting` and `ready` until its result was taken, so that no
/// account is lost for want of memory.
struct stream_state final : std::enable_shared_from_this<stream_state>, private context_bound {
  using wake_up = asio::any_completion_handler<void(bool cancelled)>;
  using place = stream_waiter* stream_state::*;

  stream_state(std::shared_ptr<client_impl>, account_source, const many_options&);
  ~stream_state();
  void begin() { context->add(*this); }

  // --- the reader ---
  /// Reads accounts and begins mints as far as the reader's pace allows. Throws `std::bad_alloc`, and
  /// `mint_exception` in the child of a `fork`: only the parent may read the accounts.
  void advance();
  /// The next result that is still good, if there is one.
  std::optional<account_result> take() noexcept;
  /// Whether every result was taken. Throws what the source threw, and `std::bad_alloc` if memory ran out for
  /// the feeder: then the next call begins another feeder.
  bool over();
  bool coroutine_source() const noexcept { return static_cast<bool>(source.coroutine_); }
  /// Begins to call the coroutine source on that executor as long as there is room, unless that is done
  /// already. Throws `std::bad_alloc`.
  void feed_on(const asio::any_io_executor&);
  bool begin_feeding() noexcept;
  void feeding_failed(std::exception_ptr) noexcept;
  void cancel_feeder() noexcept;
  void abandon() noexcept;

  // --- waiting ---
  bool room() const noexcept { return window.may_read() || abandoned; }
  bool news() const noexcept {
    return !ready.empty() || window.over() || feeder_error || window.may_begin() ||
           (room() && !coroutine_source());
  }
  /// Calls `handler` when `awaited` holds. If it holds already the handler is called at once, but not from
  /// inside this function. Takes the handler unless it throws.
  void wait(place who, bool (stream_state::*awaited)() const noexcept, wake_up& handler);
  /// The same for a coroutine; returns whether the wait was cancelled.
  asio::awaitable<bool> wait_for(place who, bool (stream_state::*awaited)() const noexcept);
  void wake(place who) noexcept;
  /// The outcome of `read_later`: `news` if the reader now waits for news, `nothing` if there is news
  /// already, and `nobody` if the wait was cancelled before it began.
  enum class waiting_for : unsigned char { news, nothing, nobody };
  waiting_for read_later(stream_waiter&) noexcept;
  /// Ends the wait of that number as cancelled, if it is still the current one.
  void cancel(place who, std::uint64_t number) noexcept;

  // --- the mints ---
  [[nodiscard]] stream_waiter* put(account_result&&, clock::time_point read_at) noexcept;

  struct account {
    account_id id;
    clock::time_point read_at;
  };
  struct arrival {
    account_result what;
    clock::time_point read_at;
  };

  void advance_if_possible() noexcept;
  void make_room();
  void begin_waiting();
  bool read_one();
  void end(std::exception_ptr error) noexcept;
  asio::awaitable<std::optional<account_id>> next_account() { return source.coroutine_(); }
  void cancel_all() noexcept;
  void on_context_shutdown() noexcept override;
  void on_fork() noexcept override;

  const std::shared_ptr<client_impl> minter;
  const std::shared_ptr<context_members> context;
  account_source source;
  const many_options options;
  asio::cancellation_signal feeder_cancelled;

  std::mutex mutex;
  // under the mutex
  core::stream_window window;
  boost::circular_buffer<account> waiting;  ///< read, but not begun
  boost::circular_buffer<arrival> ready;    ///< a deque would take a block for each result
  bool abandoned = false;
  bool fed = false;
  std::exception_ptr source_error;
  std::exception_ptr feeder_error;
  stream_waiter* reader = nullptr;
  stream_waiter* feeder = nullptr;
  std::uint64_t waits = 0;           ///< so far
  std::uint64_t last_cancelled = 0;  ///< the number of the last wait that was cancelled
  stop_feeding* stop = nullptr;      ///< ends the feeder; made together with it

  // inside the gate
  boost::intrusive::list<operation,
                         boost::intrusive::member_hook<operation, boost::intrusive::list_member_hook<>,
                                                       &operation::among_siblings>,
                         boost::intrusive::constant_time_size<false>>
      under_way;
  net::member_task<stream_state, &stream_state::cancel_all> cancel_all_{*this};
};

/// The coroutine of `mint_stream::next`: takes a result without waiting if there is one.
asio::awaitable<std::optional<account_result>> next_of(std::shared_ptr<stream_state>);
/// The same for a handler.
void next_for(std::shared_ptr<stream_state>,
              asio::any_completion_handler<void(std::exception_ptr, std::optional<account_result>)>);

}  // namespace ephemint::inline v0::detail
