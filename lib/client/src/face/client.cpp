#include "shell/client_impl.hpp"

#include <ephemint/client.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace ephemint::inline v0 {

namespace {

using namespace detail;

using mint_handler = asio::any_completion_handler<void(mint_result)>;

/// What a handler is called with: the outcome, unless a token got too old on the way (a stopped process, a
/// loaded executor).
class delivery {
 public:
  delivery(mint_result&& outcome, clock::duration min_remaining)
      : outcome_{std::move(outcome)}, min_remaining_{min_remaining} {}

  void operator()(mint_handler&& handler) {
    if (outcome_ &&
        !core::token_window{min_remaining_}.good(outcome_->expires_at() - token_lifetime, clock::now()))
      outcome_ =
          mint_error{mint_errc::timed_out, {.message = "a token came, but its executor took it too late"}};
    std::move(handler)(std::move(outcome_));
  }

 private:
  mint_result outcome_;
  clock::duration min_remaining_;
};

/// What a cancellation signal and the mint that it ends know of each other. The signal comes on the caller's
/// executor; all but the pointer to the client is touched inside the gate.
struct cancel_link {
  explicit cancel_link(std::weak_ptr<client_impl> c) : owner{std::move(c)} {}

  std::weak_ptr<client_impl> owner;
  operation* op = nullptr;  ///< null before submission and after completion
  bool cancelled = false;
};

class handler_operation final : public operation {
 public:
  handler_operation(const client_impl& c, mint_handler handler)
      : client_{c},
        handler_{std::move(handler)},
        work_{c.handlers().busy_outer()},
        own_{c.handlers().busy_own_executor(handler_)} {}

  void link(std::shared_ptr<cancel_link> l) { link_ = std::move(l); }
  /// Inside the gate, before it is submitted. False: cancelled on the way here.
  bool arrive() noexcept {
    if (link_) link_->op = this;
    return !link_ || !link_->cancelled;
  }

  void complete(mint_result&& outcome) override {
    if (link_) link_->op = nullptr;
    client_.handlers().call(std::move(own_), std::move(handler_),
                            delivery{std::move(outcome), client_.options().min_remaining});
  }

 private:
  const client_impl& client_;
  mint_handler handler_;
  // So that neither's context stops before the handler came.
  const asio::any_io_executor work_;
  asio::any_completion_executor own_;
  std::shared_ptr<cancel_link> link_;
};

/// Has a signal at the handler's slot cancel the mint, inside the gate.
void connect_slot(const std::shared_ptr<client_impl>& self, asio::cancellation_slot slot,
                  handler_operation& op) {
  auto link = std::make_shared<cancel_link>(self);
  op.link(link);
  slot.assign([link](asio::cancellation_type) {
    const auto owner = link->owner.lock();
    if (!owner || owner->orphaned()) return;
    owner->enter([owner, link] {
      link->cancelled = true;
      if (link->op) owner->cancel(link->op->job);
    });
  });
}

}  // namespace

client::client(asio::any_io_executor executor, client_options options) {
  const checked_options checked = check(options);
  impl_ = std::make_shared<detail::client_impl>(std::move(executor), std::move(options), checked);
}

client::client(client&&) noexcept = default;

client& client::operator=(client&& other) noexcept {
  client leaving{std::move(*this)};
  impl_ = std::move(other.impl_);
  return *this;
}

client::~client() {
  if (!impl_ || impl_->orphaned()) return;
  const auto last = std::move(impl_);
  last->enter([last] { last->shut_down(); });
}

void client::start_mint(std::shared_ptr<detail::client_impl> self, const mint_request& request,
                        mint_handler handler) {
  if (auto wrong = check(request); !wrong.empty())
    return self->handlers().call(
        std::move(handler),
        delivery{mint_error{mint_errc::invalid_request, {.message = std::move(wrong)}}, {}});
  const auto deadline = self->deadline_of(request, clock::now());
  const auto slot = asio::get_associated_cancellation_slot(handler);
  auto op = std::make_unique<handler_operation>(*self, std::move(handler));
  op->account = request.account;
  if (slot.is_connected()) connect_slot(self, slot, *op);
  auto& client = *self;
  client.enter([self = std::move(self), op = std::move(op), urgency = request.urgency, deadline]() mutable {
    if (op->arrive()) return self->submit(std::move(op), urgency, deadline);
    op->complete(mint_error{mint_errc::cancelled, {.message = "cancelled by the caller"}});
  });
}

namespace {

asio::awaitable<mint_result> await_mint(auto start, std::shared_ptr<client_impl> self, mint_request request) {
  mint_result outcome = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(mint_result)>(
      start, asio::use_awaitable, std::move(self), request);
  // A coroutine's awaits throw once it was cancelled; this one reports it, and lets the caller clean up.
  if (outcome.has_error() && outcome.error().value() == mint_errc::cancelled)
    co_await asio::this_coro::throw_if_cancelled(false);
  co_return outcome;
}

}  // namespace

asio::awaitable<mint_result> client::mint(mint_request request) {
  const auto start = [](auto handler, std::shared_ptr<detail::client_impl> self, const mint_request& asked) {
    start_mint(std::move(self), asked, std::move(handler));
  };
  return await_mint(start, impl_, request);
}

asio::awaitable<void> client::warm_up(std::size_t connections) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
      [](auto handler, std::shared_ptr<detail::client_impl> self, std::size_t wanted) {
        asio::any_completion_handler<void(std::exception_ptr)> erased{std::move(handler)};
        auto& client = *self;
        client.enter([self = std::move(self), wanted, erased = std::move(erased)]() mutable {
          self->warm_up(wanted, std::move(erased));
        });
      },
      asio::use_awaitable, impl_, connections);
}

asio::awaitable<void> client::close() {
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [](auto handler, std::shared_ptr<detail::client_impl> self) {
        asio::any_completion_handler<void()> erased{std::move(handler)};
        auto& client = *self;
        client.enter([self = std::move(self), erased = std::move(erased)]() mutable {
          self->close(std::move(erased));
        });
      },
      asio::use_awaitable, impl_);
}

clock::duration client::estimate(priority urgency) const {
  const auto now = clock::now();
  const auto waiting = impl_->published().queued;
  return impl_->governor().estimate(now, {urgency, {}, impl_->governed_as()}, waiting) - now;
}

client_stats client::stats() const { return impl_->published(); }

const client_options& client::options() const noexcept { return impl_->options(); }

asio::any_io_executor client::get_executor() const noexcept { return impl_->outer(); }

}  // namespace ephemint::inline v0
