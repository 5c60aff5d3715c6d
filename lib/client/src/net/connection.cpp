#include "net/connection.hpp"

#include "net/dial/dial.hpp"
#include "net/dial/shared_endpoint.hpp"
#include "net/serial_gate.hpp"
#include "net/tls_stream.hpp"
#include "net/wire/http1/http1_wire.hpp"

#include <boost/asio/error.hpp>

#include <cassert>
#include <new>
#include <string>
#include <utility>

namespace ephemint::inline v0::net {

using boost::system::error_code;

namespace {

/// After this long without a request a connection may have died unseen: it is looked at before it is used.
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
  void on_stream(std::unique_ptr<tls_stream>) noexcept override;
  void on_no_stream(const failure&) noexcept override;
  void open(std::unique_ptr<tls_stream>);
  bool nothing_came_early();
  void on_no_dial() noexcept { fail_dial(out_of_memory()); }
  void fail_dial(const failure&) noexcept;

  // reading
  void on_input(const error_code&) noexcept override;
  void on_stream_end(const error_code&);
  void take_plaintext();
  void deliver();

  // writing
  void on_written(const error_code&) noexcept override;
  bool send(attempt_id, std::string_view request) noexcept;
  bool peer_is_silent() noexcept;
  bool drop(attempt_id) noexcept;
  bool reset(attempt_id) noexcept;

  // ending
  template <class Step>
  void guarded(Step) noexcept;
  void lose(const failure&) noexcept;
  void close() noexcept;
  void end(bool say_goodbye) noexcept;

  std::shared_ptr<const void> keeper() noexcept override { return owner_.shared_from_this(); }

  connection& owner_;
  const asio::any_io_executor executor_;
  const std::shared_ptr<serial_gate> gate_;
  const std::shared_ptr<endpoint> endpoint_;
  link_observer* observer_;  // null: it hears nothing more
  const link_id id_;
  phase phase_ = phase::fresh;
  bool peer_closed_ = false;  // close_notify came
  bool answered_ = false;     // a request was answered already
  clock::time_point idle_since_{};
  std::weak_ptr<dial> dial_;
  std::unique_ptr<tls_stream> stream_;  // these two from `open` on
  std::unique_ptr<wire> wire_;
  member_task<impl, &impl::on_no_dial> no_dial_{*this};
};

/// Does something; want of memory ends the connection.
template <class Step>
void connection::impl::guarded(Step step) noexcept {
  try {
    step();
  } catch (const std::bad_alloc&) {
    if (phase_ == phase::dialling) fail_dial(out_of_memory());
    if (phase_ == phase::open) lose(out_of_memory());
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
    gate_->enter(no_dial_, keeper(), completion::place::elsewhere);  // told later, as ever
  }
}

void connection::impl::on_stream(std::unique_ptr<tls_stream> stream) noexcept {
  if (phase_ != phase::dialling) return;
  guarded([&] { open(std::move(stream)); });
}

void connection::impl::on_no_stream(const failure& why) noexcept { fail_dial(why); }

void connection::impl::open(std::unique_ptr<tls_stream> stream) {
  stream_ = std::move(stream);
  stream_->speak_for(*this);
  wire_ = std::make_unique<http1_wire>(endpoint_->host);
  if (!nothing_came_early()) return;
  phase_ = phase::open;
  idle_since_ = clock::now();
  observer_->on_open(id_, {wire_->capacity(), false}, stream_->tls().resumed());
  if (phase_ == phase::open) stream_->read();
}

/// What came along with the handshake's end is seen before anybody may send: tickets are kept, all else is a
/// reason not to use this connection.
bool connection::impl::nothing_came_early() {
  tls_session& tls = stream_->tls();
  if (!tls.has_input()) return true;
  const auto more = tls.decrypt(wire_->room());
  if (more.status == tls_status::need_input) return true;
  fail_dial(
      more.status == tls_status::failed
          ? tls.problem()
          : connection_lost(endpoint_->host, "the server closed it, or spoke, before it was asked anything"));
  return false;
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
    take_plaintext();
    if (phase_ == phase::open) stream_->read();
  });
}

