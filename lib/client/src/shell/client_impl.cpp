#include "shell/client_impl.hpp"

#include "core/mints/token_window.hpp"
#include "core/outage/outage_guard.hpp"
#include "net/dial/endpoint.hpp"
#include "shell/credential_access.hpp"
#include "shell/outcomes.hpp"
#include "shell/wake_up_call.hpp"

#include <boost/asio/query.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <memory>
#include <new>
#include <random>
#include <utility>

namespace ephemint::inline v0::detail {

namespace {

core::engine_settings engine_settings_of(const client_options& o, const checked_options& checked,
                                         const rate_governor& governor) {
  core::engine_settings s;
  s.links.max_connections = o.max_connections;
  s.links.idle_timeout = o.idle_timeout;
  s.links.max_age = o.max_connection_age;
  s.dials.first_backoff = o.first_backoff;
  s.dials.max_backoff = o.max_backoff;
  if (checked.endpoint.http != net::http_offer::http1) s.dials.expected_capacity = 0;  // the server tells
  s.retry.max_attempts = o.max_attempts;
  s.retry.first_backoff = o.first_backoff;
  s.retry.max_backoff = o.max_backoff;
  s.retry.budget = o.retry_budget;
  s.attempt_timeout = o.attempt_timeout;
  s.hedge = o.hedge;
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

/// A completion that couldn't be delivered for want of memory is tried again after this time.
constexpr std::chrono::milliseconds telling_pause{5};

/// Whether it could be set. Tries several times, as this timer may be the only event that will ever come.
bool set(net::gate_timer& timer, core::time_point when) noexcept {
  for (int tries = 0; tries < 8; ++tries) try {
      timer.set(when);
      return true;
    } catch (const std::bad_alloc&) {
    }
  return false;
}

/// Asio's list of timers grows when a timer is set, and never shrinks. With room for our timers from the
/// beginning, they can be set even while memory is short; no other event may ever come. The list is the
/// context's: dials, a quota store and the user take places in it as well. Throws `std::bad_alloc`.
void make_room_for_timers(const asio::any_io_executor& executor) {
  constexpr std::size_t places = 32;
  std::vector<asio::steady_timer> room;
  room.reserve(places);
  for (std::size_t i = 0; i < places; ++i) {
    asio::steady_timer& each = room.emplace_back(executor);
    each.expires_after(std::chrono::hours{1});
    each.async_wait([](const boost::system::error_code&) {});
  }
}

core::fate fate_of(net::fate what) noexcept {
  switch (what) {
    case net::fate::unprocessed:
      return core::fate::unprocessed;
    case net::fate::begun:
      return core::fate::begun;
    case net::fate::unknown:
      break;
  }
  return core::fate::unknown;
}

core::address_id address_id_of(const asio::ip::address& address) noexcept {
  core::address_id id{.family = address.is_v4() ? std::uint8_t{4} : std::uint8_t{6}};
  if (address.is_v4())
    std::ranges::copy(address.to_v4().to_bytes(), id.bytes.begin());
  else
    std::ranges::copy(address.to_v6().to_bytes(), id.bytes.begin());
  return id;
}

}  // namespace

client_impl::client_impl(asio::any_io_executor executor, client_options&& options,
                         const checked_options& checked)
    : options_{std::move(options)},
      place_{executor, executor, std::make_shared<net::serial_gate>(!options_.single_threaded), *this},
      keys_{credential_access::state(options_.api_key), checked},
      governor_{options_.governor ? options_.governor
                                  : make_rate_governor(checked.rate, options_.scope, seed())},
      figures_{std::make_shared<client_figures>(governor_, keys_.shared_state())},
      wake_up_call_{std::make_shared<wake_up_call>(executor)},
      engine_{engine_settings_of(options_, checked, *governor_), *governor_, keys_.state().guard(), seed(),
              wake_up_call_},
      endpoint_{net::make_endpoint(executor, place_.gate, checked.endpoint)},
      timer_{executor, *place_.gate, *this},
      telling_timer_{executor, *place_.gate, *this},
      context_{
          asio::use_service<client_registry>(asio::query(executor, asio::execution::context)).members()} {
  if (options_.governor)
    options_.scope = governor_->scope();
  else
    options_.rate = checked.rate;
  options_.user_agent = checked.user_agent;
  // Link numbers are small. With room for all of them now, a dial needs no memory for its place.
  connections_.resize(core::link_slots(options_.max_connections));
  to_flush_.reserve(connections_.size());
  make_room_for_timers(executor);
  if (options_.observer)
    reporter_.emplace(std::make_shared<report_queue>(options_.observer, executor), *place_.gate, engine_,
                      *governor_, keys_.state().guard(), connections_.size());
}

void client_impl::begin() {
  wake_up_call_->belongs_to(weak_from_this());
  keys_.state().listen(wake_up_call_);
  context_->add(*this);
  if (options_.observer) options_.observer->on_client(client_view{figures_});
}

client_impl::~client_impl() {
  wake_up_call_->shut();
  context_->remove(*this);
}

core::time_point client_impl::deadline_of(const mint_request& request, core::time_point now) const noexcept {
  const auto span = request.deadline.count() == 0 ? options_.deadline : request.deadline;
  return span == no_deadline ? core::never : core::add(now, span);
}

// --- what is asked ---

void client_impl::submit(operation& op) noexcept {
  if (orphaned()) return op.abandoned();
  engine_.on_submit(clock::now(), op);
  pump();
}

void client_impl::unbegun(operation& op) noexcept {
  if (reporter_) reporter_->on_unbegun(op, mint_errc::cancelled);
}

void client_impl::invalid(std::uint64_t tag, const account_id& account, priority urgency) noexcept {
  if (reporter_) reporter_->on_invalid(tag, account, urgency);
}

void client_impl::cancel(operation& op) noexcept {
  engine_.on_cancel(clock::now(), op);
  pump();
}

void client_impl::warm_up(core::warm_up& w) noexcept {
  engine_.on_warm_up(clock::now(), w);
  pump();
}

void client_impl::cancel(core::warm_up& w) noexcept {
  engine_.on_cancel(clock::now(), w);
  pump();
}

void client_impl::close() noexcept {
  engine_.on_close(clock::now());
  pump();
}

void client_impl::close(close_operation& op) noexcept {
  closes_.push_back(op);
  close();
  if (engine_.drained()) end_closes();
}

void client_impl::cancel(close_operation& op) noexcept {
  closes_.erase(closes_.iterator_to(op));
  op.end_with(error_of(mint_errc::cancelled));
}

void client_impl::leave() noexcept {
  if (orphaned()) return;
  const auto gate = place_.gate;
  if (came_through_fork() && gate->occupied()) return;  // by a thread of the parent, which doesn't exist here
  gate->enter(leaving_, shared_from_this(), net::completion::place::elsewhere);
}

void client_impl::shut_down() noexcept {
  end_all();
  pump();
}

void client_impl::end_all() noexcept {
  engine_.on_shutdown(clock::now());
  timer_.cancel();
  end_closes();
}

/// No thread runs the context any more, so no thread is inside the gate or can enter it.
void client_impl::on_context_shutdown() noexcept {
  const auto self = shared_from_this();  // what follows may destroy the client
  orphaned_.store(true, std::memory_order_release);
  if (reporter_) reporter_->shut();
  engine_.on_shutdown(clock::now());
  while (const auto c = engine_.next()) {
    if (c->what == core::command::kind::finish) static_cast<operation*>(c->of)->abandoned();
    if (c->what == core::command::kind::warmed) static_cast<warm_up_operation*>(c->warm)->drop();
  }
  closes_.clear_and_dispose([](auto* op) { static_cast<close_operation*>(op)->drop(); });
  place_.gate->drop_said();
  connections_.clear();
  // The client may be destroyed when the context is long gone.
  timer_.drop();
  telling_timer_.drop();
  endpoint_.reset();
  place_.same = {};
  place_.outer = {};
}

void client_impl::on_fork() noexcept {
  const auto self = weak_from_this().lock();
  if (!self || place_.gate->occupied()) return;
  place_.gate->enter(forked_, self, net::completion::place::elsewhere);
}

void client_impl::woken() noexcept {
  wake_up_call_->arrived();
  follow_key();
  engine_.on_quota_changed(clock::now());
  pump();
}

// --- what happens on the links ---

// The end of a mint may release the last reference to the client, so each of these functions holds another
// while it runs.

void client_impl::on_open(net::link_id id, net::link_room room, const net::dial_facts& how) {
  const auto self = shared_from_this();
  ++(how.resumed ? resumed_handshakes_ : full_handshakes_);
  engine_.on_link_open(clock::now(), id, {room.capacity, room.shared, room.settling});
  if (reporter_) reporter_->on_open(id, room, how);
  pump();
}

void client_impl::on_dial_failed(net::link_id id, const net::failure& what) {
  const auto self = shared_from_this();
  connection_at(id).reset();
  engine_.on_dial_failed(clock::now(), id, facts_of(what));
  ended(id, what.message.view(), what.code);
  pump();
}

/// Sorts in place: a name has only a few addresses, and `std::stable_sort` allocates.
void client_impl::arrange(net::addresses& found) {
  const auto now = clock::now();
  const auto earlier = [&](const auto& a, const auto& b) {
    const core::address_book& book = engine_.addresses();
    return book.rank_of(address_id_of(a), now) < book.rank_of(address_id_of(b), now);
  };
  for (auto next = found.begin(); next != found.end(); ++next)
    std::rotate(std::upper_bound(found.begin(), next, *next, earlier), next, next + 1);
}

void client_impl::on_address(net::link_id id, const asio::ip::address& which, net::address_news what) {
  const core::address_id known_as = address_id_of(which);
  if (what == net::address_news::taken) return engine_.on_address_taken(id, known_as);
  const bool silent = what == net::address_news::silent;
  engine_.on_address_failed(clock::now(), known_as,
                            silent ? core::address_trouble::silent : core::address_trouble::broke);
}

void client_impl::on_capacity(net::link_id id, std::uint32_t capacity) {
  const auto self = shared_from_this();
  engine_.on_capacity(clock::now(), id, capacity);
  pump();
}

void client_impl::on_heard(net::link_id id) {
  const auto self = shared_from_this();
  engine_.on_link_heard(clock::now(), id);
  pump();
}

void client_impl::on_settled(net::link_id id) {
  const auto self = shared_from_this();
  engine_.on_link_settled(clock::now(), id);
  pump();
}

void client_impl::on_retiring(net::link_id id) {
  const auto self = shared_from_this();
  engine_.on_link_retiring(clock::now(), id);
  pump();
}

void client_impl::on_reply(net::link_id id, net::attempt_id attempt, const http_reply& framed) {
  const auto self = shared_from_this();
  const core::time_point now = framed.came_at;
  if (!framed.reusable) connection_at(id).reset();
  const core::attempt* const asked = engine_.find(attempt);
  const auto* const asker = asked ? static_cast<const operation*>(asked->of) : nullptr;
  // If nobody waits for this reply, it only shows whether the link is healthy; a token alone is good enough
  // then.
  const bool token_may_be_alone = !asker || asker->token_only;
  try {
    // Today's date is needed only to read a `Retry-After`.
    const auto wall = framed.retry_after.empty() ? std::chrono::system_clock::time_point{}
                                                 : std::chrono::system_clock::now();
    auto facts =
        facts_of(keys_.reader().read(framed, asked ? asked->sent_at : now, wall, token_may_be_alone), framed);
    if (reporter_ && facts.what == core::reply_facts::answer::minted)
      facts.request_id = keys_.reader().request_id_beside(facts.token, framed);
    engine_.on_reply(now, attempt, std::move(facts));
  } catch (const std::bad_alloc&) {
    const auto unread = facts_of(net::out_of_memory());
    if (framed.reusable)
      engine_.on_attempt_lost(now, attempt, core::fate::begun, unread);
    else
      engine_.on_link_gone(now, id, unread, core::fate::begun);
  }
  if (!framed.reusable) ended(id, "its last reply ended it");
  pump();
}

void client_impl::on_attempt_lost(net::link_id, net::attempt_id attempt, net::fate what,
                                  const net::failure& why) {
  const auto self = shared_from_this();
  engine_.on_attempt_lost(clock::now(), attempt, fate_of(what), facts_of(why));
  pump();
}

void client_impl::on_gone(net::link_id id, net::fate what, const net::failure& why) {
  const auto self = shared_from_this();
  connection_at(id).reset();
  engine_.on_link_gone(clock::now(), id, facts_of(why), fate_of(what));
  ended(id, why.message.view(), why.code);
  pump();
}

// --- what the engine commands ---

void client_impl::pump() noexcept {
  if (came_through_fork()) end_all();  // in the child everything ends, whatever the event was
  if (reporter_) reporter_->look();
  while (const auto c = engine_.next()) perform(*c);
  flush();
  if (keys_.any_before() && !engine_.any_out_before(keys_.version())) forget_old_keys();
  // If a wake-up couldn't be set for want of memory, the next event sets it.
  if (wake_at_ != core::never) wake_at(wake_at_);
  publish();
}

void client_impl::perform(const core::command& c) noexcept {
  using kind = core::command::kind;
  switch (c.what) {
    case kind::send:
      return send(c);
    case kind::dial:
      return dial(c.link);
    case kind::drop:
      return drop(c);
    case kind::reset:
      return reset(c);
    case kind::probe:
      return probe(c.link);
    case kind::close:
      if (const auto going = std::exchange(connection_at(c.link), nullptr)) going->close();
      return ended(c.link);
    case kind::finish: {
      operation& op = static_cast<operation&>(*c.of);
      if (reporter_) {
        publish();  // before anything hears of the mint's end; its caller hears of it outside the gate
        reporter_->on_mint(op);
      }
      if (op.end.why == core::outcome::cause::token) return op.finished(std::move(op.token));
      return op.finished(error_of(op, *governor_, clock::now()));
    }
    case kind::warmed:
      return static_cast<warm_up_operation*>(c.warm)->finished();
    case kind::wake_at:
      return wake_at(c.at);
    case kind::drained:
      timer_.cancel();  // a pending timer would keep `run()` from returning
      wake_at_ = core::never;
      return end_closes();
  }
}

/// If there is no memory to write the request with a new key, that counts as a link that didn't take the
/// request.
void client_impl::send(const core::command& c) noexcept {
  try {
    keys_.follow();
  } catch (const std::bad_alloc&) {
    return engine_.on_attempt_lost(clock::now(), c.attempt, core::fate::unsent,
                                   facts_of(net::out_of_memory()));
  }
  request_writer& writer = keys_.writer(static_cast<const operation&>(*c.of).token_only);
  if (connection_at(c.link)->send(c.attempt, writer.write(c.of->account), engine_.last_event()))
    return to_flush(c.link);
  connection_at(c.link).reset();
  engine_.on_send_failed(clock::now(), c.link, c.attempt);
  ended(c.link, "it could not be written to");
}

/// A client that sends nothing must drop the old key too.
void client_impl::follow_key() noexcept try {
  keys_.follow();
} catch (const std::bad_alloc&) {  // tried again at the next request
}

void client_impl::forget_old_keys() noexcept try {
  keys_.forget_before();
} catch (const std::bad_alloc&) {  // tried again at the next event
}

void client_impl::dial(core::link_id id) noexcept try {
  if (reporter_) reporter_->on_dial(id);
  auto& place = connection_at(id);
  place = std::make_shared<net::connection>(outer(), place_.gate, endpoint_, id,
                                            static_cast<net::link_observer&>(*this));
  place->connect(options_.connect_timeout, options_.handshake_timeout);
} catch (const std::bad_alloc&) {
  // A dial that couldn't begin must not count as under way.
  engine_.on_dial_failed(clock::now(), id, facts_of(net::out_of_memory()));
  ended(id, net::out_of_memory().message.view());
}

/// A connection has ended, or couldn't be established.
void client_impl::ended(core::link_id id, std::string_view cause, mint_errc error) noexcept {
  if (reporter_) reporter_->on_end(id, cause, error);
}

void client_impl::drop(const core::command& c) noexcept {
  if (!connection_at(c.link)->drop(c.attempt)) return;
  connection_at(c.link).reset();
  engine_.on_link_gone(clock::now(), c.link, {}, core::fate::unknown);
  ended(c.link);
}

void client_impl::reset(const core::command& c) noexcept {
  if (!connection_at(c.link)->reset(c.attempt)) return to_flush(c.link);
  connection_at(c.link).reset();
  engine_.on_link_gone(clock::now(), c.link, {}, core::fate::unknown);
  ended(c.link);
}

void client_impl::probe(core::link_id id) noexcept {
  connection_at(id)->probe();
  to_flush(id);
}

void client_impl::to_flush(core::link_id id) noexcept {
  const std::uint32_t slot = core::slot_of(id);
  if (!std::exchange(connections_[slot].to_flush, true)) to_flush_.push_back(slot);
}

/// All requests that one event caused are written together. A link that has ended meanwhile has nothing to
/// write.
void client_impl::flush() noexcept {
  for (const std::uint32_t slot : to_flush_) {
    connections_[slot].to_flush = false;
    if (const auto on = connections_[slot].held) on->flush();
  }
  to_flush_.clear();
}

void client_impl::wake_at(core::time_point when) noexcept {
  wake_at_ = when;
  if (!engine_.drained() && !set(timer_, when)) return;
  wake_at_ = core::never;
}

/// Completions that weren't delivered are delivered when the gate is left, so the gate must be entered once
/// more.
void client_impl::on_untold() noexcept {
  if (orphaned() || telling_soon_.exchange(true)) return;
  place_.gate->enter(tell_soon_, shared_from_this(), net::completion::place::elsewhere);
}

void client_impl::tell_soon() noexcept {
  if (!set(telling_timer_, clock::now() + telling_pause)) telling_soon_ = false;
}

void client_impl::on_time(net::gate_timer& timer) noexcept {
  if (orphaned()) return;
  if (&timer == &telling_timer_) {
    telling_soon_ = false;
    return;
  }
  engine_.on_tick(clock::now());
  pump();
}

void client_impl::on_no_timer(net::gate_timer& timer) noexcept { on_time(timer); }

void client_impl::end_closes() noexcept {
  closes_.clear_and_dispose([](auto* op) { static_cast<close_operation*>(op)->end_with({}); });
}

// --- figures ---

void client_impl::publish() noexcept {
  figures_->publish({engine_.count(), full_handshakes_, resumed_handshakes_});
}

/// What the engine would answer, computed from its last published figures: the engine itself can't be asked
/// from another thread.
clock::duration client_impl::estimate(priority urgency, std::size_t ahead) const noexcept {
  const auto now = clock::now();
  const core::engine::counts n = figures_->read().engine;
  const auto queued = static_cast<std::size_t>(urgency == priority::interactive ? n.ahead_of_interactive
                                                                                : n.ahead_of_background);
  std::size_t before = ahead > ~std::size_t{0} - queued ? ~std::size_t{0} : queued + ahead;
  if (governor_->scope() == quota_scope::per_account) before = 0;  // each account has permits of its own
  const auto when = governor_->estimate(now, {urgency, {}, engine_.client()}, before);
  const auto key_when = keys_.state().guard().not_before(now, std::chrono::milliseconds{100});
  return core::between(std::max({when, key_when, now}), now);
}

std::optional<api_outage> client_impl::outage() const noexcept {
  const auto known = core::outage_guard::of(*governor_).reported(clock::now());
  if (!known) return std::nullopt;
  return api_outage{std::max(core::between(clock::now(), known->since), clock::duration::zero()),
                    known->said};
}

// --- operations ---

void mint_operation::cancelled_on_the_way() noexcept {
  client_->unbegun(*this);
  end_with(error_of(mint_errc::cancelled));
}

/// The token may have become too old on the way, if the process was stopped or the executor is busy.
bool mint_operation::look_once_more(mint_result& result) noexcept {
  client_operation::look_once_more(result);
  if (!result) return true;
  const core::token_window window{client_->options().min_remaining};
  if (!window.good(result->expires_at() - token_lifetime, clock::now())) result = taken_too_late();
  return true;
}

void warm_up_operation::cancelled_on_the_way() noexcept { end_with(error_of(mint_errc::cancelled)); }

void warm_up_operation::finished() noexcept {
  if (failed)
    end_with(error_of(static_cast<core::warm_up&>(*this)));
  else
    end_with({});
}

void close_operation::cancelled_on_the_way() noexcept {
  client_->close();
  end_with(error_of(mint_errc::cancelled));
}

}  // namespace ephemint::inline v0::detail
