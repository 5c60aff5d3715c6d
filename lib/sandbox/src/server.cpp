#include "check.hpp"
#include "hub.hpp"
#include "tls_context.hpp"

#include <ephemint/sandbox/server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <cerrno>
#include <cstdio>
#include <functional>
#include <future>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <signal.h>

namespace ephemint::inline v0::sandbox {

/// The hub, and the thread or executor on which it runs.
class server::impl {
 public:
  explicit impl(const server_options& options)
      : context_{std::make_unique<asio::io_context>(1)},
        hub_{std::make_shared<hub>(context_->get_executor(), options)} {
    hub_->start();
    thread_ = std::thread{[this] {
      sigset_t all;  // signals are left to the program's own threads
      sigfillset(&all);
      pthread_sigmask(SIG_BLOCK, &all, nullptr);
      context_->run();
    }};
  }

  impl(asio::any_io_executor executor, const server_options& options)
      : hub_{std::make_shared<hub>(asio::make_strand(std::move(executor)), options)} {
    hub_->start();
  }

  hub& shared() noexcept { return *hub_; }

  /// Runs it on the hub's executor; if that is our own thread, it has run on return. Does nothing after
  /// stop().
  void perform(std::function<void(hub&)> action) {
    const std::lock_guard lock{mutex_};
    if (stopped_) return;
    if (!context_) return asio::post(hub_->executor(), [hub = hub_, action] { action(*hub); });
    std::packaged_task<void()> task{[&] { action(*hub_); }};
    std::future<void> done = task.get_future();
    asio::post(*context_, std::move(task));
    done.get();
  }

  void stop() {
    perform(&hub::close);
    const std::lock_guard lock{mutex_};
    stopped_ = true;
    if (!thread_.joinable()) return;
    context_->stop();
    thread_.join();
  }

 private:
  std::mutex mutex_;  // one action at a time, and none during stop()
  bool stopped_ = false;
  std::unique_ptr<asio::io_context>
      context_;  // outlives the last users of the hub: its destructor ends the sessions
  std::shared_ptr<hub> hub_;
  std::thread thread_;
};

namespace {

const server_options& checked(const server_options& options) {
  check(options);
  return options;
}

}  // namespace

server::server(server_options options) : impl_{std::make_unique<impl>(checked(options))} {}

server::server(asio::any_io_executor executor, server_options options)
    : impl_{std::make_unique<impl>(std::move(executor), checked(options))} {}

server::~server() { stop(); }

std::uint16_t server::port() const noexcept { return impl_->shared().port(); }
const std::string& server::base_url() const noexcept { return impl_->shared().base_url(); }
const std::string& server::ca_pem() const noexcept { return impl_->shared().ca_pem(); }

void server::write_ca_file(const std::string& path) const {
  std::FILE* const file = std::fopen(path.c_str(), "we");
  bool written = file != nullptr && std::fputs(ca_pem().c_str(), file) >= 0;
  if (file != nullptr && std::fclose(file) != 0) written = false;
  if (!written) throw std::system_error{errno, std::generic_category(), "can't write the CA file " + path};
}

std::string server::api_key() const { return impl_->shared().answers().api_key(); }
void server::set_api_key(std::string key) { impl_->shared().answers().set_api_key(std::move(key)); }
void server::add_api_key(std::string key) { impl_->shared().answers().add_api_key(std::move(key)); }

bool server::speaks_http2() const noexcept { return impl_->shared().answers().speaks_http2(); }

server_stats server::stats() const { return impl_->shared().answers().stats(); }
void server::reset_stats() { impl_->shared().answers().reset_stats(); }

void server::set_rate_limit(const rate_limit& limit) { impl_->shared().answers().set_rate_limit(limit); }

void server::set_max_streams(std::uint32_t most) {
  impl_->shared().answers().set_max_streams(most);
  impl_->perform([most](hub& h) { h.set_max_streams(most); });
}

void server::add_fault(fault f) { impl_->shared().answers().add_fault(std::move(f)); }
void server::clear_faults() { impl_->shared().answers().clear_faults(); }

void server::drop_connections() { impl_->perform(&hub::cut_all); }
void server::reset_connections() { impl_->perform(&hub::reset_all); }

void server::push_idle(std::string_view bytes, bool then_close) {
  impl_->perform([bytes = std::string{bytes}, then_close](hub& h) { h.push_idle(bytes, then_close); });
}

void server::forget_sessions() {
  impl_->perform([](hub& h) { sandbox::forget_sessions(h.tls()); });
}

void server::stop() noexcept { impl_->stop(); }

}  // namespace ephemint::inline v0::sandbox
