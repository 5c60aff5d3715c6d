#pragma once

#include "net/serial_gate.hpp"

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <memory>
#include <new>
#include <optional>
#include <tuple>
#include <utility>

namespace ephemint::inline v0::detail {

namespace asio = boost::asio;

/// The client's executor, and the gate from which completions are told, that is, delivered to their handlers.
struct telling_place {
  /// Is called when a completion couldn't be told for want of memory, and makes sure that the gate is soon
  /// entered again: pending completions are told whenever the gate is left. From any thread.
  class listener {
   public:
    virtual void on_untold() noexcept = 0;

   protected:
    ~listener() = default;
  };

  asio::any_io_executor outer;
  asio::any_completion_executor same;  ///< equal to `outer`; for comparisons
  std::shared_ptr<net::serial_gate> gate;
  listener& untold;
};

/// The handler's own executor, with outstanding work tracked while this is held. Empty if the handler has
/// none, or has the client's: then no second step is needed.
template <class Handler>
asio::any_completion_executor own_executor(const Handler& handler, const telling_place& at) {
  const auto own = asio::get_associated_executor(handler, at.same);
  if (!own) throw std::bad_alloc{};  // how Asio reports a lack of memory here
  if (own == at.same) return {};
  return asio::prefer(own, asio::execution::outstanding_work.tracked);
}

/// The operation that this thread is just handing to an executor. If that fails for want of memory, the
/// operation must not be mistaken for one that an executor has dropped.
inline thread_local const void* being_handed_over = nullptr;

/// An operation that ends by calling its handler, on the handler's associated executor, or the client's if it
/// has none. Its memory is the handler's associated allocator's, and is given back before the handler is
/// called. `Derived` is made by `make`.
template <class Derived, class... Args>
class told : public net::completion {
 public:
  using handler_type = asio::any_completion_handler<void(Args...)>;

  /// Takes the handler unless it throws: `std::bad_alloc`, and whatever the allocator throws.
  template <class... Rest>
  static Derived& make(std::shared_ptr<const telling_place> at, handler_type& handler, Rest&&... rest) {
    auto memory = allocator_of(handler);
    Derived* const place = traits::allocate(memory, 1);
    try {
      return *std::construct_at(place, std::move(at), handler, std::forward<Rest>(rest)...);
    } catch (...) {
      traits::deallocate(memory, place, 1);
      throw;
    }
  }

  /// The handler won't be called: its context is gone.
  void drop() noexcept final {
    const handler_type alive = release();
    static_cast<void>(alive);
  }

 protected:
  /// Takes the handler, unless it throws.
  told(std::shared_ptr<const telling_place> at, handler_type& handler)
      : at_{std::move(at)}, own_{own_executor(handler, *at_)}, handler_{std::move(handler)} {}
  ~told() = default;

  void set(Args... what) noexcept { what_.emplace(std::move(what)...); }
  /// Inside the gate: the handler is called once the gate was left.
  void say(Args... what) noexcept {
    set(std::move(what)...);
    at_->gate->say(*this);
  }
  /// Outside the gate.
  void tell_elsewhere(Args... what) noexcept {
    set(std::move(what)...);
    if (!tell(place::elsewhere)) at_->gate->say(*this);
  }
  /// Called just before the handler, on its executor. False: the handler isn't called yet; the operation will
  /// call `say` again, and may already be gone.
  bool look_once_more(Args&...) noexcept { return true; }
  /// For an operation that hasn't begun: it destroys itself, and gives the handler back.
  handler_type take_back() noexcept { return release(); }

 private:
  using allocator = typename std::allocator_traits<
      asio::associated_allocator_t<handler_type>>::template rebind_alloc<Derived>;
  using traits = std::allocator_traits<allocator>;

  static allocator allocator_of(const handler_type& handler) {
    return allocator{asio::get_associated_allocator(handler)};
  }

  /// The function object that an executor runs. `last`: on the handler's own executor.
  class errand {
   public:
    errand(told& of, bool last) noexcept : of_{&of}, last_{last} {}
    errand(errand&& other) noexcept : of_{std::exchange(other.of_, nullptr)}, last_{other.last_} {}
    ~errand() {
      if (of_ && being_handed_over != of_) of_->drop();
    }
    void operator()() {
      told& of = *std::exchange(of_, nullptr);
      if (being_handed_over == &of) being_handed_over = nullptr;
      if (last_) return of.call();
      if (!of.tell(place::on_executor)) of.at_->gate->say(of);
    }

   private:
    told* of_;
    bool last_;
  };

  bool tell(place from) final {
    if (from == place::elsewhere)
      return hand_over([&outer = at_->outer](errand what) { asio::post(outer, std::move(what)); }, false);
    if (!own_) return call(), true;
    const auto own = own_;  // `this` may be gone when `hand_over` returns
    return hand_over([&own](errand what) { asio::dispatch(own, std::move(what)); }, true);
  }

  /// Tries more than once: memory may be available a moment later.
  template <class How>
  bool hand_over(How how, bool last) {
    for (int tries = 0; tries < 3; ++tries) {
      being_handed_over = this;
      try {
        how(errand{*this, last});
        being_handed_over = nullptr;
        return true;
      } catch (const std::bad_alloc&) {
        // If it is no longer `this`, the handler ran and threw.
        if (std::exchange(being_handed_over, nullptr) != this) throw;
      }
    }
    at_->untold.on_untold();
    return false;
  }

  void call() {
    const bool now = std::apply(
        [this](auto&... what) { return static_cast<Derived*>(this)->look_once_more(what...); }, *what_);
    if (!now) return;
    auto what = std::move(*what_);
    handler_type ready = release();
    std::apply([&ready](auto&... each) { std::move(ready)(std::move(each)...); }, what);
  }

  handler_type release() noexcept {
    handler_type alive = std::move(handler_);  // holds the allocator
    auto memory = allocator_of(alive);
    auto* const self = static_cast<Derived*>(this);
    std::destroy_at(self);
    traits::deallocate(memory, self, 1);
    return alive;
  }

  std::shared_ptr<const telling_place> at_;
  asio::any_completion_executor own_;
  handler_type handler_;
  std::optional<std::tuple<Args...>> what_;
};

}  // namespace ephemint::inline v0::detail