/// The TCP stream is over, or TLS has said that it is.
void connection::impl::on_stream_end(const error_code& error) {
  const std::string cause = error == asio::error::eof ? "the server closed it" : error.message();
  if (wire_->end(peer_closed_, cause) == wire::news::refused) return lose(wire_->problem());
  deliver();
}

void connection::impl::take_plaintext() {
  using news = wire::news;
  tls_session& tls = stream_->tls();
  auto known = news::none;
  while (known != news::surplus && tls.has_input()) {
    const tls_session::decrypted got = tls.decrypt(wire_->room());
    if (got.status == tls_status::need_input) break;
    if (got.status == tls_status::failed && known == news::none) return lose(tls.problem());
    if (got.status != tls_status::done) {
      peer_closed_ = true;
      if (known == news::none) return on_stream_end(asio::error::eof);
      break;
    }
    known = wire_->commit(got.size);
    if (known == news::refused) return lose(wire_->problem());
  }
  if (known != news::none) return deliver();
  if (!stream_->flush())
    on_stream_end(asio::error::connection_reset);  // TLS's own answers: to a key update, for instance
}

void connection::impl::deliver() {
  std::optional<wire::answer> told = wire_->reply();
  if (!told) return lose(wire_->problem());
  detail::http_reply& reply = told->reply;
  reply.reusable = reply.reusable && !peer_closed_ && !stream_->writing();
  answered_ = true;
  idle_since_ = clock::now();
  link_observer* const observer = observer_;
  if (!reply.reusable) close();
  observer->on_reply(id_, told->attempt, reply);
  wire_->forget_reply();
}

// --- writing

bool connection::impl::send(attempt_id attempt, std::string_view request) noexcept try {
  assert(phase_ == phase::open);
  if (phase_ != phase::open) return false;
  const clock::duration idle = clock::now() - idle_since_;
  const bool idle_for_long = idle > long_idle;
  const std::string_view bytes = wire_->submit(attempt, request, idle);
  if ((!idle_for_long || peer_is_silent()) && stream_->tls().encrypt(bytes) && stream_->flush()) return true;
  observer_ = nullptr;
  end(false);
  return false;
} catch (const std::bad_alloc&) {
  observer_ = nullptr;
  end(false);
  return false;
}

/// Looks whether the server has closed the connection, or said something, while it was idle: a request that
/// would be lost isn't sent. It costs a system call, so not where the last reply was read a moment ago.
bool connection::impl::peer_is_silent() noexcept {
  const error_code seen = stream_->peek();
  // Before the first reply come TLS 1.3's tickets, which a busy loop may not have read yet.
  return seen == asio::error::would_block || (!seen && !answered_);
}

void connection::impl::on_written(const error_code& error) noexcept {
  if (phase_ == phase::open && error) guarded([&] { on_stream_end(error); });
}

bool connection::impl::drop(attempt_id attempt) noexcept {
  if (phase_ != phase::open) return phase_ == phase::ended;
  if (wire_->drop(attempt, stream_->writing())) return false;
  observer_ = nullptr;
  end(false);
  return true;
}

bool connection::impl::reset(attempt_id) noexcept {
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

/// Nothing pending has any effect from here on.
void connection::impl::end(bool say_goodbye) noexcept {
  if (phase_ == phase::ended) return;
  const bool was_open = std::exchange(phase_, phase::ended) == phase::open;
  if (const auto dialling = dial_.lock()) dialling->cancel();
  if (!stream_) return;
  if (say_goodbye && was_open && !stream_->writing()) {
    stream_->tls().close();
    stream_->flush();
  }
  stream_->close();
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

bool connection::send(attempt_id attempt, std::string_view request) noexcept {
  return impl_->send(attempt, request);
}

void connection::flush() noexcept {}

void connection::probe() noexcept {}

bool connection::drop(attempt_id attempt) noexcept { return impl_->drop(attempt); }

bool connection::reset(attempt_id attempt) noexcept { return impl_->reset(attempt); }

void connection::close() noexcept { impl_->close(); }

}  // namespace ephemint::inline v0::net
