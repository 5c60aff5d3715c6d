#include "net/connection.hpp"

#include "net/agreed_wire.hpp"
#include "net/dial/dial.hpp"
#include "net/dial/shared_endpoint.hpp"
#include "net/serial_gate.hpp"
#include "net/tls_stream.hpp"
#include "net/wire/wire.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <cassert>
#include <new>
#include <string>
#include <utility>

namespace ephemint::inline v0::net {

using boost::system::error_code;

namespace {

/// After this long without a request the server may have closed the connection: it is checked before it is
/// used.
constexpr clock::duration long_idle = std::chrono::milliseconds{10};

}  // namespace

struct connection::impl final : dial::waiter, tls_stream::user {
  enum class phase : std::uint8_t { fresh, dialling, open, ended };

  impl(connection& owner, asio::any_io_executor executor, std::shared_ptr<serial_gate> gate,
       std::shared_ptr<endpoint> endpoint, link_id id, link_observer& observer)
      : owner_{owner},
        executor_{std::move(executor)},
        gate_{std::move(gate)},
        endpoint_{std::move(endpoint)},
        observer_{&observer},
        id_{id} {}

  // connecting
  void connect(dial_times) noexcept;
  void arrange(addresses& found) override {
    if (observer_) observer_->arrange(found);
  }
  void on_address(const asio::ip::address& which, address_news what) noexcept override {
    if (observer_) observer_->on_address(id_, which, what);
  }
  void on_stream(std::unique_ptr<tls_stream>, const dial_facts&) noexcept override;
  void on_no_stream(const failure&) noexcept override;
  void open(std::unique_ptr<tls_stream>, const dial_facts&);
  bool nothing_wrong_came_early();
  void on_no_dial() noexcept { fail_dial(out_of_memory()); }
  void fail_dial(const failure&) noexcept;

  // reading
  void on_input(const error_code&) noexcept override;
  void on_stream_end(const error_code&);
  void take_plaintext();
  bool take(wire::news&);

  // telling
  void deliver();
  void tell(wire::note&);
  void tell_settled();
  void tell_reply(wire::note&);
  void tell_loss(wire::note&);

  // writing
  void on_written(const error_code&) noexcept override;
  bool send(attempt_id, const detail::prepared_request&, clock::time_point now) noexcept;
  void write_out();
  bool write();
  void flush() noexcept;
  void flush_later() noexcept;
  void on_flush() noexcept;
  void probe() noexcept;
  bool peer_is_silent() noexcept;
  bool drop(attempt_id) noexcept;
  bool reset(attempt_id) noexcept;

  // ending
  template <class Step>
  void guarded(Step) noexcept;
  template <class Step>
  void on_wire(Step) noexcept;
  void lose(const failure&) noexcept;
  void close() noexcept;
  void end(bool say_goodbye) noexcept;
  void say_last_words(bool goodbye) noexcept;

  std::shared_ptr<const void> keeper() noexcept override { return owner_.shared_from_this(); }

