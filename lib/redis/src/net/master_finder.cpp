#include "net/master_finder.hpp"

#include "codec/store_error.hpp"

#include <ephemint/clock.hpp>

#include <array>
#include <new>
#include <optional>
#include <utility>

namespace ephemint::inline v0::redis {

using kind = resp_value::kind;

namespace {

/// What a Sentinel answered about its master, or why that can't be used.
struct heard_master {
  std::optional<store_address> address;
  std::string problem;
};

heard_master read_master(const resp_value& reply) {
  if (reply.what == kind::error) return {{}, read_error(reply.text, "SENTINEL").message};
  if (reply.what == kind::nil) return {{}, "it knows no master of that name"};
  const bool is_pair = reply.what == kind::array && reply.elements.size() == 2 &&
                       reply.elements[0].what == kind::text && reply.elements[1].what == kind::text;
  if (is_pair)
    if (auto address = address_of(reply.elements[0].text, reply.elements[1].text))
      return {std::move(address), {}};
  return {{}, "it answered what isn't an address"};
}

}  // namespace

master_finder::master_finder(const boost::asio::any_io_executor& executor,
                             std::shared_ptr<net::serial_gate> gate, std::vector<store_address> sentinels,
                             std::string master, user& told)
    : executor_{executor},
      gate_{std::move(gate)},
      master_{std::move(master)},
      user_{told},
      limit_{executor_, *gate_, *this} {
  for (store_address& each : sentinels)
    sentinels_.push_back(make_store_place(executor_, gate_, std::move(each), nullptr));
}

master_finder::~master_finder() { cancel(); }

void master_finder::find() {
  if (left_ != 0) return;
  left_ = sentinels_.size();
  try {
    ask_one();
  } catch (...) {
    left_ = 0;
    throw;
  }
}

void master_finder::ask_one() {
  link_ = std::make_shared<store_link>(executor_, gate_, sentinels_[current_],
                                       static_cast<store_link::user&>(*this));
  link_->connect();
}

void master_finder::on_open() noexcept {
  try {
    limit_.set(clock::now() + patience);
  } catch (const std::bad_alloc&) {
    return link_->give_up();
  }
  link_->send(std::array<std::string_view, 3>{"SENTINEL", "get-master-addr-by-name", master_});
}

void master_finder::on_reply(resp_value reply) noexcept try {
  heard_master heard = read_master(reply);
  if (!heard.address) return next(heard.problem);
  cancel();
  user_.on_master(*std::move(heard.address));
} catch (const std::bad_alloc&) {
  next({});
}

void master_finder::on_end(std::string_view why) noexcept { next(why); }

void master_finder::on_time(net::gate_timer&) noexcept {
  if (left_ != 0) next("it didn't answer");
}

/// The Sentinel that was asked last is of no use: asks the next one.
void master_finder::next(std::string_view why) noexcept try {
  const std::string asked = link_->address().text();
  const std::size_t left = left_ - 1;
  cancel();
  current_ = (current_ + 1) % sentinels_.size();
  left_ = left;
  if (left_ != 0) return ask_one();
  user_.on_no_master("no Sentinel says where the master is; the last, " + asked + ": " + std::string{why});
} catch (const std::bad_alloc&) {
  cancel();
  user_.on_no_master("out of memory");
}

void master_finder::cancel() noexcept {
  left_ = 0;
  limit_.cancel();
  if (link_) std::exchange(link_, nullptr)->close();
}

void master_finder::drop() noexcept {
  cancel();
  limit_.drop();
}

}  // namespace ephemint::inline v0::redis
