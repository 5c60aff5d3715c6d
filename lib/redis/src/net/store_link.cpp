#include "net/store_link.hpp"

#include "net/plain_stream.hpp"
#include "net/secure_stream.hpp"

#include <new>
#include <string>
#include <utility>

namespace ephemint::inline v0::redis {

store_link::store_link(boost::asio::any_io_executor executor, std::shared_ptr<net::serial_gate> gate,
                       std::shared_ptr<store_place> place, user& first)
    : executor_{std::move(executor)}, gate_{std::move(gate)}, place_{std::move(place)}, user_{&first} {}

store_link::~store_link() = default;

void store_link::connect() {
  if (place_->secure) {
    const auto step = std::make_shared<net::dial>(executor_, gate_, place_->secure);
    dialling_ = step;
    step->start({shared_from_this(), static_cast<net::dial::waiter*>(this)}, usual_patience);
    return;
  }
  const auto step = std::make_shared<net::connector>(executor_, gate_, place_->names, place_->address.text(),
                                                     place_->address.port);
  connecting_ = step;
  step->start({shared_from_this(), static_cast<net::connector::waiter*>(this)}, usual_patience.connect);
}

void store_link::on_socket(boost::asio::ip::tcp::socket socket) noexcept try {
  open(std::make_unique<plain_stream>(std::move(socket), *gate_));
} catch (const std::bad_alloc&) {
  end("out of memory");
}

void store_link::on_stream(std::unique_ptr<net::tls_stream> stream, const net::dial_facts&) noexcept try {
  open(std::make_unique<secure_stream>(std::move(stream)));
} catch (const std::bad_alloc&) {
  end("out of memory");
}

void store_link::open(std::unique_ptr<store_stream> stream) noexcept try {
  if (!user_) return;
  reader_.emplace();
  stream_ = std::move(stream);
  stream_->speak_for(*this);
  if (user_) user_->on_open();
} catch (const std::bad_alloc&) {
  end("out of memory");
}

void store_link::on_no_socket(const net::failure& why) noexcept {
  place_->doubt();
  end_without(why);
}

void store_link::on_no_stream(const net::failure& why) noexcept { end_without(why); }

void store_link::end_without(const net::failure& why) noexcept try {
  end(cause_of(why.message.view(), place_->address));
} catch (const std::bad_alloc&) {
  end("out of memory");
}

bool store_link::send(std::span<const std::string_view> words) noexcept {
  if (!user_ || breaking_) return false;
  try {
    const secret bytes = resp_command(words);
    if (stream_->write(bytes.reveal())) {
      ++out_;
      return true;
    }
  } catch (const std::bad_alloc&) {
  }
  give_up();
  return false;
}

void store_link::give_up() noexcept {
  if (!user_ || std::exchange(breaking_, true)) return;
  gate_->enter(broken_, shared_from_this(), net::completion::place::elsewhere);
}

void store_link::broken() noexcept { end("the connection broke"); }

void store_link::on_bytes(std::string_view bytes) noexcept try {
  if (!user_) return;
  const auto self = shared_from_this();  // the user may release it when told
  reader_->feed(bytes);
  while (user_) {
    auto reply = reader_->next();
    if (!reply) break;
    if (out_ == 0) {
      const bool says_why = reply->what == resp_value::kind::error;
      return end(says_why ? std::string_view{"it refused the connection"} : "it spoke without being asked");
    }
    --out_;
    user_->on_reply(*std::move(reply));
  }
  if (user_ && !reader_->problem().empty()) end(reader_->problem());
} catch (const std::bad_alloc&) {
  end("out of memory");
}

void store_link::on_stream_end(std::string_view why) noexcept { end(why); }

void store_link::end(std::string_view why) noexcept {
  user* const told = std::exchange(user_, nullptr);
  if (!told) return;
  const auto self = shared_from_this();
  user_ = nullptr;
  if (stream_) stream_->close();
  told->on_end(why);
}

void store_link::close() noexcept {
  user_ = nullptr;
  if (const auto step = connecting_.lock()) step->cancel();
  if (const auto step = dialling_.lock()) step->cancel();
  if (stream_) stream_->close();
}

}  // namespace ephemint::inline v0::redis
