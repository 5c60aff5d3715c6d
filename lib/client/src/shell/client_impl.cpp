#include "shell/client_impl.hpp"

#include "net/dial/endpoint.hpp"

#include <boost/asio/query.hpp>

#include <algorithm>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <utility>

namespace ephemint::inline v0::detail {

namespace {

core::engine_settings engine_settings_of(const client_options& o, const rate_governor& governor) {
  core::engine_settings s;
  s.pool.max_connections = o.max_connections;
  s.pool.idle_timeout = o.idle_timeout;
  s.pool.max_age = o.max_connection_age;
  s.pool.first_backoff = o.first_backoff;
  s.pool.max_backoff = o.max_backoff;
  s.retry.max_attempts = o.max_attempts;
  s.retry.first_backoff = o.first_backoff;
  s.retry.max_backoff = o.max_backoff;
  s.retry.budget = o.retry_budget;
  s.attempt_timeout = o.attempt_timeout;
  s.min_remaining = o.min_remaining;
  s.max_queued = o.max_queued;
  s.retry_stale_connections = o.retry_stale_connections;
  s.scope = governor.scope();
  return s;
}

std::uint64_t seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

core::reply_facts facts_of(const understood_reply& reply, const http_reply& framed) {
  using answer = core::reply_facts::answer;
  core::reply_facts facts;
  switch (reply.verdict) {
    case reply_verdict::minted:
      facts.what = answer::minted;
      break;
    case reply_verdict::rate_limited:
      facts.what = answer::rate_limited;
      break;
    case reply_verdict::key_refused:
      facts.what = answer::key_refused;
      break;
    case reply_verdict::rejected:
      facts.what = answer::rejected;
      break;
    case reply_verdict::throttled:
      facts.what = answer::throttled;
      break;
    case reply_verdict::server_error:
      facts.what = answer::server_error;
      break;
    case reply_verdict::malformed:
      facts.what = answer::malformed;
      break;
  }
  facts.retry_after = reply.retry_after;
  facts.reusable = framed.reusable;
  if (framed.keep_alive) facts.keep_alive = *framed.keep_alive;
  return facts;
}

mint_errc code_of(reply_verdict verdict) noexcept {
  switch (verdict) {
    case reply_verdict::minted:
      return mint_errc::timed_out;  // a token that came too late
    case reply_verdict::rate_limited:
    case reply_verdict::throttled:
      return mint_errc::rate_limited;
    case reply_verdict::key_refused:
      return mint_errc::unauthorized;
    case reply_verdict::rejected:
      return mint_errc::rejected;
    case reply_verdict::server_error:
      return mint_errc::server_error;
    case reply_verdict::malformed:
      return mint_errc::bad_response;
  }
  return mint_errc::bad_response;
}

mint_error::details details_of(const understood_reply& reply) {
  mint_error::details d;
  d.message = reply.message;
  d.http_status = reply.http_status;
  d.request_id = reply.request_id;
  d.api_errors = reply.api_errors;
  d.retry_after = reply.retry_after;
  return d;
}

/// What the engine's own verdicts are called.
std::string_view words_for(mint_errc code) noexcept {
  switch (code) {
    case mint_errc::timed_out:
      return "no token came in time";
    case mint_errc::rate_limited:
      return "the quota has no permit that would bring a token before the deadline";
    case mint_errc::overloaded:
      return "max_queued mints are waiting already";
    case mint_errc::unauthorized:
      return "the API refused this api_key a moment ago; nothing was sent";
    case mint_errc::cancelled:
      return "cancelled by the caller";
    case mint_errc::closed:
      return "the client was closed";
    default:
      return "the connection failed before the request could be sent";
  }
}

/// What is being told to the engine, for as long as that takes.
template <class T>
class telling {
 public:
  telling(T*& place, T& what) : place_{place} { place_ = &what; }
  ~telling() { place_ = nullptr; }
  telling(const telling&) = delete;
  telling& operator=(const telling&) = delete;

