// schedule_torture: a batch, with logins beside it, while the API is stopped, killed, cut off and failing,
// one fault after the other: 5 s on, 5 s off, in an order by a seed.

#include "api_process.hpp"
#include "oracle.hpp"
#include "own_network.hpp"

#include <ephemint/client.hpp>
#include <ephemint/observer.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::torture {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t quota_requests = 100;
constexpr std::chrono::milliseconds quota_window = 5s;
constexpr std::chrono::milliseconds login_deadline = 3s;
constexpr std::chrono::milliseconds login_every = 150ms;

struct arguments {
  std::chrono::seconds time = 180s;
  std::chrono::milliseconds phase = 5s;  ///< a fault is on for this time, then off for the same time
  unsigned seed = 1;
};

/// A fault, and how it ends.
struct trouble {
  const char* name;
  std::function<void()> on, off;
};

/// Counts requests that got no reply.
struct unanswered final : observer {
  void on_attempt(const attempt_report& one) noexcept override { count += one.http_status == 0; }
  std::uint64_t count = 0;
};

class run_of_faults {
 public:
  run_of_faults(const arguments& a, api_process& api, bool own_network)
      : arguments_{a}, api_{api}, random_{a.seed}, begun_{clock::now()}, minter_{context_, options()} {
    make_troubles(own_network);
  }

