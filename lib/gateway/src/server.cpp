#include "check.hpp"
#include "faces.hpp"
#include "hub.hpp"
#include "link_keys.hpp"
#include "listener.hpp"
#include "listening.hpp"
#include "log_line.hpp"
#include "origin.hpp"

#include <ephemint/gateway/server.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include <signal.h>

namespace ephemint::inline v0::gateway {
namespace {

using close_handler = asio::any_completion_handler<void(result<void>)>;

/// Somebody who waits for the end. Told once, on its own executor.
class close_wait {
 public:
  close_wait(close_handler handler, const asio::any_io_executor& otherwise)
      : handler_{std::move(handler)},
        at_{asio::prefer(asio::get_associated_executor(handler_, otherwise),
                         asio::execution::outstanding_work.tracked)} {}

  asio::cancellation_slot slot() const { return asio::get_associated_cancellation_slot(handler_); }

  void end(result<void> how) {
    if (!handler_) return;
    const auto at = std::exchange(at_, {});
    asio::dispatch(at, [handler = std::exchange(handler_, {}), how = std::move(how)]() mutable {
      std::move(handler)(std::move(how));
    });
  }

 private:
  close_handler handler_;
  asio::any_completion_executor at_;
};

/// What is said of the answers: counts, and a log line for each.
class answer_record {
 public:
  explicit answer_record(std::shared_ptr<hub> of) : hub_{std::move(of)} {}

  void add(std::string_view listener, const log_entry& entry, std::chrono::milliseconds took) {
    ++hub_->answered[{listener, entry.status}];
    const server_options& o = hub_->options();
    if (o.log) o.log(log_line(entry, listener, std::chrono::system_clock::now(), took, o.log_accounts));
    gateway_counts now = hub_->counts(clock::now());
    const std::lock_guard lock{mutex_};
    counts_ = std::move(now);
  }

  /// From any thread: as of the last answer.
  std::string text() const {
    std::unique_lock lock{mutex_};
    const gateway_counts counts = counts_;
    lock.unlock();
    return metrics_text(hub_->seen(), counts);
  }

 private:
  const std::shared_ptr<hub> hub_;
  mutable std::mutex mutex_;
  gateway_counts counts_;
};

/// All that a server does on its executor.
class house : public std::enable_shared_from_this<house> {
 public:
  house(const asio::any_io_executor& serial, const asio::any_io_executor& clients, server_options options)
      : hub_{std::make_shared<hub>(serial, clients, std::move(options))},
        record_{std::make_shared<answer_record>(hub_)} {
    const server_options& o = hub_->options();
    open(o.backend, addresses_.backend, [&] { return make_backend_face(*hub_, addresses_.backend); });
    open(o.login, addresses_.login, [&] { return make_login_face(*hub_); });
    open(o.admin, addresses_.admin, [&] { return make_admin_face(*hub_); });
  }

  // --- from any thread ---
  const server_addresses& addresses() const noexcept { return addresses_; }
  const answer_record& record() const noexcept { return *record_; }
  client& minter() noexcept { return hub_->minter(); }
  bool needs_bearers() const {
    return !addresses_.backend.empty() && !addresses_.backend.starts_with("unix:");
  }
  /// Who comes next finds nothing at all, rather than somebody who doesn't answer.
  void remove_files() noexcept {
    for (const auto& file : files_) file->remove();
  }

  // --- on the executor ---
  hub& shared() noexcept { return *hub_; }

  void start() {
    for (const auto& one : listeners_) one->start();
    const std::size_t mints = hub_->options().warm_up;
    hub_->warm = mints == 0;
    if (hub_->warm) return;
    auto tried = [hub = std::weak_ptr{hub_}](const result<void>&) {
      if (const auto alive = hub.lock()) alive->warm = true;
    };
    minter().async_warm_up(mints, asio::bind_executor(hub_->executor(), std::move(tried)));
  }

  void close(std::shared_ptr<close_wait> wait) {
    waits_.push_back(std::move(wait));
    if (closed_) return tell();
    if (std::exchange(closing_, true)) return;
    hub_->draining = true;
    open_ = listeners_.size();
    for (const auto& one : listeners_)
      one->close([self = weak_from_this()] {
        if (const auto alive = self.lock(); alive && --alive->open_ == 0) alive->close_client();
      });
  }

  void cut() {
    closed_ = true;
    for (const auto& one : listeners_) one->cut();
    tell();
  }

 private:
  template <class MakeFace>
  void open(const listen_address& given, std::string& address, MakeFace make_face) {
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
        std::make_shared<listener>(hub_->executor(), speaker, std::move(at), limits, std::move(served)));
  }