 private:
  T*& place_;
};

constexpr std::uint32_t slot_mask = 0xfff;  // as the engine's pool numbers connections

}  // namespace

client_impl::client_impl(asio::any_io_executor executor, client_options&& options,
                         const checked_options& checked)
    : options_{std::move(options)},
      key_{std::move(options_.api_key)},
      handlers_{executor},
      gate_{std::make_shared<net::serial_gate>(!options_.single_threaded)},
      governor_{options_.governor ? options_.governor
                                  : make_rate_governor(checked.rate, options_.scope, seed())},
      engine_{engine_settings_of(options_, *governor_), *governor_, seed()},
      writer_{checked.host_header, checked.target, key_, checked.user_agent},
      reader_{checked.redirects, &key_},
      endpoint_{net::make_endpoint(executor, gate_, checked.endpoint)},
      timer_{executor},
      registry_{asio::use_service<client_registry>(asio::query(executor, asio::execution::context))} {
  options_.rate = checked.rate;
  options_.user_agent = checked.user_agent;
  registry_.add(*this);
}

client_impl::~client_impl() {
  registry_.remove(*this);
  live_.clear_and_dispose(std::default_delete<operation>{});
}

core::time_point client_impl::deadline_of(const mint_request& request, core::time_point now) const noexcept {
  const auto span = request.deadline.count() == 0 ? options_.deadline : request.deadline;
  return span == no_deadline ? core::never : now + span;
}

// --- what is asked ---

void client_impl::submit(std::unique_ptr<operation> asked, priority urgency, core::time_point deadline) {
  operation& op = *asked;
  live_.push_back(*asked.release());
  op.job = engine_.on_submit(clock::now(), {op.account, urgency, deadline, &op});
  pump();
}

void client_impl::cancel(core::job_id job) {
  engine_.on_cancel(clock::now(), job);
  pump();
}

void client_impl::warm_up(std::size_t connections,
                          asio::any_completion_handler<void(std::exception_ptr)> handler) {
  warm_ups_.push_back({std::min(connections, options_.max_connections), std::move(handler)});
  if (closing_) return end_warm_ups_closed();
  engine_.on_warm_up(clock::now(), connections);
  pump();
  check_warm_ups();
}

void client_impl::close(asio::any_completion_handler<void()> handler) {
  closes_.push_back(std::move(handler));
  closing_ = true;
  end_warm_ups_closed();
  engine_.on_close(clock::now());
  pump();
  if (drained_) end_closes();
}

void client_impl::shut_down() {
  closing_ = drained_ = true;
  engine_.on_shutdown(clock::now());
  pump();
  timer_.cancel();
  end_warm_ups_closed();
  end_closes();
}

void client_impl::on_context_shutdown() noexcept {
  const auto self = shared_from_this();  // what follows may destroy the client
  orphaned_.store(true, std::memory_order_release);
  connections_.clear();
  warm_ups_.clear();
  closes_.clear();
  live_list dropped;
  dropped.swap(live_);
  dropped.clear_and_dispose(std::default_delete<operation>{});
}

// --- what happens on the connections ---

// What a mint's end lets go of may hold the last reference to the client: each of these holds one more while
// it runs.

void client_impl::on_open(net::link_id id, std::uint32_t, bool resumed) {
  const auto self = shared_from_this();
  ++(resumed ? resumed_handshakes_ : full_handshakes_);
  dial_trouble_.clear();
  engine_.on_connected(clock::now(), id);
  pump();
  check_warm_ups();
}

void client_impl::on_dial_failed(net::link_id id, const net::failure& what) {
  const auto self = shared_from_this();
  drop_connection(id);
  dial_trouble_ = what.message.view();
  const telling told{failure_, what};
  engine_.on_dial_failed(clock::now(), id, {what.code, what.retryable});
  pump();
  end_warm_ups(
      std::make_exception_ptr(mint_exception{mint_error{what.code, {.message = std::string{what.message}}}}));
}

void client_impl::on_reply(net::link_id id, net::attempt_id, const http_reply& framed) {
  const auto self = shared_from_this();
  const core::time_point now = clock::now();
  understood_reply reply = reader_.read(framed, engine_.sent_at(id), std::chrono::system_clock::now());
  if (!framed.reusable) drop_connection(id);
  met_ = engine_.carries_job(id) ? static_cast<operation*>(engine_.owner_of(id)) : nullptr;
  const telling told{reply_, reply};
  engine_.on_reply(now, id, facts_of(reply, framed));
  pump();
  remember_attempt(code_of(reply.verdict));
}

void client_impl::on_attempt_lost(net::link_id, net::attempt_id, net::fate what, const net::failure&) {
  reply_begun_ = what == net::fate::begun;
}

void client_impl::on_gone(net::link_id id, const net::failure& what) {
  const auto self = shared_from_this();
  drop_connection(id);
  met_ = engine_.carries_job(id) ? static_cast<operation*>(engine_.owner_of(id)) : nullptr;
  const telling told{failure_, what};
  engine_.on_lost(clock::now(), id, {what.code, what.retryable}, std::exchange(reply_begun_, false));
  pump();
  remember_attempt(what.code);
  if (engine_.warm_up_failed())
    end_warm_ups(std::make_exception_ptr(
        mint_exception{mint_error{what.code, {.message = std::string{what.message}}}}));
}

/// Keeps what an attempt met for a mint that goes on.
void client_impl::remember_attempt(mint_errc code) {
  if (operation* const met = std::exchange(met_, nullptr))
    met->last = mint_error{
        code, reply_ ? details_of(*reply_) : mint_error::details{.message = std::string{failure_->message}}};
}

// --- what the engine commands ---

void client_impl::pump() {
  while (const auto c = engine_.next()) perform(*c);
  publish();
}

void client_impl::perform(const core::command& c) {
  using kind = core::command::kind;
  switch (c.what) {
    case kind::send:
      return send(c);
    case kind::dial:
      return dial(c.connection);
    case kind::abandon:
      return abandon(c.connection);
    case kind::close:
      if (const auto going = connection_at(c.connection)) {
        drop_connection(c.connection);
        going->close();
      }
      return;
    case kind::finish:
      return finish(c);
    case kind::wake_at:
      return wake_at(c.at);
    case kind::drained:
      drained_ = true;
      timer_.cancel();  // it would keep the context busy for nothing
      return end_closes();
  }
}

void client_impl::send(const core::command& c) {
  const auto& op = *static_cast<const operation*>(c.owner);
  if (connection_at(c.connection)->send(c.connection, writer_.write(op.account))) return;
  drop_connection(c.connection);
  engine_.on_send_failed(clock::now(), c.connection);
}

void client_impl::dial(std::uint32_t id) try {
  const std::size_t slot = id & slot_mask;
  if (slot >= connections_.size()) connections_.resize(slot + 1);
  connections_[slot] = std::make_shared<net::connection>(outer(), gate_, endpoint_, id,
                                                         static_cast<net::link_observer&>(*this));
  connections_[slot]->connect(options_.connect_timeout, options_.handshake_timeout);
} catch (const std::bad_alloc&) {
  // A dial that never began must not look like one under way.
  engine_.on_dial_failed(clock::now(), id, {});
}

void client_impl::abandon(std::uint32_t id) {
  const auto left = connection_at(id);
  if (!left || !left->drop(id)) return;  // null: a send failed on it since that was said
  drop_connection(id);
  engine_.on_abandoned(clock::now(), id);
}

void client_impl::wake_at(core::time_point when) {
  if (drained_) return;
  timer_.expires_at(when);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code ec) {
    // A wait that ended just before it was replaced comes through here too: a tick too many does no harm.
    if (ec || self->orphaned()) return;
    self->enter([self] {
      self->engine_.on_tick(clock::now());
      self->pump();
    });
  });
}

