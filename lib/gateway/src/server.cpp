#include "check.hpp"
#include "link_keys.hpp"
#include "origin.hpp"
#include "service.hpp"

#include <ephemint/gateway/server.hpp>

#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <thread>
#include <utility>

#include <signal.h>

namespace ephemint::inline v0::gateway {
namespace {

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

/// The service, and where it runs.
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
    service_->remove_files();
    perform(&service::cut);
    if (!context_) return;
    asio::post(*context_, [context = context_.get()] { context->stop(); });
    if (thread_.get_id() == std::this_thread::get_id())
      thread_.detach();  // a handler of ours destroys us: the thread has a share of the context
    else
      thread_.join();
  }

  /// Does it on the service's executor.
  template <class Action>
  void perform(Action action) {
    asio::post(service_->executor(),
               [what = service_, action = std::move(action)]() mutable { std::invoke(action, *what); });
  }

  service& shared() noexcept { return *service_; }
  const executor_type& executor() const noexcept { return executor_; }

 private:
  void build(const executor_type& serial, server_options options) {
    service_ = std::make_shared<service>(serial, executor_, std::move(options));
    perform(&service::start);
  }

  std::shared_ptr<asio::io_context> context_;  // null: the caller's
  executor_type executor_;
  std::shared_ptr<service> service_;
  std::thread thread_;
};

server::server(server_options options) : impl_{std::make_unique<impl>(std::move(options))} {}

server::server(executor_type executor, server_options options)
    : impl_{std::make_unique<impl>(std::move(executor), std::move(options))} {}

server::~server() = default;

const server_addresses& server::addresses() const noexcept { return impl_->shared().addresses(); }

void server::drain() { impl_->perform(&service::drain); }

void server::start_close(close_wait::handler_type handler) {
  auto wait = std::make_shared<close_wait>(std::move(handler), impl_->executor());
  if (auto slot = wait->slot(); slot.is_connected())
    slot.assign([wait, at = impl_->shared().executor()](asio::cancellation_type) {
      asio::post(at, [wait] { wait->end(mint_error{mint_errc::cancelled}); });
    });
  impl_->perform([wait](service& s) { s.close(wait); });
}

asio::awaitable<result<void>> server::close() { return async_close(asio::use_awaitable); }

void server::set_api_key(secret key) { impl_->shared().minter().set_api_key(std::move(key)); }

void server::set_link_keys(std::vector<link_key> keys) {
  check_link_keys(keys, "link_keys");
  impl_->perform([keys = std::move(keys)](service& s) mutable { s.shared().link_keys = std::move(keys); });
}

void server::set_bearers(std::vector<bearer> bearers) {
  const std::string& at = addresses().backend;
  check_bearers(bearers, !at.empty() && !at.starts_with("unix:"));
  impl_->perform(
      [bearers = std::move(bearers)](service& s) mutable { s.shared().bearers = std::move(bearers); });
}

std::string server::metrics_text() const { return impl_->shared().record().text(); }

client_stats server::stats() const noexcept { return impl_->shared().minter().stats(); }

server::executor_type server::get_executor() const noexcept { return impl_->executor(); }

}  // namespace ephemint::inline v0::gateway
