#include "access/callers.hpp"
#include "http/listener.hpp"
#include "hub.hpp"
#include "text/origin.hpp"
#include "tickets/link_keys.hpp"

#include <ephemint/gateway/server.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <thread>
#include <utility>

#include <signal.h>
#include <unistd.h>

namespace ephemint::inline v0::gateway {

/// A caller's wait for the end of `close`. Its handler is called once, on its own executor.
class close_wait : public std::enable_shared_from_this<close_wait> {
 public:
  using handler_type = asio::any_completion_handler<void(result<void>)>;

  /// Takes the handler, unless it throws.
  close_wait(handler_type& handler, const asio::any_io_executor& otherwise)
      : at_{where_to_tell(handler, otherwise)}, handler_{std::move(handler)} {}

  handler_type& handler() noexcept { return handler_; }

  void end(result<void> how) {
    if (std::exchange(ended_, true)) return;
    how_ = std::move(how);
    const auto at = std::exchange(at_, {});
    try {
      asio::dispatch(at, [self = shared_from_this()] { self->tell(); });
    } catch (const std::bad_alloc&) {
      tell();  // posting takes memory: if that runs out later, the handler would never be called
    }
  }

 private:
  static asio::any_completion_executor where_to_tell(const handler_type& handler,
                                                     const asio::any_io_executor& otherwise) {
    const auto own = asio::get_associated_executor(handler, otherwise);
    if (!own) throw std::bad_alloc{};  // Asio gives an empty executor if it has no memory to copy it
    return asio::prefer(own, asio::execution::outstanding_work.tracked);
  }
  void tell() { std::move(handler_)(std::move(how_)); }

  asio::any_completion_executor at_;
  handler_type handler_;
  result<void> how_{};
  bool ended_ = false;
};

/// The sockets that were handed over. The destructor closes those that haven't been taken out.
class handed_over {
 public:
  explicit handed_over(const server_options& o)
      : all_{o.backend.descriptor, o.login.descriptor, o.admin.descriptor} {}
  handed_over(const handed_over&) = delete;
  handed_over& operator=(const handed_over&) = delete;
  ~handed_over() {
    for (const int one : all_)
      if (one != -1) ::close(one);
  }

  void take(int descriptor) noexcept { std::ranges::replace(all_, descriptor, -1); }

 private:
  std::array<int, 3> all_;
};

/// A server apart from its thread: the hub, and a listener for each face.
class service : public std::enable_shared_from_this<service> {
 public:
  /// Listens. Throws as `server` does.
  service(const asio::any_io_executor& serial, const asio::any_io_executor& clients, server_options options)
      : handed_over_{options}, hub_{std::make_shared<hub>(serial, clients, std::move(options))} {
    const server_options& o = hub_->options();
    open(o.backend, addresses_.backend, [&] { return make_backend_face(*hub_, addresses_.backend); });
    open(o.login, addresses_.login, [&] { return make_login_face(*hub_); });
    open(o.admin, addresses_.admin, [&] { return make_admin_face(*hub_); });
  }

  // --- from any thread ---
  const server_addresses& addresses() const noexcept { return addresses_; }
  hub& shared() noexcept { return *hub_; }
  const asio::any_io_executor& executor() const noexcept { return hub_->executor(); }
  /// So that new clients find no socket, rather than one that doesn't answer.
  void remove_files() noexcept {
    for (const auto& file : files_) file->remove();
  }

  // --- on the executor ---
  void start();
  void drain();
  void close(std::shared_ptr<close_wait>);
  /// Ends everything at once.
  void cut();

 private:
  void open(const listen_address&, std::string& address, const std::function<std::unique_ptr<face>()>&);
  void close_client();