  void close_client() {
    auto over = [self = weak_from_this()](const result<void>&) {
      if (const auto alive = self.lock()) alive->cut();
    };
    minter().async_close(asio::bind_executor(hub_->executor(), std::move(over)));
  }

  void tell() {
    for (const auto& wait : std::exchange(waits_, {})) wait->end({});
  }

  const std::shared_ptr<hub> hub_;
  const std::shared_ptr<answer_record> record_;
  server_addresses addresses_;
  std::vector<std::shared_ptr<socket_file>> files_;
  std::vector<std::shared_ptr<listener>> listeners_;
  std::vector<std::shared_ptr<close_wait>> waits_;
  std::size_t open_ = 0;  ///< listeners that haven't ended
  bool closing_ = false;
  bool closed_ = false;
};

server_options checked_options(server_options options) {
  check(options);
  if (options.login.on()) options.public_url = checked_origin(options.public_url, "public_url");
  return options;
}

/// Signals are for the threads of the program itself.
std::thread thread_without_signals(std::shared_ptr<asio::io_context> context) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread made{[context = std::move(context)] { context->run(); }};
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return made;
}

}  // namespace

/// The house, and where it runs.
class server::impl {
 public:
  explicit impl(server_options options)
      : context_{std::make_shared<asio::io_context>(1)},
        executor_{asio::prefer(context_->get_executor(), asio::execution::outstanding_work.tracked)} {
    options = checked_options(std::move(options));
    options.client.single_threaded = true;
    build(executor_, std::move(options));
    thread_ = thread_without_signals(context_);
  }

  impl(executor_type executor, server_options options) : executor_{std::move(executor)} {
    build(asio::make_strand(executor_), checked_options(std::move(options)));
  }

  ~impl() {
    house_->remove_files();
    if (context_)
      stop_thread();
    else
      perform(&house::cut);
  }

  /// Does it on the house's executor.
  template <class Action>
  void perform(Action action) {
    asio::post(house_->shared().executor(),
               [house = house_, action = std::move(action)]() mutable { std::invoke(action, *house); });
  }

  house& shared() noexcept { return *house_; }
  const executor_type& executor() const noexcept { return executor_; }

 private:
  void build(const executor_type& serial, server_options options) {
    house_ = std::make_shared<house>(serial, executor_, std::move(options));
    perform(&house::start);
  }

  void stop_thread() {
    context_->stop();
    if (thread_.get_id() == std::this_thread::get_id())
      thread_.detach();  // a handler of ours destroys us: the thread has a share of the context
    else
      thread_.join();
    house_->cut();
  }

  std::shared_ptr<asio::io_context> context_;  // null: the caller's
  executor_type executor_;
  std::shared_ptr<house> house_;
  std::thread thread_;
};

server::server(server_options options) : impl_{std::make_unique<impl>(std::move(options))} {}

server::server(executor_type executor, server_options options)
    : impl_{std::make_unique<impl>(std::move(executor), std::move(options))} {}

server::~server() = default;

const server_addresses& server::addresses() const noexcept { return impl_->shared().addresses(); }

void server::drain() {
  impl_->perform([](house& h) { h.shared().draining = true; });
}

void server::start_close(close_handler handler) {
  auto wait = std::make_shared<close_wait>(std::move(handler), impl_->executor());
  if (auto slot = wait->slot(); slot.is_connected())
    slot.assign([wait, at = impl_->shared().shared().executor()](asio::cancellation_type) {
      asio::post(at, [wait] { wait->end(mint_error{mint_errc::cancelled}); });
    });
  impl_->perform([wait](house& h) { h.close(wait); });
}

asio::awaitable<result<void>> server::close() { return async_close(asio::use_awaitable); }

void server::set_api_key(secret key) { impl_->shared().minter().set_api_key(std::move(key)); }

void server::set_link_keys(std::vector<link_key> keys) {
  check_link_keys(keys, "link_keys");
  impl_->perform([keys = std::move(keys)](house& h) mutable { h.shared().link_keys = std::move(keys); });
}

void server::set_bearers(std::vector<bearer> bearers) {
  check_bearers(bearers, impl_->shared().needs_bearers());
  impl_->perform(
      [bearers = std::move(bearers)](house& h) mutable { h.shared().bearers = std::move(bearers); });
}

std::string server::metrics_text() const { return impl_->shared().record().text(); }

client_stats server::stats() const noexcept { return impl_->shared().minter().stats(); }

server::executor_type server::get_executor() const noexcept { return impl_->executor(); }

}  // namespace ephemint::inline v0::gateway