  int run() {
    results_.emplace(minter_.mint_many([this] { return next_account(); }, {.in_flight = 32}));
    take_next();
    ask_login();
    change();
    context_.run_until(std::chrono::steady_clock::now() + arguments_.time + arguments_.phase + 60s);
    if (!batch_over_) seen_.broken("the batch hangs");
    if (!seen_.logins_over()) seen_.broken("a login was never told");
    if (!recovered_) {
      seen_.broken("no login was minted after all faults had ended");
      print_what_holds();
    }
    seen_.judge_batch();
    const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - begun_);
    seen_.judge_quota(api_, quota_requests, quota_window, whole, lost_->count);
    seen_.print();
    return seen_.violations();
  }

 private:
  client_options options() const {
    client_options made;
    made.base_url = api_.base_url;
    made.api_key = secret{api_.keys[0]};
    made.system_authorities = false;
    made.authority_pem = api_.ca_pem;
    made.rate = quota::declared(quota_requests, quota_window);
    made.observer = lost_;
    made.http2 = arguments_.seed % 2 == 0 ? http2_use::automatic : http2_use::never;
    return made;
  }

  void make_troubles(bool own_network) {
    const auto says = [this](const char* line) { return [this, line] { api_.tell(line); }; };
    troubles_ = {
        {"the API is stopped", [this] { api_.stop(); }, [this] { api_.go_on(); }},
        {"the API is killed", [this] { api_.kill(); }, [this] { api_.revive(); }},
        {"the API is killed and is back at once", [this] { api_.kill(), api_.revive(); }, [] {}},
        {"3 packets in 10 are lost", says("drop 30"), says("drop 0")},
        {"all packets are lost", says("drop 100"), says("drop 0")},
        {"all answers are 503", says("fault status=503"), says("clear")},
        {"half of the answers are 503", says("fault status=503,probability=0.5"), says("clear")},
        {"answers take 3 s", says("fault delay=3s"), says("clear")},
        {"answers end in the middle", says("fault reset=inside:40,every=3"), says("clear")},
        {"answers stop in the middle", says("fault stall=inside:40,every=5"), says("clear")},
        {"connections are closed at their third request", says("fault close=before,nth=3"), says("clear")},
        {"handshakes stall", [this] { api_.tell("reset"), api_.tell("fault handshake=stall"); },
         says("clear")},
        {"connections are reset, sessions forgotten", [this] { api_.tell("forget"), api_.tell("reset"); },
         [] {}},
        {"the key is replaced", [this] { minter_.set_api_key(secret{api_.keys[++key_ % 2]}); }, [] {}},
    };
    if (!own_network) {
      std::puts("a network of its own isn't allowed here: the link stays up, and no connection half open");
      return;
    }
    troubles_.push_back({"the link is down", [] { set_link(false); }, [] { set_link(true); }});
    troubles_.push_back({"connections are half open", says("vanish"), [] {}});
    troubles_.push_back({"peers are gone, and say nothing",
                         [this] { api_.tell("drop 100"), api_.tell("vanish"); }, says("drop 0")});
  }

  bool time_is_over() const { return clock::now() - begun_ >= arguments_.time; }

  /// Prints hints why no login is minted: what the API has received, and what the client waits for.
  void print_what_holds() const {
    const client_stats now = minter_.stats();
    const api_process::life api = api_.seen(api_.lives() - 1);
    std::printf("  since then the API has seen %llu requests, and minted %llu\n",
                static_cast<unsigned long long>(api.requests - at_the_end_.requests),
                static_cast<unsigned long long>(api.minted - at_the_end_.minted));
    std::printf(
        "  the client: %zu queued, %zu in flight, %zu connections (%zu HTTP/2), %llu of %llu dials failed, "
        "%s\n",
        now.queued, now.in_flight, now.connections, now.http2_connections,
        static_cast<unsigned long long>(now.failed_dials), static_cast<unsigned long long>(now.dials),
        minter_.outage() ? "an outage" : "no outage");
  }

  // --- faults: on, off, on …
  void change() {
    if (current_ != nullptr) {
      current_->off();
      current_ = nullptr;
      ended_ = clock::now();
    } else if (!time_is_over()) {
      current_ = &troubles_[random_() % troubles_.size()];
      std::printf("%5.1f s: %s\n", std::chrono::duration<double>(clock::now() - begun_).count(),
                  current_->name);
      std::fflush(stdout);
      current_->on();
    }
    if (time_is_over() && current_ == nullptr) {
      at_the_end_ = api_.seen(api_.lives() - 1);
      return;
    }
    phase_timer_.expires_after(arguments_.phase);
    phase_timer_.async_wait([this](const auto& error) {
      if (!error) change();
    });
  }

  // --- the batch
  std::optional<account_id> next_account() {
    if (time_is_over()) return std::nullopt;
    return account_id{seen_.next_account()};
  }
  void take_next() {
    results_->async_next([this](std::exception_ptr thrown, std::optional<account_result> one) {
      if (thrown) return seen_.broken("the batch ended by an exception");
      if (!one) {
        batch_over_ = true;
        return;
      }
      seen_.batch_told(*one);
      take_next();
    });
  }

  // --- logins beside it, until one is minted after the last fault
  void ask_login() {
    if (recovered_ || clock::now() - begun_ > arguments_.time + 40s) return;
    const std::string account = "se-login-" + std::to_string(++logins_);
    const auto asked = clock::now();
    seen_.login_asked();
    minter_.async_mint(mint_request{.account = account_id{account}, .deadline = login_deadline},
                       [this, account, asked](const mint_result& result) {
                         seen_.login_told(account, asked, login_deadline, result);
                         recovered_ = recovered_ ||
                                      (result && time_is_over() && current_ == nullptr && asked > ended_);
                       });
    login_timer_.expires_after(login_every);
    login_timer_.async_wait([this](const auto& error) {
      if (!error) ask_login();
    });
  }

  const arguments arguments_;
  api_process& api_;
  std::mt19937 random_;
  oracle seen_;
  const std::shared_ptr<unanswered> lost_ = std::make_shared<unanswered>();
  const clock::time_point begun_;
  clock::time_point ended_{};
  api_process::life at_the_end_{};  ///< what the API had seen when the last fault was over
  boost::asio::io_context context_{1};
  boost::asio::steady_timer phase_timer_{context_}, login_timer_{context_};
  client minter_;
  std::optional<mint_stream> results_;
  std::vector<trouble> troubles_;
  const trouble* current_ = nullptr;
  unsigned key_ = 0;
  std::uint64_t logins_ = 0;
  bool batch_over_ = false, recovered_ = false;
};

arguments read(int count, char** words) {
  arguments a;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = words[i];
    const long value = std::strtol(words[i + 1], nullptr, 10);
    if (name == "--seconds") a.time = std::chrono::seconds{value};
    if (name == "--phase-ms") a.phase = std::chrono::milliseconds{value};
    if (name == "--seed") a.seed = static_cast<unsigned>(value);
  }
  return a;
}

int play(const arguments& a) {
  const bool own_network = enter_own_network();
  api_process api{std::to_string(quota_requests) + "/5s"};
  std::printf("seed %u, %lld s\n", a.seed, static_cast<long long>(a.time.count()));
  const int violations = run_of_faults{a, api, own_network}.run();
  std::printf("%d violations\n", violations);
  return violations != 0;
}

}  // namespace
}  // namespace ephemint::torture

int main(int count, char** words) try {
  return ephemint::torture::play(ephemint::torture::read(count, words));
} catch (const std::exception& e) {
  std::fprintf(stderr, "schedule_torture: %s\n", e.what());
  return 2;
}
