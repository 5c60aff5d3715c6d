#include "net/wire/http1/http1_wire.hpp"

#include <cassert>
#include <utility>

namespace ephemint::inline v0::net {

namespace {

/// After this long without a request a server may be about to close the connection.
constexpr clock::duration a_while = std::chrono::milliseconds{10};

}  // namespace

wire::news http1_wire::commit(std::size_t size) {
  if (!out_) return refuse(connection_lost(host_, "the server sent bytes that nobody had asked for"));
  const bool surplus = parser_.complete();
  switch (parser_.commit(size)) {
    case reply_parser::status::incomplete:
      return news::none;
    case reply_parser::status::complete:
      return surplus ? news::surplus : news::some;
    case reply_parser::status::refused:
      if (parser_.body_refused()) return news::surplus;  // its status is still an answer
      break;
  }
  return refuse({mint_errc::bad_response, host_ + ": " + parser_.problem(), false});
}

wire::news http1_wire::end(bool clean, std::string_view cause) {
  if (!out_) return refuse(connection_lost(host_, std::string{cause} + " while it was idle"));
  if (parser_.end(clean) == reply_parser::status::complete) return news::some;
  return refuse(connection_lost(host_, parser_.problem() + " (" + std::string{cause} + ')'));
}

wire::news http1_wire::next(note& told) {
  if (!out_ || !(parser_.complete() || parser_.body_refused())) return news::none;
  told.reply = parser_.reply();
  // RFC 9110, 15.5.9: a server that closes an unused connection may say 408 first. That is no answer to a
  // request that crossed it on the way.
  if (told.reply.status == 408 && may_be_closing_ && !told.reply.reusable) {
    parser_.reset();
    return refuse(connection_lost(host_, "the server closed the idle connection (408)"));
  }
  answered_ = true;
  told.what = note::kind::reply;
  told.attempt = *std::exchange(out_, std::nullopt);
  return news::some;
}

void http1_wire::submit(attempt_id attempt, const detail::prepared_request& request, clock::duration idle) {
  assert(!out_);
  out_ = attempt;
  request_ = request.text;
  may_be_closing_ = answered_ || idle > a_while;
  had_rested_ = answered_ || idle > newcomer;
}

/// A server may close an idle connection while a request is on its way, and then hasn't seen the request, or
/// doesn't process it. If it closes a new connection, that may be because of the request.
fate http1_wire::fate_of_rest() const noexcept {
  if (!out_) return fate::unknown;
  if (parser_.begun()) return fate::begun;
  return had_rested_ ? fate::unprocessed : fate::unknown;
}

wire::news http1_wire::refuse(failure why) noexcept {
  problem_ = std::move(why);
  return news::refused;
}

}  // namespace ephemint::inline v0::net