void client_impl::finish(const core::command& c) {
  const std::unique_ptr<operation> op{static_cast<operation*>(c.owner)};
  live_.erase(live_.iterator_to(*op));
  if (met_ == op.get()) met_ = nullptr;
  op->attempts = c.attempts;
  publish();  // whoever hears of the mint's end finds it counted
  if (c.why == core::command::cause::token)
    op->complete(std::move(reply_->token));
  else
    op->complete(error_of(c, *op));
}

mint_error client_impl::error_of(const core::command& c, const operation& op) const {
  using cause = core::command::cause;
  mint_error::details d;
  if (c.why == cause::reply && reply_) {
    d = details_of(*reply_);
  } else if (c.why == cause::failure && failure_) {
    d.message = failure_->message.view();
  } else {
    d.message = words_for(c.code);
    const bool waited_in_vain = c.code == mint_errc::timed_out || c.code == mint_errc::connect_failed;
    if (op.last) {
      d.message += "; the last attempt: ";
      d.message += op.last->message();
      d.http_status = op.last->http_status();
      d.request_id = op.last->request_id();
      d.api_errors = op.last->api_errors();
    } else if (waited_in_vain && !dial_trouble_.empty()) {
      d.message += "; the last connection attempt: " + dial_trouble_;
    }
  }
  d.attempts = c.attempts;
  if (c.at != core::never) d.retry_after = std::max(c.at - clock::now(), clock::duration::zero());
  return mint_error{c.code, std::move(d)};
}

