#include "net/redis_client.hpp"

#include "codec/store_error.hpp"
#include "core/time.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <string>
#include <utility>

namespace ephemint::inline v0::redis {

namespace {

using kind = resp_value::kind;

constexpr int most_redirections = 5;
/// The most remembered servers of a Cluster, whose nodes come and go.
constexpr std::size_t most_places = 8;

/// The script's answer; none if the reply isn't valid.
std::optional<std::vector<store_value>> values_of(const resp_value& reply) {
  if (reply.what != kind::array) return std::nullopt;
  std::vector<store_value> values;
  for (const resp_value& each : reply.elements) {
    if (each.what == kind::integer)
      values.emplace_back(each.integer);
    else if (each.what == kind::text || each.what == kind::status)
      values.emplace_back(each.text);
    else
      return std::nullopt;
  }
  return values;
}

std::string in_time(std::string_view what, std::chrono::milliseconds patience) {
  return std::string{what} + " within " + std::to_string(patience.count()) + " ms";
}

/// Without the text if there is no memory for it.
store_failure failure_of(std::string_view why) noexcept try {
  return {std::string{why}};
} catch (const std::bad_alloc&) {
  return {};
}

sign_in sign_in_of(store_url& url) {
  const bool by_sentinel = url.by_sentinel();
  return {std::move(url.user), std::move(url.password), url.database, by_sentinel};
}

}  // namespace

std::unique_ptr<store_client> make_store_client(const boost::asio::any_io_executor& executor,
                                                std::shared_ptr<net::serial_gate> gate,
                                                store_settings settings, store_client::user& user) {
  return std::make_unique<redis_client>(executor, std::move(gate), std::move(settings), user);
}

redis_client::redis_client(const boost::asio::any_io_executor& executor,
                           std::shared_ptr<net::serial_gate> gate, store_settings settings,
                           store_client::user& user)
    : executor_{executor},
      gate_{std::move(gate)},
      user_{&user},
      trust_{std::move(settings.trust)},
      tls_{settings.where.tls},
      as_{sign_in_of(settings.where)},
      limit_{executor_, *gate_, *this} {
  if (settings.where.by_sentinel())
    finder_ = std::make_unique<master_finder>(executor_, gate_, std::move(settings.where.hosts),
                                              std::move(settings.where.master),
                                              static_cast<master_finder::user&>(*this));
  else
    places_.push_back(make_store_place(executor_, gate_, std::move(settings.where.hosts.front()),
                                       tls_ ? &trust_ : nullptr));
}

redis_client::~redis_client() { close(); }

/// Runs a step; if memory runs out, all waiting commands fail.
template <class Step>
void redis_client::guarded(Step step) noexcept {
  if (closed_) return;
  try {
    step();
    if (!closed_) set_timer();
  } catch (const std::bad_alloc&) {
    lose_main("out of memory");
  } catch (const std::exception& problem) {
    lose_main(problem.what());  // for instance authorities that can't be read any more
  }
}

// --- the user's calls ---

void redis_client::connect() noexcept {
  guarded([this] { reach_main(); });
}

bool redis_client::evaluate(std::uint64_t command, std::string key, store_call what,
                            std::chrono::milliseconds patience) noexcept try {
  if (closed_) return false;
  call& made = calls_.emplace_back();
  made.number = command;
  made.key = std::move(key);
  made.what = std::move(what);
  made.patience = patience;
  made.deadline = core::add(clock::now(), patience);
  // Called later, so that nothing is told from inside this call; at the end of the gate's current task at the
  // latest.
  guarded([this] { pump(); });
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

bool redis_client::older_than(std::chrono::milliseconds span) const noexcept {
  return main_ != nullptr && main_->ready() && main_->older_than(span);
}

void redis_client::close() noexcept {
  closed_ = true;
  if (finder_) finder_->cancel();
  main_ = nullptr;
  nodes_.clear();
  calls_.clear();
  limit_.cancel();
}

void redis_client::drop() noexcept {
  close();
  if (finder_) finder_->drop();
  limit_.drop();
}

// --- nodes ---

void redis_client::reach_main() {
  if (main_ != nullptr || finding_) return;
  if (moved_to_) {
    main_ = &node_at(*moved_to_);
  } else if (finder_) {
    finder_->find();
    finding_ = true;
  } else {
    main_ = &node_at(places_.front()->address);
  }
}

/// The node with that address; a new one is made if there is none.
store_node& redis_client::node_at(const store_address& address) {
  for (store_node& node : nodes_)
    if (node.address() == address) return node;
  auto place = std::ranges::find_if(places_, [&](const auto& known) { return known->address == address; });
  if (place == places_.end()) {
    if (places_.size() == most_places) places_.erase(places_.begin() + (finder_ ? 0 : 1));
    places_.push_back(make_store_place(executor_, gate_, address, tls_ ? &trust_ : nullptr));
    place = std::prev(places_.end());
  }
  store_node& made =
      nodes_.emplace_back(executor_, gate_, *place, as_, static_cast<store_node::user&>(*this));
  try {
    made.connect();
  } catch (...) {
    nodes_.pop_back();
    throw;
  }
  return made;
}

void redis_client::on_master(store_address address) noexcept {
  finding_ = false;
  guarded([&] {
    main_ = &node_at(address);
    pump();
  });
}

void redis_client::on_no_master(std::string_view why) noexcept {
  finding_ = false;
  lose_main(why);
}

void redis_client::on_ready(store_node& node) noexcept {
  guarded([&] {
    if (&node == main_) user_->on_ready();
    if (!closed_) pump();
  });
}

void redis_client::on_end(store_node& node, std::string_view why) noexcept {
  const bool was_main = &node == main_;
  if (was_main) {
    main_ = nullptr;
    moved_to_.reset();
    // Its name may belong to another server by now.
    for (const auto& place : places_)
      if (place->address == node.address()) place->doubt();
  }
  for (call& each : calls_)  // commands that wait for the main node lose it too
    if (was_main && each.at == nullptr) each.at = &node;
  calls lost;
  for (auto each = calls_.begin(); each != calls_.end();) {
    const auto next = std::next(each);
    if (each->at == &node) lost.splice(lost.end(), calls_, each);
    each = next;
  }
  const store_failure told = failure_of(why);
  nodes_.remove_if([&](const store_node& each) { return &each == &node; });
  for (const call& each : lost)
    if (!closed_) user_->on_failure(each.number, told);
  if (was_main && lost.empty() && !closed_) user_->on_lost(told);
  if (!closed_) set_timer();
}

/// The main node can't be reached.
void redis_client::lose_main(std::string_view why) noexcept {
  if (main_ != nullptr) return main_->end(why);
  const store_failure told = failure_of(why);
  if (!fail_all([](const call& each) { return each.at == nullptr; }, told.message) && !closed_)
    user_->on_lost(told);
  if (!closed_) set_timer();
}

/// Drops the nodes of a Cluster that aren't the main one and have no command under way.
void redis_client::forget_idle_nodes() noexcept {
  nodes_.remove_if([this](const store_node& node) {
    return &node != main_ && node.idle() &&
           std::ranges::none_of(calls_, [&](const call& each) { return each.at == &node; });
  });
}

// --- commands ---

void redis_client::pump() {
  const bool some_wait = std::ranges::any_of(calls_, [](const call& each) { return each.at == nullptr; });
  if (some_wait) reach_main();
  for (call& each : calls_) {
    if (each.sent) continue;
    store_node* const node = each.at ? each.at : main_;
    if (node == nullptr || !node->ready()) continue;
    each.at = node;
    send(each);
  }
}

void redis_client::send(call& what) {
  what.what.calm = what.at->older_than(what.what.window);
  const std::vector<std::string> arguments = arguments_of(what.what);
  std::vector<std::string_view> words;
  words.reserve(arguments.size() + 4);
  words.emplace_back(what.with_script ? "EVAL" : "EVALSHA");
  words.emplace_back(what.with_script ? quota_script() : std::string_view{quota_script_digest()});
  words.emplace_back("1");
  words.emplace_back(what.key);
  words.insert(words.end(), arguments.begin(), arguments.end());
  what.sent = true;  // if it can't be sent, it ends with its node
  if (what.asking)
    what.at->send_asking(what.number, words);
  else
    what.at->send(what.number, words);
}

void redis_client::on_reply(store_node& node, std::uint64_t tag, resp_value reply) noexcept {
  guarded([&] {
    const auto which = std::ranges::find_if(
        calls_, [&](const call& each) { return each.number == tag && each.at == &node && each.sent; });
    if (which != calls_.end()) take(node, which, reply);
    if (!closed_) forget_idle_nodes();
  });
}

void redis_client::take(store_node& node, calls::iterator which, const resp_value& reply) {
  if (reply.what == kind::error) return take_error(node, which, reply);
  auto values = values_of(reply);
  if (!values) return node.end("it answered what the script never does");
  const std::uint64_t number = which->number;
  calls_.erase(which);
  user_->on_value(number, *std::move(values));
}

void redis_client::take_error(store_node& node, calls::iterator which, const resp_value& reply) {
  call& what = *which;
  const store_error error = read_error(reply.text, what.with_script ? "EVAL" : "EVALSHA");
  switch (error.what) {
    case store_error::kind::no_script:
      if (std::exchange(what.with_script, true)) break;
      what.sent = false;
      return pump();
    case store_error::kind::moved:
    case store_error::kind::ask: {
      const auto address = redirected_to(error.elsewhere, node.address().host);
      if (!address) return node.end("it named a node whose address is none");
      if (++what.redirections > most_redirections) break;
      return redirect(node, what, *address, error.what == store_error::kind::ask);
    }
    case store_error::kind::this_command:
      break;
    case store_error::kind::this_server:
      return node.end(error.message);
  }
  fail(which, error.message);
}

void redis_client::redirect(store_node& by, call& what, const store_address& address, bool once) {
  what.sent = false;
  what.asking = once;
  what.at = nullptr;
  if (once) {
    what.at = &node_at(address);
  } else {
    moved_to_ = address;
    if (main_ == &by || main_ == nullptr) main_ = &node_at(address);
  }
  pump();
}

void redis_client::fail(calls::iterator which, std::string_view why) noexcept {
  const std::uint64_t number = which->number;
  const store_failure told = failure_of(why);
  calls_.erase(which);
  user_->on_failure(number, told);
}

/// Returns whether there were any.
template <class Which>
bool redis_client::fail_all(Which which, std::string_view why) noexcept {
  calls lost;
  for (auto each = calls_.begin(); each != calls_.end();) {
    const auto next = std::next(each);
    if (which(*each)) lost.splice(lost.end(), calls_, each);
    each = next;
  }
  const store_failure told = failure_of(why);
  for (const call& each : lost)
    if (!closed_) user_->on_failure(each.number, told);
  return !lost.empty();
}

// --- time ---

void redis_client::on_time(net::gate_timer&) noexcept {
  if (made_in_.elsewhere()) return close();
  const auto now = clock::now();
  while (!closed_ && end_one_overdue(now)) continue;
  if (!closed_) set_timer();
}

/// One at a time, as a callback may change the rest.
bool redis_client::end_one_overdue(clock::time_point now) noexcept try {
  for (store_node& node : nodes_)
    if (node.due() && *node.due() <= now) return node.end("it didn't answer while we signed in"), true;
  const auto late = std::ranges::find_if(calls_, [&](const call& each) { return each.deadline <= now; });
  if (late == calls_.end()) return false;
  if (late->sent)
    late->at->end(in_time("no answer", late->patience));
  else
    fail(late, in_time("no connection", late->patience));
  return true;
} catch (const std::bad_alloc&) {
  return fail_all([&](const call& each) { return each.deadline <= now; }, "out of memory");
}

void redis_client::on_no_timer(net::gate_timer&) noexcept {
  fail_all([](const call&) { return true; }, "out of memory");
}

void redis_client::set_timer() noexcept try {
  auto next = core::never;
  for (const store_node& node : nodes_) next = std::min(next, node.due().value_or(core::never));
  for (const call& each : calls_) next = std::min(next, each.deadline);
  if (next == core::never) return limit_.cancel();
  limit_.set(next);
} catch (const std::bad_alloc&) {
  on_no_timer(limit_);
}

}  // namespace ephemint::inline v0::redis