  handed_over handed_over_;  ///< those on which no listener listens yet
  const std::shared_ptr<hub> hub_;
  server_addresses addresses_;
  std::vector<std::shared_ptr<socket_file>> files_;
  std::vector<std::shared_ptr<listener>> listeners_;
  std::vector<std::shared_ptr<close_wait>> waits_;
  std::size_t open_ = 0;  ///< listeners that haven't ended
  bool closing_ = false;
  bool closed_ = false;
};

void service::open(const listen_address& given, std::string& address,
                   const std::function<std::unique_ptr<face>()>& make_face) {
  if (!given.on()) return;
  const server_options& o = hub_->options();
  listening at{given, o.socket_mode};
  handed_over_.take(given.descriptor);
  if (at.file()) files_.push_back(at.file());
  address = at.address().text();
  // A pointer to the face also keeps the hub.
  const std::shared_ptr<face> speaker{make_face().release(), [hub = hub_](face* over) { delete over; }};
  auto served = [hub = hub_, name = speaker->name()](const log_entry& entry, std::chrono::milliseconds took) {
    hub->record(name, entry, took);
  };
  const serving_limits limits{o.max_connections, o.transfer_timeout, o.keep_alive};
  listeners_.push_back(
      std::make_shared<listener>(executor(), speaker, std::move(at), limits, std::move(served)));
}

void service::start() {
  for (const auto& one : listeners_) one->start();
  const std::size_t mints = hub_->options().warm_up;
  hub_->warm = mints == 0;
  if (hub_->warm) return;
  auto tried = [hub = std::weak_ptr{hub_}](const result<void>&) {
    if (const auto alive = hub.lock()) alive->warm = true;
  };
  try {
    hub_->minter().async_warm_up(mints, asio::bind_executor(executor(), std::move(tried)));
  } catch (const std::bad_alloc&) {
    hub_->warm = true;  // it was tried
  }
}

void service::drain() {
  hub_->draining = true;
  for (const auto& one : listeners_) one->drain();
}

void service::close(std::shared_ptr<close_wait> wait) try {
  if (closed_) return wait->end({});
  waits_.push_back(wait);
  if (std::exchange(closing_, true)) return;
  drain();
  open_ = listeners_.size();
  for (const auto& one : listeners_)
    one->close([self = weak_from_this()] {
      if (const auto alive = self.lock(); alive && --alive->open_ == 0) alive->close_client();
    });
} catch (const std::bad_alloc&) {  // no memory to wait for the end
  cut();
  wait->end({});
}

void service::close_client() {
  auto over = [self = weak_from_this()](const result<void>&) {
    if (const auto alive = self.lock()) alive->cut();
  };
  try {
    hub_->minter().async_close(asio::bind_executor(executor(), std::move(over)));
  } catch (const std::bad_alloc&) {
    cut();
  }
}

void service::cut() {
  closed_ = true;
  for (const auto& one : listeners_) one->cut();
  for (const auto& wait : std::exchange(waits_, {})) wait->end({});
}

namespace {

server_options checked_options(server_options options) {
  check(options);
  if (options.login.on()) options.public_url = checked_origin(options.public_url, "public_url");
  return options;
}

/// An exception from a handler for which there was no memory ends only that handler.
template <class Run>
void whatever_fails(Run run) {
  while (true) try {
      run();
      return;
    } catch (const std::bad_alloc&) {
    }
}

/// Serves until the context is stopped. Then everything ends at once: all waits complete before it returns.
void serve(asio::io_context& context, service& serving) {
  whatever_fails([&] { context.run(); });
  whatever_fails([&] { serving.cut(); });
  context.restart();
  whatever_fails([&] { context.poll(); });
}

/// Signals are left to the program's own threads.
std::thread thread_without_signals(std::shared_ptr<asio::io_context> context,
                                   std::shared_ptr<service> serving) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread made{
      [context = std::move(context), serving = std::move(serving)] { serve(*context, *serving); }};
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return made;
}

}  // namespace

/// When a wait begins, the coroutine is already suspended; an exception at that point would destroy it. So a
/// wait that can't begin completes at once, and the exception is thrown from here. `begin(handler)` takes the
/// handler, unless it throws.
template <class Begin>
asio::awaitable<result<void>> awaited(Begin begin) {
  std::exception_ptr thrown;
  auto initiation = [&thrown, &begin](auto handler) {
    close_wait::handler_type erased;
    try {
      close_wait::handler_type{std::move(handler)}.swap(erased);
      begin(erased);
      return;  // the coroutine may be gone
    } catch (...) {
      thrown = std::current_exception();
    }
    // If there was no memory to erase the handler's type, it is still in `handler`.
    if (erased)
      std::move(erased)(result<void>{});
    else
      std::move(handler)(result<void>{});
  };
  auto operation =
      asio::async_initiate<const asio::deferred_t, void(result<void>)>(std::move(initiation), asio::deferred);
  const result<void> how = co_await std::move(operation);
  if (thrown) std::rethrow_exception(thrown);
  co_return how;
}

