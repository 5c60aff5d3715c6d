#include "face/options.hpp"
#include "shell/awaited.hpp"
#include "shell/client_impl.hpp"

#include <ephemint/client.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>

#include <cassert>
#include <optional>
#include <utility>

namespace ephemint::inline v0 {

using namespace detail;

client::client(executor_type executor, client_options options) {
  assert(executor);
  const checked_options checked = check(options);
  impl_ = std::make_shared<client_impl>(std::move(executor), std::move(options), checked);
  impl_->begin();
}

client::client(client&&) noexcept = default;

client& client::operator=(client&& other) noexcept {
  const client leaving{std::move(*this)};
  impl_ = std::move(other.impl_);
  return *this;
}

client::~client() {
  if (impl_) impl_->leave();
}

client::executor_type client::initiation::get_executor() const noexcept { return impl_->outer(); }

namespace {

// Each of these takes the handler, unless it throws.

using impl_pointer = std::shared_ptr<client_impl>;
using mint_handler = mint_operation::handler_type;
using plain_handler = warm_up_operation::handler_type;

void begin_mint(const impl_pointer& impl, const mint_request& request, mint_handler& handler) {
  std::optional<mint_error> refusal;
  if (auto wrong = check(request); !wrong.empty())
    refusal.emplace(mint_errc::invalid_request, mint_error::details{.message = std::move(wrong)});
  const auto slot = asio::get_associated_cancellation_slot(handler);
  mint_operation& op = mint_operation::make(impl->place(), handler, impl);
  if (refusal) {
    impl->invalid(request.tag, request.account, request.urgency);
    return op.refuse(*std::move(refusal));
  }
  op.account = request.account;
  op.urgency = request.urgency;
  op.token_only = request.token_only;
  op.tag = request.tag;
  op.deadline = impl->deadline_of(request, clock::now());
  op.outage_patience = request.outage_patience;
  mint_operation::begin(op, slot, handler);
}

void begin_warm_up(const impl_pointer& impl, std::size_t mints, plain_handler& handler) {
  const auto slot = asio::get_associated_cancellation_slot(handler);
  auto& op = warm_up_operation::make(impl->place(), handler, impl, mints);
  warm_up_operation::begin(op, slot, handler);
}

void begin_close(const impl_pointer& impl, plain_handler& handler) {
  const auto slot = asio::get_associated_cancellation_slot(handler);
  auto& op = close_operation::make(impl->place(), handler, impl);
  close_operation::begin(op, slot, handler);
}

}  // namespace

void client::start_mint(const impl_pointer& impl, const mint_request& request, mint_handler handler) {
  begin_mint(impl, request, handler);
}

void client::start_warm_up(const impl_pointer& impl, std::size_t mints, plain_handler handler) {
  begin_warm_up(impl, mints, handler);
}

void client::start_close(const impl_pointer& impl, plain_handler handler) { begin_close(impl, handler); }

asio::awaitable<mint_result> client::mint(mint_request request) {
  return awaited([impl = impl_, request](mint_handler& handler) { begin_mint(impl, request, handler); },
                 mint_result{mint_error{mint_errc::closed}});
}

asio::awaitable<result<void>> client::warm_up(std::size_t mints) {
  return awaited([impl = impl_, mints](plain_handler& handler) { begin_warm_up(impl, mints, handler); },
                 result<void>{});
}

asio::awaitable<result<void>> client::close() {
  return awaited([impl = impl_](plain_handler& handler) { begin_close(impl, handler); }, result<void>{});
}

void client::set_api_key(secret api_key) {
  credential key = impl_->options().api_key;
  key.rotate(std::move(api_key));
}

clock::duration client::estimate(priority urgency, std::size_t ahead) const noexcept {
  return impl_->estimate(urgency, ahead);
}

std::optional<api_outage> client::outage() const noexcept { return impl_->outage(); }

client_stats client::stats() const noexcept { return impl_->stats(); }

const client_options& client::options() const noexcept { return impl_->options(); }

client::executor_type client::get_executor() const noexcept { return impl_->outer(); }

}  // namespace ephemint::inline v0
