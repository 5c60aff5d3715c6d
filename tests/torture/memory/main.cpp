// memory_torture: runs each scenario with the n-th allocation failing, for n = 1, 2, 3 … until no allocation
// fails; each time in a process of its own.

#include "failing_malloc.hpp"
#include "support/process.hpp"
#include "support/redis_server.hpp"
#include "trial.hpp"
#include "world.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <new>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ephemint::torture {
namespace {

struct arguments {
  long stride = 1;        ///< only every n-th allocation
  unsigned seed = 1;      ///< the first allocation to fail
  std::string only{};     ///< the scenarios whose names contain this
  std::size_t jobs = 12;  ///< trials in parallel: they mostly wait
  long at = 0;            ///< only this allocation, in this process itself
  shortage how = shortage::once;
};

/// One scenario, over one protocol.
struct stage {
  std::string name;
  const scenario* what;
  http2_use http2;
};

/// A trial's report to its parent.
struct verdict {
  long seen, failed;
  char complaint[200];
};

std::size_t threads_of_ours() {
  std::size_t count = 0;
  DIR* const tasks = ::opendir("/proc/self/task");
  while (tasks != nullptr && ::readdir(tasks) != nullptr) ++count;
  if (tasks != nullptr) ::closedir(tasks);
  return count - 2;
}

/// Threads that look names up end by themselves.
void await_threads() {
  for (int i = 0; i < 3'000 && threads_of_ours() > 1; ++i) ::usleep(1'000);
}

verdict play(const stage& s, const world& around, long n, shortage how) {
  verdict what{};
  OPENSSL_thread_stop();
  const long before = live_blocks();
  {
    trial one{around, s.http2, n, how};
    s.what->play(one);
    one.end();
    what.seen = one.seen();
    what.failed = one.failed();
  }
  await_threads();
  OPENSSL_thread_stop();
  const long left = live_blocks() - before;
  if (complaint() != nullptr)
    std::snprintf(what.complaint, sizeof what.complaint, "%s", complaint());
  else if (left > 0)
    std::snprintf(what.complaint, sizeof what.complaint, "%ld blocks leaked", left);
  return what;
}

/// A trial in a process of its own: it may crash.
class trial_apart {
 public:
  trial_apart(const stage& s, const world& around, long n, shortage how) : n_{n} {
    void* const page =
        ::mmap(nullptr, sizeof(verdict), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw std::bad_alloc{};
    shared_ = static_cast<verdict*>(page);
    process_ = test::fork_process();
    if (process_ != 0) return;
    const int nowhere = ::open("/dev/null", O_WRONLY);
    ::dup2(nowhere, STDERR_FILENO);
    ::alarm(40);
    *shared_ = play(s, around, n, how);
    ::_exit(0);
  }
  trial_apart(const trial_apart&) = delete;
  trial_apart& operator=(const trial_apart&) = delete;
  ~trial_apart() { ::munmap(shared_, sizeof(verdict)); }

  long n() const noexcept { return n_; }
  verdict wait() const {
    int status = 0;
    ::waitpid(process_, &status, 0);
    verdict what = *shared_;
    if (!WIFSIGNALED(status)) return what;
    what.failed = 1;
    std::snprintf(what.complaint, sizeof what.complaint, "killed by signal %d%s", WTERMSIG(status),
                  WTERMSIG(status) == SIGALRM ? ": it hangs" : "");
    return what;
  }

 private:
  const long n_;
  verdict* shared_ = nullptr;
  pid_t process_ = -1;
};

struct tally {
  long tried = 0, short_of = 0;
};

/// Lets one allocation after the other fail, one in each trial, until a scenario ends before reaching it.
tally play_all(const stage& s, const world& around, const arguments& a, shortage how, std::mt19937& random) {
  tally all;
  std::deque<std::unique_ptr<trial_apart>> under_way;
  long n = 1 + static_cast<long>(random() % static_cast<unsigned long>(a.stride));
  int untouched = 0;
  while (untouched < 2 || !under_way.empty()) {
    while (untouched < 2 && under_way.size() < a.jobs) {
      under_way.push_back(std::make_unique<trial_apart>(s, around, n, how));
      n += a.stride;
    }
    const auto one = std::move(under_way.front());
    under_way.pop_front();
    const verdict what = one->wait();
    untouched = what.failed == 0 ? untouched + 1 : 0;
    all.tried += what.failed != 0;
    if (what.complaint[0] == '\0') continue;
    ++all.short_of;
    std::printf("  %s --at %ld%s: %s\n", s.name.c_str(), one->n(),
                how == shortage::for_good ? " --for-good" : "", what.complaint);
    std::fflush(stdout);
  }
  return all;
}

std::vector<stage> stages(const world& around, std::string_view only) {
  std::vector<stage> all;
  for (const scenario* list : {client_scenarios, gateway_scenarios, store_scenarios})
    for (const scenario* one = list; one->name != nullptr; ++one) {
      if (one->what == scenario::needs::store && around.store.empty()) continue;
      for (const bool two : {false, true}) {
        stage made{std::string{one->name} + (two ? "/2" : "/1.1"), one,
                   two ? http2_use::only : http2_use::never};
        if ((two && one->http1_alone) || made.name.find(only) == made.name.npos) continue;
#ifndef EPHEMINT_HTTP2
        if (two) continue;
#endif
        all.push_back(std::move(made));
      }
    }
  return all;
}

arguments read(int count, char** words) {
  arguments a;
  const auto number = [](const char* word) { return std::strtol(word, nullptr, 10); };
  for (int i = 1; i < count; ++i) {
    const std::string_view name = words[i];
    const char* const value = i + 1 < count ? words[i + 1] : "";
    if (name == "--for-good") {
      a.how = shortage::for_good;
      continue;
    }
    ++i;
    if (name == "--stride")
      a.stride = std::max(1L, number(value));
    else if (name == "--seed")
      a.seed = static_cast<unsigned>(number(value));
    else if (name == "--jobs")
      a.jobs = static_cast<std::size_t>(std::max(1L, number(value)));
    else if (name == "--only")
      a.only = value;
    else if (name == "--at")
      a.at = number(value);
    else {
      std::fprintf(
          stderr,
          "usage: memory_torture [--stride N] [--seed N] [--jobs N] [--only NAME [--at N [--for-good]]]\n");
      std::exit(2);
    }
  }
  return a;
}

int run(const arguments& a) {
  world around = start_world();
  std::optional<test::redis_server> store;
  if (!test::redis_server::installed().empty()) {
    store.emplace();
    around.store = store->url();
  } else {
    std::puts("no Redis is installed: scenarios with a shared quota aren't played");
  }
  const std::vector<stage> all = stages(around, a.only);
  for (const stage& s : all) {  // objects that are made only once are made here
    static_cast<void>(play(s, around, 0, shortage::once));
    if (complaint() == nullptr) continue;
    std::printf("%s falls short with all the memory there is: %s\n", s.name.c_str(), complaint());
    return 1;
  }
  if (a.at != 0) {
    bool short_of_any = false;
    for (const stage& s : all) {
      const verdict what = play(s, around, a.at, a.how);
      std::printf("%s: %ld of %ld failed, %s\n", s.name.c_str(), what.failed, what.seen, what.complaint);
      short_of_any |= what.complaint[0] != '\0';
    }
    return short_of_any;
  }
  std::mt19937 random{a.seed};
  tally sum;
  std::printf("%-44s %8s %8s\n", "scenario, one or all allocations failing", "tried", "short");
  std::fflush(stdout);
  for (const stage& s : all)
    for (const shortage how : {shortage::once, shortage::for_good}) {
      const tally one = play_all(s, around, a, how, random);
      std::printf("%-36s %-7s %8ld %8ld\n", s.name.c_str(), how == shortage::once ? "one" : "all", one.tried,
                  one.short_of);
      std::fflush(stdout);
      sum.tried += one.tried;
      sum.short_of += one.short_of;
    }
  std::printf("%-44s %8ld %8ld\n", "together", sum.tried, sum.short_of);
  return sum.short_of != 0;
}

}  // namespace
}  // namespace ephemint::torture

int main(int count, char** words) try {
  return ephemint::torture::run(ephemint::torture::read(count, words));
} catch (const std::exception& e) {
  std::fprintf(stderr, "memory_torture: %s\n", e.what());
  return 2;
}
