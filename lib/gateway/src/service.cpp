#include "service.hpp"

#include "faces.hpp"
#include "log_line.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>

#include <utility>

namespace ephemint::inline v0::gateway {

close_wait::close_wait(handler_type handler, const asio::any_io_executor& otherwise)
    : handler_{std::move(handler)},
      at_{asio::prefer(asio::get_associated_executor(handler_, otherwise),
                       asio::execution::outstanding_work.tracked)} {}

asio::cancellation_slot close_wait::slot() const { return asio::get_associated_cancellation_slot(handler_); }

void close_wait::end(result<void> how) {
  if (!handler_) return;
  const auto at = std::exchange(at_, {});
  // It may not be assigned to: Boost 1.81 wraps an empty one in another.
  asio::dispatch(at, [handler = std::move(handler_), how = std::move(how)]() mutable {
    std::move(handler)(std::move(how));
  });
}

answer_record::answer_record(std::shared_ptr<hub> of) : hub_{std::move(of)} {}

void answer_record::add(std::string_view listener, const log_entry& entry, std::chrono::milliseconds took) {
  ++hub_->answered[{listener, entry.status}];
  const server_options& o = hub_->options();
  if (o.log) o.log(log_line(entry, listener, std::chrono::system_clock::now(), took, o.log_accounts));
  gateway_counts now = hub_->counts(clock::now());
  const std::lock_guard lock{mutex_};
  counts_ = std::move(now);
}

std::string answer_record::text() const {
  std::unique_lock lock{mutex_};
  const gateway_counts counts = counts_;
  lock.unlock();
  return metrics_text(hub_->seen(), counts);
}

service::service(const asio::any_io_executor& serial, const asio::any_io_executor& clients,
                 server_options options)
    : hub_{std::make_shared<hub>(serial, clients, std::move(options))},
      record_{std::make_shared<answer_record>(hub_)} {
  const server_options& o = hub_->options();
  open(o.backend, addresses_.backend, [&] { return make_backend_face(*hub_, addresses_.backend); });
  open(o.login, addresses_.login, [&] { return make_login_face(*hub_); });
  open(o.admin, addresses_.admin, [&] { return make_admin_face(*hub_); });
}

void service::open(const listen_address& given, std::string& address,
                   const std::function<std::unique_ptr<face>()>& make_face) {
  if (!given.on()) return;
  const server_options& o = hub_->options();
  listening at{given, o.socket_mode};
  if (at.file()) files_.push_back(at.file());
  address = at.address().text();
  // Who has the face has the hub.
  const std::shared_ptr<face> speaker{make_face().release(), [hub = hub_](face* over) { delete over; }};
  auto served = [record = record_, name = speaker->name()](const log_entry& entry,
                                                           std::chrono::milliseconds took) {
    record->add(name, entry, took);
  };
  const serving_limits limits{o.max_connections, o.transfer_timeout, o.keep_alive};
  listeners_.push_back(
      std::make_shared<listener>(executor(), speaker, std::move(at), limits, std::move(served)));
}

void service::remove_files() noexcept {
  for (const auto& file : files_) file->remove();
}

void service::start() {
  for (const auto& one : listeners_) one->start();
  const std::size_t mints = hub_->options().warm_up;
  hub_->warm = mints == 0;
  if (hub_->warm) return;
  auto tried = [hub = std::weak_ptr{hub_}](const result<void>&) {
    if (const auto alive = hub.lock()) alive->warm = true;
  };
  minter().async_warm_up(mints, asio::bind_executor(executor(), std::move(tried)));
}

void service::drain() {
  hub_->draining = true;
  for (const auto& one : listeners_) one->drain();
}

void service::close(std::shared_ptr<close_wait> wait) {
  waits_.push_back(std::move(wait));
  if (closed_) return tell();
  if (std::exchange(closing_, true)) return;
  drain();
  open_ = listeners_.size();
  for (const auto& one : listeners_)
    one->close([self = weak_from_this()] {
      if (const auto alive = self.lock(); alive && --alive->open_ == 0) alive->close_client();
    });
}

void service::close_client() {
  auto over = [self = weak_from_this()](const result<void>&) {
    if (const auto alive = self.lock()) alive->cut();
  };
  minter().async_close(asio::bind_executor(executor(), std::move(over)));
}

void service::cut() {
  closed_ = true;
  for (const auto& one : listeners_) one->cut();
  tell();
}

void service::tell() {
  for (const auto& wait : std::exchange(waits_, {})) wait->end({});
}

}  // namespace ephemint::inline v0::gateway