// --- who else waits ---

void client_impl::end_warm_ups(std::exception_ptr error) {
  for (auto& wait : std::exchange(warm_ups_, {})) {
    handlers_.call(std::move(wait.handler), [error](auto&& handler) { std::move(handler)(error); });
  }
}

void client_impl::end_warm_ups_closed() {
  if (warm_ups_.empty()) return;
  end_warm_ups(std::make_exception_ptr(
      mint_exception{mint_error{mint_errc::closed, {.message = std::string{words_for(mint_errc::closed)}}}}));
}

void client_impl::check_warm_ups() {
  const std::size_t live = engine_.count().connections;
  for (auto it = warm_ups_.begin(); it != warm_ups_.end();) {
    if (it->connections > live) {
      ++it;
      continue;
    }
    handlers_.call(std::move(it->handler), [](auto&& handler) { std::move(handler)(nullptr); });
    it = warm_ups_.erase(it);
  }
}

void client_impl::end_closes() {
  for (auto& handler : std::exchange(closes_, {})) {
    handlers_.call(std::move(handler), [](auto&& h) { std::move(h)(); });
  }
}

// --- figures ---

void client_impl::publish() noexcept {
  const auto n = engine_.count();
  const std::array<std::uint64_t, 15> figures{
      n.submitted,  n.minted, n.failed,    n.requests, n.retries,      n.stale_retries,  n.rate_limited,
      n.expired,    n.queued, n.in_flight, n.dials,    n.failed_dials, full_handshakes_, resumed_handshakes_,
      n.connections};
  for (std::size_t i = 0; i < figures.size(); ++i) published_[i].store(figures[i], std::memory_order_relaxed);
}

client_stats client_impl::published() const noexcept {
  const auto at = [this](std::size_t i) { return published_[i].load(std::memory_order_relaxed); };
  return {at(0), at(1), at(2),  at(3),  at(4),  at(5),  at(6), at(7),
          at(8), at(9), at(10), at(11), at(12), at(13), at(14)};
}

std::shared_ptr<net::connection>& client_impl::connection_at(std::uint32_t id) {
  return connections_[id & slot_mask];
}

void client_impl::drop_connection(std::uint32_t id) noexcept { connections_[id & slot_mask].reset(); }

}  // namespace ephemint::inline v0::detail
