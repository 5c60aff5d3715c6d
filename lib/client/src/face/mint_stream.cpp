#include "face/options.hpp"
#include "shell/stream.hpp"

#include <ephemint/client.hpp>
#include <ephemint/mint_stream.hpp>

#include <stdexcept>
#include <utility>

namespace ephemint::inline v0 {

using namespace detail;

mint_stream::mint_stream(std::shared_ptr<stream_state> s) : state_{std::move(s)} {}
mint_stream::mint_stream(mint_stream&&) noexcept = default;

mint_stream& mint_stream::operator=(mint_stream&& other) noexcept {
  const mint_stream leaving{std::move(*this)};
  state_ = std::move(other.state_);
  return *this;
}

mint_stream::~mint_stream() {
  if (state_) state_->abandon();
}

mint_stream::executor_type mint_stream::get_executor() const noexcept { return state_->minter->outer(); }
mint_stream::executor_type mint_stream::initiate_next::get_executor() const noexcept {
  return state_->minter->outer();
}

asio::awaitable<std::optional<account_result>> mint_stream::next() { return next_of(state_); }

void mint_stream::start_next(
    const std::shared_ptr<stream_state>& state,
    asio::any_completion_handler<void(std::exception_ptr, std::optional<account_result>)> handler) {
  next_for(state, std::move(handler));
}

mint_stream client::mint_many(account_source accounts, many_options options) {
  if (options.in_flight > 100'000)
    throw std::invalid_argument{"many_options.in_flight: 1 to 100000, or 0 for twice max_connections"};
  const mint_request each{.account = "se-1",
                          .urgency = options.urgency,
                          .deadline = options.deadline,
                          .outage_patience = options.outage_patience};
  if (auto wrong = check(each); !wrong.empty()) throw std::invalid_argument{"many_options." + wrong};
  auto state = std::make_shared<stream_state>(impl_, std::move(accounts), options);
  state->begin();
  return mint_stream{std::move(state)};
}

}  // namespace ephemint::inline v0