/// The service, and where it runs.
class server::impl {
 public:
  explicit impl(server_options options)
      : context_{std::make_shared<asio::io_context>(1)},
        executor_{context_->get_executor()},
        busy_{asio::prefer(executor_, asio::execution::outstanding_work.tracked)} {
    options = checked_options(std::move(options));
    options.client.single_threaded = true;
    build(std::move(options));
    thread_ = thread_without_signals(context_, service_);
  }

  impl(executor_type executor, server_options options) : executor_{std::move(executor)} {
    build(checked_options(std::move(options)));
  }

  ~impl() {
    service_->remove_files();
    if (!context_) {
      cut_elsewhere();
      return;
    }
    context_->stop();
    if (thread_.get_id() == std::this_thread::get_id())
      thread_.detach();  // a handler of ours destroys us: the thread co-owns the context
    else
      thread_.join();
  }

  /// Calls `action` on the service's executor.
  template <class Action>
  void perform(Action action) {
    asio::post(service_->executor(),
               [what = service_, action = std::move(action)]() mutable { std::invoke(action, *what); });
  }

  /// Tries several times: otherwise only the end of the context would end the service.
  void cut_elsewhere() noexcept {
    for (int tries = 0; tries < 8; ++tries) try {
        return perform(&service::cut);
      } catch (const std::bad_alloc&) {
      }
  }

  /// Takes the handler, unless it throws.
  void close(close_wait::handler_type& handler) {
    const auto slot = asio::get_associated_cancellation_slot(handler);
    const auto wait = std::make_shared<close_wait>(handler, executor_);
    try {
      if (auto to_cancel = slot; to_cancel.is_connected())
        to_cancel.assign([wait, at = service_->executor()](asio::cancellation_type) {
          asio::post(at, [wait] { wait->end(mint_error{mint_errc::cancelled}); });
        });
      perform([wait](service& s) { s.close(wait); });
    } catch (...) {
      if (auto to_cancel = slot; to_cancel.is_connected()) to_cancel.clear();
      handler.swap(wait->handler());
      throw;
    }
  }

  service& running() noexcept { return *service_; }
  const executor_type& executor() const noexcept { return executor_; }

 private:
  /// A strand allocates for each step, so none is made if the executor runs one handler at a time anyway.
  void build(server_options options) {
    const bool serial_already = options.client.single_threaded;
    const executor_type serial = serial_already ? executor_ : executor_type{asio::make_strand(executor_)};
    service_ = std::make_shared<service>(serial, executor_, std::move(options));
    perform(&service::start);
  }

  std::shared_ptr<asio::io_context> context_;  // null: the caller's context
  executor_type executor_;
  executor_type busy_;  ///< keeps a context of its own running
  std::shared_ptr<service> service_;
  std::thread thread_;
};

server::server(server_options options) : impl_{std::make_unique<impl>(std::move(options))} {}

server::server(executor_type executor, server_options options)
    : impl_{std::make_unique<impl>(std::move(executor), std::move(options))} {}

server::~server() = default;

const server_addresses& server::addresses() const noexcept { return impl_->running().addresses(); }

void server::drain() { impl_->perform(&service::drain); }

void server::start_close(close_wait::handler_type handler) { impl_->close(handler); }

asio::awaitable<result<void>> server::close() {
  return awaited([this](close_wait::handler_type& handler) { impl_->close(handler); });
}

void server::set_api_key(secret key) { impl_->running().shared().set_api_key(std::move(key)); }

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

std::string server::metrics_text() const { return impl_->running().shared().metrics_text(); }

client_stats server::stats() const noexcept { return impl_->running().shared().minter().stats(); }

server::executor_type server::get_executor() const noexcept { return impl_->executor(); }

}  // namespace ephemint::inline v0::gateway
