#include "net/store_node.hpp"

#include "codec/store_error.hpp"
#include "core/time.hpp"

#include <array>
#include <charconv>
#include <new>
#include <utility>

namespace ephemint::inline v0::redis {

namespace {

using kind = resp_value::kind;

/// From the connection to the last reply of the sign-in.
constexpr std::chrono::milliseconds sign_in_patience{2000};

}  // namespace

std::optional<std::chrono::seconds> uptime_of(std::string_view info) noexcept {
  constexpr std::string_view name = "uptime_in_seconds:";
  const auto at = info.find(name);
  if (at == info.npos) return std::nullopt;
  const std::string_view rest = info.substr(at + name.size());
  std::uint32_t seconds = 0;  // 136 years
  if (std::from_chars(rest.data(), rest.data() + rest.size(), seconds).ec != std::errc{}) return std::nullopt;
  return std::chrono::seconds{seconds};
}

store_node::store_node(const boost::asio::any_io_executor& executor, std::shared_ptr<net::serial_gate> gate,
                       std::shared_ptr<store_place> place, const sign_in& as, user& first)
    : as_{as},
      user_{&first},
      link_{std::make_shared<store_link>(executor, std::move(gate), std::move(place),
                                         static_cast<store_link::user&>(*this))} {}

store_node::~store_node() { link_->close(); }

/// All commands are sent at once: if one is refused the rest doesn't matter.
void store_node::on_open() noexcept {
  using words = std::array<std::string_view, 3>;
  due_ = core::add(clock::now(), sign_in_patience);
  bool goes = true;
  if (!as_.user.empty())
    goes = ask(step::auth, 0, words{"AUTH", as_.user, as_.password.reveal()});
  else if (!as_.password.empty())
    goes = ask(step::auth, 0, std::array<std::string_view, 2>{"AUTH", as_.password.reveal()});
  const std::string database = std::to_string(as_.database);
  if (goes && as_.database != 0)
    goes = ask(step::select, 0, std::array<std::string_view, 2>{"SELECT", database});
  if (goes && as_.must_be_master) goes = ask(step::role, 0, std::array<std::string_view, 1>{"ROLE"});
  if (goes) ask(step::info, 0, std::array<std::string_view, 2>{"INFO", "server"});
}

bool store_node::ask(step what, std::uint64_t tag, std::span<const std::string_view> words) noexcept try {
  awaited_.push_back({what, tag});
  if (link_->send(words)) return true;
  awaited_.pop_back();
  return false;
} catch (const std::bad_alloc&) {
  link_->give_up();
  return false;
}

bool store_node::send(std::uint64_t tag, std::span<const std::string_view> words) noexcept {
  return ask(step::asked, tag, words);
}

bool store_node::send_asking(std::uint64_t tag, std::span<const std::string_view> words) noexcept {
  return ask(step::asking, 0, std::array<std::string_view, 1>{"ASKING"}) && ask(step::asked, tag, words);
}

void store_node::on_reply(resp_value reply) noexcept {
  const awaited now = awaited_.front();  // not empty, as the link expects a reply
  awaited_.pop_front();
  if (now.what == step::asked) return user_->on_reply(*this, now.tag, std::move(reply));
  try {
    take(now.what, reply);
  } catch (const std::bad_alloc&) {
    end("out of memory");
  }
}

void store_node::take(step what, resp_value& reply) {
  const bool failed = reply.what == kind::error;
  switch (what) {
    case step::auth:
      if (failed) refuse(reply.text, "AUTH");
      wipe(reply.text.data(), reply.text.size());
      return;
    case step::select:
      if (failed) refuse(reply.text, "SELECT");
      return;
    case step::role:
      return failed ? refuse(reply.text, "ROLE") : take_role(reply);
    case step::asking:
      if (failed) refuse(reply.text, "ASKING");
      return;
    case step::info:
      break;
    case step::asked:
      return;
  }
  // A user without permission for INFO can still use the server, but not if the error says that it is the
  // wrong server.
  if (failed && read_error(reply.text, "INFO").what == store_error::kind::this_server)
    return refuse(reply.text, "INFO");
  if (reply.what == kind::text) take_info(reply.text);
  due_.reset();
  ready_ = true;
  user_->on_ready(*this);
}

void store_node::take_role(const resp_value& reply) {
  const bool says =
      reply.what == kind::array && !reply.elements.empty() && reply.elements.front().what == kind::text;
  if (!says) return end("it answered to ROLE what isn't a role");
  if (reply.elements.front().text != "master") end("the Sentinel calls it the master, but it is a replica");
}

void store_node::take_info(std::string_view text) noexcept {
  if (const auto uptime = uptime_of(text)) began_ = core::add(clock::now(), -*uptime);
}

bool store_node::older_than(std::chrono::milliseconds span) const noexcept {
  return began_ && core::between(clock::now(), *began_) > span;
}

void store_node::refuse(std::string_view error, std::string_view command) {
  end(read_error(error, command).message);
}

void store_node::end(std::string_view why) noexcept {
  if (!user_) return;
  link_->close();
  on_end(why);
}

void store_node::on_end(std::string_view why) noexcept {
  ready_ = false;
  due_.reset();
  if (user* const told = std::exchange(user_, nullptr)) told->on_end(*this, why);
}

}  // namespace ephemint::inline v0::redis