  connection& owner_;
  const asio::any_io_executor executor_;
  const std::shared_ptr<serial_gate> gate_;
  const std::shared_ptr<endpoint> endpoint_;
  link_observer* observer_;  // null: nothing more is told
  const link_id id_;
  phase phase_ = phase::fresh;
  bool shared_ = false;       // by many requests, which are written once per turn of the event loop
  bool in_turn_ = false;      // inside a turn: output is written at its end
  bool flush_due_ = false;    // `flush_` is posted
  bool is_alone_ = false;     // the last request taken: no other is under way or was taken with it
  bool look_first_ = false;   // before anything is written: check whether the server has closed it
  bool doomed_ = false;       // memory ran out; its end hasn't been told yet
  bool peer_closed_ = false;  // close_notify came
  bool answered_ = false;     // a request was answered already
  bool settling_ = false;     // the server hasn't completed the handshake yet
  unsigned replies_ = 0;      // in the last read
  clock::time_point idle_since_{};
  std::weak_ptr<dial> dial_;
  std::unique_ptr<tls_stream> stream_;  // these two from `open` on
  std::unique_ptr<wire> wire_;
  member_task<impl, &impl::on_no_dial> no_dial_{*this};
  member_task<impl, &impl::on_flush> flush_{*this};
};

/// Runs a step; if memory runs out, the connection ends.
template <class Step>
void connection::impl::guarded(Step step) noexcept {
  try {
    step();
  } catch (const std::bad_alloc&) {
    if (phase_ == phase::dialling) fail_dial(out_of_memory());
    if (phase_ == phase::open) lose(out_of_memory());
  }
}

/// Runs a step on a shared wire. If memory runs out, the connection ends, which is told later.
template <class Step>
void connection::impl::on_wire(Step step) noexcept {
  try {
    step(*wire_);
  } catch (const std::bad_alloc&) {
    doomed_ = true;
  }
}

// --- connecting

void connection::impl::connect(dial_times times) noexcept {
  assert(phase_ == phase::fresh);
  phase_ = phase::dialling;
  try {
    const auto begun = std::make_shared<dial>(executor_, gate_, endpoint_);
    dial_ = begun;
    begun->start({owner_.shared_from_this(), this}, times);
  } catch (const std::bad_alloc&) {
    gate_->enter(no_dial_, keeper(), completion::place::elsewhere);  // told later, as always
  }
}

void connection::impl::on_stream(std::unique_ptr<tls_stream> stream, const dial_facts& how) noexcept {
  if (phase_ != phase::dialling) return;
  guarded([&] { open(std::move(stream), how); });
}

void connection::impl::on_no_stream(const failure& why) noexcept { fail_dial(why); }

void connection::impl::open(std::unique_ptr<tls_stream> stream, const dial_facts& how) {
  stream_ = std::move(stream);
  stream_->speak_for(*this);
  failure why;
  wire_ = agreed_wire(*endpoint_, *stream_, why);
  if (!wire_) return fail_dial(why);
  shared_ = wire_->capacity().shared;
  settling_ = shared_ || (stream_->tls().tickets_follow() && !stream_->tls().has_input());
  if (!nothing_wrong_came_early()) return;
  phase_ = phase::open;
  idle_since_ = clock::now();
  in_turn_ = true;
  link_room room = wire_->capacity();
  room.settling = settling_;
  observer_->on_open(id_, room, how);
  deliver();
  in_turn_ = false;
  if (phase_ == phase::open) write_out();
  if (phase_ == phase::open) stream_->read();
}

/// Reads what came together with the end of the handshake before any request is sent: tickets are kept, and
/// HTTP/2 begins with the server's settings. Anything else is a reason not to use this connection.
bool connection::impl::nothing_wrong_came_early() {
  tls_session& tls = stream_->tls();
  while (tls.has_input()) {
    const auto more = tls.decrypt(wire_->room());
    if (more.status == tls_status::need_input) break;
    if (more.status == tls_status::failed) return fail_dial(tls.problem()), false;
    if (shared_ && more.status == tls_status::done) {
      if (wire_->commit(more.size) != wire::news::refused) continue;
      say_last_words(false);
      return fail_dial(wire_->problem()), false;
    }
    fail_dial(
        connection_lost(endpoint_->host, "the server closed it, or spoke, before it was asked anything"));
    return false;
  }
  return true;
}

void connection::impl::fail_dial(const failure& why) noexcept {
  if (phase_ != phase::dialling) return;
  end(false);
  std::exchange(observer_, nullptr)->on_dial_failed(id_, why);
}

// --- reading

void connection::impl::on_input(const error_code& error) noexcept {
  if (phase_ != phase::open) return;
  guarded([&] {
    if (error) return on_stream_end(error);
    in_turn_ = true;
    replies_ = 0;
    take_plaintext();
    if (phase_ == phase::open && !shared_) tell_settled();  // at least the tickets came
    in_turn_ = false;
    if (phase_ == phase::open) write_out();  // output of TLS's own too, such as an alert
    if (phase_ == phase::open) stream_->read();
  });
}

/// The TCP stream has ended, or close_notify came.
void connection::impl::on_stream_end(const error_code& error) {
  const std::string cause = error == asio::error::eof ? "the server closed it" : error.message();
  const wire::news known = wire_->end(peer_closed_, cause);
  deliver();
  if (known == wire::news::refused && phase_ == phase::open) lose(wire_->problem());
}

/// Takes all plaintext of what was read; afterwards the TLS session has none left.
void connection::impl::take_plaintext() {
  look_first_ = false;
  auto known = wire::news::none;
  while (known != wire::news::surplus && stream_->tls().has_input())
    if (!take(known)) break;
  if (known != wire::news::none && phase_ == phase::open) deliver();
}

/// Takes one record. False: there are no more, or no more are to be taken.
bool connection::impl::take(wire::news& known) {
  using news = wire::news;
  tls_session& tls = stream_->tls();
  const tls_session::decrypted got = tls.decrypt(wire_->room());
  if (got.status == tls_status::need_input) return false;
  if (got.status == tls_status::failed && known == news::none) return lose(tls.problem()), false;
  if (got.status != tls_status::done) {
    peer_closed_ = true;
    if (known == news::none) on_stream_end(asio::error::eof);
    return false;
  }
  known = wire_->commit(got.size);
  if (known == news::refused) {
    say_last_words(false);
    deliver();
    if (phase_ == phase::open) lose(wire_->problem());
    known = news::none;
    return false;
  }
  if (shared_ && known != news::none) {  // tell these replies now, so that the next ones reuse their memory
    deliver();
    known = news::none;
  }
  return phase_ == phase::open;
}

// --- telling

void connection::impl::deliver() {
  wire::note told;
  while (phase_ == phase::open) switch (wire_->next(told)) {
      case wire::news::none:
        return;
      case wire::news::refused:
        return lose(wire_->problem());
      case wire::news::some:
      case wire::news::surplus:
        tell(told);
    }
}

void connection::impl::tell(wire::note& told) {
  switch (told.what) {
    case wire::note::kind::reply:
      return tell_reply(told);
    case wire::note::kind::attempt_lost:
      return tell_loss(told);
    case wire::note::kind::capacity:
      endpoint_->known_streams = told.capacity;
      return observer_->on_capacity(id_, told.capacity);
    case wire::note::kind::retiring:
      return observer_->on_retiring(id_);
    case wire::note::kind::heard:
      return observer_->on_heard(id_);
    case wire::note::kind::settled:
      return tell_settled();
  }
}

void connection::impl::tell_settled() {
  if (std::exchange(settling_, false)) observer_->on_settled(id_);
}

void connection::impl::tell_reply(wire::note& told) {
  detail::http_reply& reply = told.reply;
  if (!shared_) reply.reusable = reply.reusable && !peer_closed_ && !stream_->writing();
  answered_ = true;
  ++replies_;
  idle_since_ = reply.came_at = clock::now();
  link_observer* const observer = observer_;
  if (!reply.reusable) close();
  observer->on_reply(id_, told.attempt, reply);
  wire_->forget_reply();
}

void connection::impl::tell_loss(wire::note& told) {
  if (told.why.other_protocol && endpoint_->only_http2) {
    told.became = fate::unknown;
    told.why = {mint_errc::tls_failed,
                endpoint_->host + " demands HTTP/1.1, and the option http2 allows HTTP/2 only", false};
  } else if (told.why.other_protocol) {
    endpoint_->tls.offer_http1_only();
  }
  observer_->on_attempt_lost(id_, told.attempt, told.became, told.why);
}

// --- writing

bool connection::impl::send(attempt_id attempt, const detail::prepared_request& request,
                            clock::time_point now) noexcept {
  assert(phase_ == phase::open);
  if (phase_ != phase::open) return false;
  const clock::duration idle = now - idle_since_;
  const bool idle_for_long = idle > long_idle;
  if (shared_) {
    const bool rested = wire_->out() == 0;
    look_first_ |= idle_for_long && !in_turn_ && rested;
    on_wire([&](wire& w) { w.submit(attempt, request, idle); });
    is_alone_ = rested && wire_->out() == 1;
    return true;
  }
  try {
    wire_->submit(attempt, request, idle);
    if ((!idle_for_long || peer_is_silent()) && stream_->tls().encrypt(wire_->output()) && stream_->flush()) {
      wire_->sent();
      return true;
    }
  } catch (const std::bad_alloc&) {
  }
  observer_ = nullptr;
  end(false);
  return false;
}

void connection::impl::write_out() {
  if (doomed_) return lose(out_of_memory());
  if (!write()) lose(stream_->tls().problem());
}

/// Writes all output: with one system call, and as one record if it fits into one. Reports no socket error:
/// the pending read will. False: TLS is broken.
bool connection::impl::write() {
  is_alone_ = false;
  // Something has come, perhaps the end: it is read first, and then this is called again.
  if (std::exchange(look_first_, false) && !peer_is_silent()) return true;
  if (stream_->writing()) return true;
  const std::string_view bytes = wire_->output();
  if (!bytes.empty() && !stream_->tls().encrypt(bytes)) return false;
  if (stream_->flush() && !bytes.empty()) wire_->sent();
  return true;
}

/// Writes at once if one request follows one reply, as when callers come one at a time; otherwise later.
/// Errors are always told later.
void connection::impl::flush() noexcept {
  if (!shared_ || phase_ != phase::open || in_turn_ || flush_due_) return;
  bool written = false;
  if (is_alone_ && replies_ < 2 && !doomed_) on_wire([&](wire&) { written = write(); });
  if (!written) flush_later();
}

/// Writes after the handlers that are ready now, as they may bring more to write.
void connection::impl::flush_later() noexcept {
  flush_due_ = true;
  try {
    asio::post(executor_,
               [this, keeper = keeper()] { gate_->enter(flush_, keeper, completion::place::on_executor); });
  } catch (const std::bad_alloc&) {
    gate_->enter(flush_, keeper(), completion::place::elsewhere);
  }
}

void connection::impl::on_flush() noexcept {
  flush_due_ = false;
  if (phase_ != phase::open) return;
  guarded([&] {
    in_turn_ = true;
    deliver();  // the requests that couldn't be sent
    in_turn_ = false;
    if (phase_ == phase::open) write_out();
  });
}

void connection::impl::probe() noexcept {
  if (shared_ && phase_ == phase::open) on_wire([](wire& w) { w.probe(); });
}

/// Checks whether the server has closed the connection, or sent anything, while it was idle, so that no
/// request is sent that would be lost. As this costs a system call, it isn't done just after a reply was
/// read.
bool connection::impl::peer_is_silent() noexcept {
  const error_code seen = stream_->peek();
  // TLS 1.3's tickets come before the first reply, and a busy event loop may not have read them yet.
  return seen == asio::error::would_block || (!seen && !answered_);
}

void connection::impl::on_written(const error_code& error) noexcept {
  if (phase_ != phase::open) return;
  guarded([&] {
    if (error) return on_stream_end(error);
    write_out();
  });
}

bool connection::impl::drop(attempt_id attempt) noexcept {
  if (phase_ != phase::open) return phase_ == phase::ended;
  if (wire_->drop(attempt, stream_->writing())) return false;
  observer_ = nullptr;
  end(false);
  return true;
}

bool connection::impl::reset(attempt_id attempt) noexcept {
  if (phase_ != phase::open) return phase_ == phase::ended;
  if (shared_) {
    on_wire([&](wire& w) { w.reset(attempt); });
    return false;
  }
  observer_ = nullptr;
  end(false);
  return true;
}

// --- ending

void connection::impl::lose(const failure& why) noexcept {
  end(false);
  if (observer_ != nullptr) std::exchange(observer_, nullptr)->on_gone(id_, wire_->fate_of_rest(), why);
}

void connection::impl::close() noexcept {
  observer_ = nullptr;
  end(true);
}

/// From here on no pending operation has any effect.
void connection::impl::end(bool say_goodbye) noexcept {
  if (phase_ == phase::ended) return;
  const bool was_open = std::exchange(phase_, phase::ended) == phase::open;
  if (const auto dialling = dial_.lock()) dialling->cancel();
  if (!stream_) return;
  if (say_goodbye && was_open) say_last_words(true);
  stream_->close();
}

/// Writes what the socket takes without waiting; errors are ignored.
void connection::impl::say_last_words(bool goodbye) noexcept {
  if (stream_->writing()) return;
  try {
    if (goodbye) wire_->say_goodbye();
    if (const std::string_view bytes = wire_->output(); !bytes.empty())
      static_cast<void>(stream_->tls().encrypt(bytes));
  } catch (const std::bad_alloc&) {
  }
  stream_->tls().close();
  stream_->flush();
}

// --- the contract

connection::connection(asio::any_io_executor executor, std::shared_ptr<serial_gate> gate,
                       std::shared_ptr<endpoint> endpoint, link_id id, link_observer& observer)
    : impl_{std::make_unique<impl>(*this, std::move(executor), std::move(gate), std::move(endpoint), id,
                                   observer)} {}

connection::~connection() = default;

void connection::connect(std::chrono::milliseconds connect_timeout,
                         std::chrono::milliseconds handshake_timeout) noexcept {
  impl_->connect({connect_timeout, handshake_timeout});
}

bool connection::send(attempt_id attempt, const detail::prepared_request& request,
                      clock::time_point now) noexcept {
  return impl_->send(attempt, request, now);
}

void connection::flush() noexcept { impl_->flush(); }

void connection::probe() noexcept { impl_->probe(); }

bool connection::drop(attempt_id attempt) noexcept { return impl_->drop(attempt); }

bool connection::reset(attempt_id attempt) noexcept { return impl_->reset(attempt); }

void connection::close() noexcept { impl_->close(); }

}  // namespace ephemint::inline v0::net
