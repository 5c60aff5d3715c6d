#include "example.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <future>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// A portal's session, as far as an example needs one.
struct session {
  ephemint::account_id account;
  std::string answer = {};

  asio::awaitable<void> redirect(std::string url) {
    answer = "302 to " + url.substr(0, url.find(':'));
    co_return;
  }
  asio::awaitable<void> say_goodbye() {
    answer = "goodbye";
    co_return;
  }
  asio::awaitable<void> unavailable(std::optional<ephemint::clock::duration>) {
    answer = "503";
    co_return;
  }
};

// region: open_portal
asio::awaitable<void> open_portal(ephemint::client& minter, session& s) {
  auto minted = co_await minter.mint({.account = s.account});
  if (!minted) {
    co_await s.unavailable(minted.error().retry_after());
    co_return;
  }
  std::string url{minted->redirect_url()};  // a fresh one each time: it dies in 10 s
  co_await s.redirect(std::move(url));
}
// endregion

// region: login_options
/// A login in the partner's own theme that opens at the customer's billing page.
asio::awaitable<void> open_billing(ephemint::client& minter, session& s, std::string theme_id) {
  auto minted = co_await minter.mint({.account = s.account});
  if (!minted) {
    co_await s.unavailable(minted.error().retry_after());
    co_return;
  }
  auto url = minted->login_url({.theme_id = theme_id, .redirect_to = ephemint::portal_page::billing});
  if (!url)
    throw ephemint::mint_exception{url.error()};  // the theme is no UUID, or the URL would be too long
  co_await s.redirect(std::move(*url));
}
// endregion

// region: existing_context
/// For a server that has an `io_context` already, run by several threads: the client uses that one.
void serve(asio::io_context& context, ephemint::client_options options, std::vector<session>& sessions) {
  ephemint::client minter{context.get_executor(), std::move(options)};
  std::vector<std::future<void>> open;
  for (session& s : sessions)
    open.push_back(asio::co_spawn(context, open_portal(minter, s), asio::use_future));
  for (auto& done : open) done.get();
  minter.async_close(asio::use_future).get();  // waits for mints under way
}
// endregion

// region: shared_governor
/// One client for each thread, each on its own context, and one quota for all of them.
class worker {
 public:
  worker(ephemint::client_options options, std::shared_ptr<ephemint::rate_governor> governor)
      : minter_{context_.get_executor(), share(std::move(options), std::move(governor))} {}

  void run() { context_.run(); }
  asio::io_context& context() { return context_; }
  ephemint::client& minter() { return minter_; }

 private:
  static ephemint::client_options share(ephemint::client_options options,
                                        std::shared_ptr<ephemint::rate_governor> governor) {
    options.governor = std::move(governor);
    options.single_threaded = true;  // only this worker's thread runs its context
    return options;
  }

  asio::io_context context_{1};
  ephemint::client minter_;
};
// endregion

// region: cancel
/// If the browser disconnects, its mint ends at once, with `mint_errc::cancelled`.
void give_up_early(ephemint::client& minter) {
  asio::cancellation_signal gone;
  const auto done = [](const ephemint::mint_result& r) { std::cout << to_string(r.error().value()) << '\n'; };
  minter.async_mint({.account = "se-1"}, asio::bind_cancellation_slot(gone.slot(), done));
  gone.emit(asio::cancellation_type::terminal);  // from the context's thread: it isn't thread-safe
}
// endregion

// region: clean_up
/// A session that is cancelled, and then still does some work to clean up.
asio::awaitable<void> open_portal_or_part(ephemint::client& minter, session& s) {
  auto minted = co_await minter.mint({.account = s.account});
  if (!minted && minted.error().code() == ephemint::mint_errc::cancelled) {
    // After a cancellation each further await would throw. This clears it, and ignores later ones:
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await s.say_goodbye();
    co_return;
  }
  if (!minted) co_return;
  std::string url{minted->redirect_url()};
  co_await s.redirect(std::move(url));
}
// endregion

// region: wait
/// Says how long a login would take, before it is requested.
void show_wait(const ephemint::client& minter) {
  const auto wait = std::chrono::ceil<std::chrono::seconds>(minter.estimate());
  std::cout << "the next login is served in " << wait.count() << " s\n";
}
// endregion

// region: stats
void show_stats(const ephemint::client& minter) {
  const ephemint::client_stats seen = minter.stats();
  std::cout << seen.minted << " of " << seen.submitted << " minted, by " << seen.requests << " requests\n";
}
// endregion

void run_existing_context() {
  ephemint::sandbox::server api;
  asio::io_context context;
  auto work = asio::make_work_guard(context);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { context.run(); });

  std::vector<session> sessions;
  for (int i = 0; i < 10; ++i) sessions.push_back({.account = "se-" + std::to_string(i)});
  serve(context, example::options_for(api), sessions);
  work.reset();
  for (auto& t : threads) t.join();
  for (const auto& s : sessions) std::cout << s.answer << (&s == &sessions.back() ? "\n" : ", ");
}

void run_shared_governor() {
  ephemint::sandbox::server api;
  const auto governor = ephemint::make_rate_governor(ephemint::quota::declared(10, 60s));
  worker first{example::options_for(api), governor};
  worker second{example::options_for(api), governor};
  std::atomic<int> minted = 0;
  std::atomic<int> told_to_wait = 0;
  const auto mint = [&](worker& w) -> asio::awaitable<void> {
    for (int i = 0; i < 10; ++i) {
      auto result = co_await w.minter().mint({.account = "se-1", .deadline = 2s});
      ++(result ? minted : told_to_wait);
    }
    co_await w.minter().close();
  };
  std::vector<std::thread> threads;
  for (worker* w : {&first, &second}) {
    asio::co_spawn(w->context(), mint(*w), asio::detached);
    threads.emplace_back([w] { w->run(); });
  }
  for (auto& t : threads) t.join();
  std::cout << minted << " minted, " << told_to_wait << " told to wait\n";
}

void run_cancel() {
  ephemint::sandbox::server api;
  asio::io_context context;
  ephemint::client minter{context.get_executor(), example::options_for(api)};
  give_up_early(minter);
  minter.async_close(asio::detached);  // otherwise its idle connections keep `run` from returning
  context.run();
}

void run_clean_up() {
  ephemint::sandbox::server api;
  asio::io_context context;
  ephemint::client minter{context.get_executor(), example::options_for(api)};
  session s{.account = "se-1"};
  asio::cancellation_signal stop;
  const auto close_after = [&](std::exception_ptr) { minter.async_close(asio::detached); };
  asio::co_spawn(context, open_portal_or_part(minter, s),
                 asio::bind_cancellation_slot(stop.slot(), close_after));
  asio::post(context, [&] { stop.emit(asio::cancellation_type::terminal); });
  context.run();
  std::cout << s.answer << '\n';
}

asio::awaitable<void> see_the_rest(ephemint::sandbox::server& api) {
  ephemint::client_options options = example::options_for(api);
  options.rate = ephemint::quota::declared(1, 30s);
  ephemint::client minter{co_await asio::this_coro::executor, std::move(options)};
  session s{.account = "se-1"};
  co_await open_billing(minter, s, "0f0e0d0c-0b0a-0908-0706-050403020100");
  std::cout << s.answer << '\n';
  show_wait(minter);
  show_stats(minter);
}

}  // namespace

int main() {
  run_existing_context();
  run_shared_governor();
  run_cancel();
  run_clean_up();
  ephemint::sandbox::server api;
  asio::io_context context;
  example::run(see_the_rest(api), context);
}
