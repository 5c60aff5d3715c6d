#include "shell/outcomes.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace ephemint::inline v0::detail {

namespace {

struct verdict_entry {
  core::reply_facts::answer what;
  mint_errc code;
};

verdict_entry entry_of(reply_verdict verdict) noexcept {
  using answer = core::reply_facts::answer;
  switch (verdict) {
    case reply_verdict::minted:
      return {answer::minted, {}};
    case reply_verdict::rate_limited:
      return {answer::rate_limited, mint_errc::rate_limited};
    case reply_verdict::throttled:
      return {answer::throttled, mint_errc::rate_limited};
    case reply_verdict::key_refused:
      return {answer::key_refused, mint_errc::unauthorized};
    case reply_verdict::rejected:
      return {answer::rejected, mint_errc::rejected};
    case reply_verdict::elsewhere:
      return {answer::elsewhere, mint_errc::server_error};
    case reply_verdict::server_error:
      return {answer::server_error, mint_errc::server_error};
    case reply_verdict::malformed:
      break;
  }
  return {answer::malformed, mint_errc::bad_response};
}

/// The message for an end that the engine decides itself; empty: the code's own message.
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

mint_error with(mint_errc code, std::string_view message) noexcept try {
  return {code, {.message = std::string{message}}};
} catch (const std::bad_alloc&) {
  return mint_error{code};
}

/// The details of the last attempt's error that apply to the whole mint.
mint_error::details details_of(const mint_error& said) {
  mint_error::details d;
  d.message = said.message();
  d.http_status = said.http_status();
  d.request_id = said.request_id();
  d.api_errors = said.api_errors();
  return d;
}

/// The message for what the engine decided.
std::string words_of_end(const core::mint& m, const rate_governor& governor) {
  std::string words;
  if (m.end.code == mint_errc::rate_limited) words = governor.trouble();
  if (words.empty()) words = words_for(m.end.code);
  return words;
}

mint_error::details details_of(const core::mint& m, const rate_governor& governor) {
  if (m.end.why == core::outcome::cause::said) return details_of(m.said);
  mint_error::details d;
  d.message = words_of_end(m, governor);
  if (!m.met_anything) return d;
  std::string words = std::move(d.message);
  d = details_of(m.said);
  const bool dialled_only = m.attempts == 0;
  words += dialled_only ? "; the last connection attempt: " : "; the last attempt: ";
  d.message.insert(0, words);
  return d;
}

}  // namespace

core::reply_facts facts_of(understood_reply&& reply, const http_reply& framed) noexcept {
  const verdict_entry entry = entry_of(reply.verdict);
  core::reply_facts facts;
  facts.what = entry.what;
  facts.retry_after = reply.retry_after;
  facts.reusable = framed.reusable;
  facts.http_status = framed.status;
  facts.foreign = reply.verdict == reply_verdict::rejected && reply.api_errors.empty();
  if (framed.keep_alive) facts.keep_alive = *framed.keep_alive;
  if (entry.what == core::reply_facts::answer::minted) {
    facts.token = std::move(reply.token);
    return facts;
  }
  try {
    mint_error::details d;
    d.message = std::move(reply.message);
    d.http_status = reply.http_status;
    d.request_id = std::move(reply.request_id);
    d.api_errors = std::move(reply.api_errors);
    facts.said = mint_error{entry.code, std::move(d)};
    facts.request_id = facts.said.request_id();
  } catch (const std::bad_alloc&) {
    facts.said = mint_error{entry.code};
  }
  return facts;
}

core::failure_facts facts_of(const net::failure& what) noexcept {
  return {what.code, what.retryable, with(what.code, what.message.view()), what.not_before};
}

mint_error error_of(const core::mint& m, const rate_governor& governor, core::time_point now) noexcept try {
  mint_error::details d = details_of(m, governor);
  d.attempts = m.end.attempts;
  // Errors that may be retried say when. So does a refused key: it may be tried again at its next probe.
  const bool over = make_error_code(m.end.code) == mint_condition::give_up;
  if (!over && m.end.retry_at != core::never)
    d.retry_after = std::max(core::between(m.end.retry_at, now), core::duration::zero());
  return {m.end.code, std::move(d)};
} catch (const std::bad_alloc&) {
  return mint_error{m.end.code};
}

mint_error error_of(const core::warm_up& w) noexcept {
  const bool ours = w.code == mint_errc::closed || w.code == mint_errc::cancelled;
  return ours ? error_of(w.code) : w.said;
}

mint_error error_of(mint_errc code) noexcept { return with(code, words_for(code)); }

mint_error error_of_fork() noexcept { return with(mint_errc::closed, net::made_before_fork); }

mint_error taken_too_late() noexcept {
  return with(mint_errc::timed_out, "a token came, but its executor took it too late");
}

}  // namespace ephemint::inline v0::detail
