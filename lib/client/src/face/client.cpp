#include "shell/client_impl.hpp"

#include <ephemint/client.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/use_awaitable.hpp>

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

void client::start_mint(const impl_pointer& impl, const mint_request& request,
                        asio::any_completion_handler<void(mint_result)> handler) {
  std::optional<mint_error> refusal;
  if (auto wrong = check(request); !wrong.empty())
    refusal.emplace(mint_errc::invalid_request, mint_error::details{.message = std::move(wrong)});
  const auto slot = asio::get_associated_cancellation_slot(handler);
  mint_operation& op = mint_operation::make(impl->place(), std::move(handler), impl);
  if (refusal) return op.refuse(*std::move(refusal));
  op.account = request.account;
  op.urgency = request.urgency;
  op.deadline = impl->deadline_of(request, clock::now());
  mint_operation::begin(op, slot);
}

void client::start_warm_up(const impl_pointer& impl, std::size_t mints,
                           asio::any_completion_handler<void(result<void>)> handler) {
  const auto slot = asio::get_associated_cancellation_slot(handler);
  warm_up_operation::begin(warm_up_operation::make(impl->place(), std::move(handler), impl, mints), slot);
}

void client::start_close(const impl_pointer& impl, asio::any_completion_handler<void(result<void>)> handler) {
  const auto slot = asio::get_associated_cancellation_slot(handler);
  close_operation::begin(close_operation::make(impl->place(), std::move(handler), impl), slot);
}

asio::awaitable<mint_result> client::mint(mint_request request) {
  return async_mint(request, asio::use_awaitable);
}

asio::awaitable<result<void>> client::warm_up(std::size_t mints) {
  return async_warm_up(mints, asio::use_awaitable);
}

asio::awaitable<result<void>> client::close() { return async_close(asio::use_awaitable); }

clock::duration client::estimate(priority urgency) const noexcept { return impl_->estimate(urgency); }

client_stats client::stats() const noexcept { return impl_->stats(); }

const client_options& client::options() const noexcept { return impl_->options(); }

client::executor_type client::get_executor() const noexcept { return impl_->outer(); }

}  // namespace ephemint::inline v0
