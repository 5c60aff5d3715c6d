// libcurl as its makers recommend it for many transfers at once: the multi interface driven by sockets, not
// by `curl_multi_perform` (which looks at every handle each time), handles and their buffers reused,
// connections kept.

#include "kept_token.hpp"
#include "minters.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

namespace ephemint::bench {
namespace {

void must(CURLcode code) {
  if (code != CURLE_OK) throw std::runtime_error{curl_easy_strerror(code)};
}
void must(CURLMcode code) {
  if (code != CURLM_OK) throw std::runtime_error{curl_multi_strerror(code)};
}

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using easy_handle = std::unique_ptr<CURL, freed_by<curl_easy_cleanup>>;
using multi_handle = std::unique_ptr<CURLM, freed_by<curl_multi_cleanup>>;
using header_list = std::unique_ptr<curl_slist, freed_by<curl_slist_free_all>>;

struct global_state {
  global_state() { must(curl_global_init(CURL_GLOBAL_DEFAULT)); }
  ~global_state() { curl_global_cleanup(); }
};

header_list common_headers(const std::string& api_key) {
  header_list all;
  for (const std::string& line : {"API-Key: " + api_key, std::string{"Accept: application/json"},
                                  std::string{"Content-Type: application/json"}}) {
    curl_slist* const longer = curl_slist_append(all.get(), line.c_str());
    if (!longer) throw std::bad_alloc{};
    [[maybe_unused]] curl_slist* const same = all.release();
    all.reset(longer);
  }
  return all;
}

/// A handle with its buffers, for one mint after another.
struct worker {
  easy_handle handle{curl_easy_init()};
  std::string account_line;
  curl_slist
      headers{};  // its own header line, then the list that all share, built once (libcurl's `curl_slist`)
  std::string body;
  std::uint32_t call = 0;
  caller* to = nullptr;
  clock::time_point begun{};
};

std::size_t append(char* data, std::size_t, std::size_t size, void* body) {
  static_cast<std::string*>(body)->append(data, size);
  return size;
}

class curl_minter final : public minter {
 public:
  curl_minter(const minter_settings& s, bool http2)
      : settings_{s}, http2_{http2}, epoll_{::epoll_create1(EPOLL_CLOEXEC)} {
    if (epoll_ == -1) throw std::system_error{errno, std::generic_category(), "epoll_create1"};
    if (!multi_) throw std::bad_alloc{};
    set_up_multi();
    for (std::size_t i = 0; i < s.connections; ++i) idle_.push_back(add_worker());
  }
  ~curl_minter() override {
    for (const worker& w : crew_) curl_multi_remove_handle(multi_.get(), w.handle.get());
    crew_.clear();
    multi_.reset();  // it still calls back, for each connection that it closes
    ::close(epoll_);
  }

  void mint(const account_id& account, std::uint32_t call, caller& to) override {
    if (idle_.empty()) idle_.push_back(add_worker());
    worker& w = *idle_.back();
    idle_.pop_back();
    w.call = call;
    w.to = &to;
    w.begun = clock::now();
    w.body.clear();
    w.account_line.assign("On-Behalf-Of: ").append(account.str());
    w.headers.data = w.account_line.data();
    must(curl_easy_setopt(w.handle.get(), CURLOPT_HTTPHEADER, &w.headers));
    must(curl_multi_add_handle(multi_.get(), w.handle.get()));
  }
  minter_counts counts() const override { return counts_; }

  void run() override {
    for (stopped_ = false; !stopped_;) {
      advance();
      collect();
      wake_if_due();
    }
    alarm_.reset();
  }
  void stop() override { stopped_ = true; }
  void wake_at(clock::time_point at, waker& whom) override {
    alarm_ = at;
    whom_ = &whom;
  }

 private:
  void wake_if_due() {
    if (!alarm_ || *alarm_ > clock::now()) return;
    alarm_.reset();
    whom_->on_wake();
  }

  void set_up_multi() {
    CURLM* const m = multi_.get();
    const auto at_once = static_cast<long>(settings_.connections);
    const long connections = http2_ ? 1 : at_once;
    must(curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, connections));
    must(curl_multi_setopt(m, CURLMOPT_MAX_HOST_CONNECTIONS, connections));
    must(curl_multi_setopt(m, CURLMOPT_PIPELINING, http2_ ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING));
    must(curl_multi_setopt(m, CURLMOPT_MAX_CONCURRENT_STREAMS, at_once));
    must(curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, &curl_minter::watch));
    must(curl_multi_setopt(m, CURLMOPT_SOCKETDATA, this));
    must(curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, &curl_minter::set_timer));
    must(curl_multi_setopt(m, CURLMOPT_TIMERDATA, this));
  }

  worker* add_worker() {
    worker& w = crew_.emplace_back();
    CURL* const h = w.handle.get();
    if (!h) throw std::bad_alloc{};
    w.body.reserve(reply_capacity);
    w.headers.next = common_headers_.get();
    must(curl_easy_setopt(h, CURLOPT_PRIVATE, &w));
    must(curl_easy_setopt(h, CURLOPT_URL, url_.c_str()));
    trust(h);
    must(curl_easy_setopt(h, CURLOPT_POST, 1L));
    must(curl_easy_setopt(h, CURLOPT_POSTFIELDS, ""));
    must(curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE, 0L));
    must(curl_easy_setopt(h, CURLOPT_USERAGENT, std::string{user_agent}.c_str()));
    must(curl_easy_setopt(h, CURLOPT_HTTP_VERSION, http2_ ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    must(curl_easy_setopt(h, CURLOPT_PIPEWAIT, http2_ ? 1L : 0L));
    must(curl_easy_setopt(h, CURLOPT_TCP_NODELAY, 1L));
    // Replies and requests are small; by default 16 and 64 KiB are allocated for each.
    must(curl_easy_setopt(h, CURLOPT_BUFFERSIZE, static_cast<long>(reply_capacity)));
    must(curl_easy_setopt(h, CURLOPT_UPLOAD_BUFFERSIZE, 16L * 1024));
    must(curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L));
    must(curl_easy_setopt(h, CURLOPT_NOPROXY, "*"));
    must(curl_easy_setopt(h, CURLOPT_CLOSESOCKETFUNCTION, &curl_minter::close_socket));
    must(curl_easy_setopt(h, CURLOPT_CLOSESOCKETDATA, this));
    must(curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, &append));
    must(curl_easy_setopt(h, CURLOPT_WRITEDATA, &w.body));
    return &w;
  }

  /// Peer and name are verified by default.
  void trust(CURL* h) const {
    const std::string& pem = settings_.server.authority_pem;
    if (pem.empty()) return;
    curl_blob blob{const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_NOCOPY};
    must(curl_easy_setopt(h, CURLOPT_CAINFO_BLOB, &blob));
  }

  /// Waits for the next event, and lets libcurl handle it.
  void advance() {
    if (timer_ && *timer_ <= clock::now()) {
      timer_.reset();
      int running = 0;
      must(curl_multi_socket_action(multi_.get(), CURL_SOCKET_TIMEOUT, 0, &running));
      return;
    }
    std::array<epoll_event, 64> events;
    const int count = wait(events);
    for (int i = 0; i < count; ++i) {
      const epoll_event& met = events[static_cast<std::size_t>(i)];
      act(met.data.fd, met.events);
    }
  }

  int wait(std::array<epoll_event, 64>& events) const {
    std::optional<clock::time_point> until = timer_;
    if (alarm_ && (!until || *alarm_ < *until)) until = alarm_;
    timespec left{};
    if (until) {
      const auto ns = std::max<clock::rep>((*until - clock::now()) / std::chrono::nanoseconds{1}, 0);
      left = {ns / 1'000'000'000, ns % 1'000'000'000};
    }
    const int count = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()),
                                     until ? &left : nullptr, nullptr);
    if (count < 0 && errno != EINTR) throw std::system_error{errno, std::generic_category(), "epoll_pwait2"};
    return count;
  }

  void collect() {
    int left = 0;
    while (CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode result = message->data.result;
      CURL* const handle = message->easy_handle;
      must(curl_multi_remove_handle(multi_.get(), handle));  // `message` is gone with it
      void* mine = nullptr;
      must(curl_easy_getinfo(handle, CURLINFO_PRIVATE, &mine));
      finish(*static_cast<worker*>(mine), result);
    }
  }

  void finish(worker& w, CURLcode result) {
    long status = 0, dials = 0;
    must(curl_easy_getinfo(w.handle.get(), CURLINFO_RESPONSE_CODE, &status));
    must(curl_easy_getinfo(w.handle.get(), CURLINFO_NUM_CONNECTS, &dials));
    ++counts_.requests;
    counts_.connections += static_cast<std::uint64_t>(dials);
    const char* const fault = result == CURLE_OK ? reader_.read(static_cast<int>(status), w.body, kept_)
                                                 : curl_easy_strerror(result);
    idle_.push_back(&w);
    const auto now = clock::now();
    w.to->on_result(w.call, {now, fault ? fault : "", now - w.begun});
  }

  /// A socket's registration with epoll. libcurl stops watching a connection after each reply and watches it
  /// again for the next request; keeping the socket registered saves these two system calls.
  struct registration {
    std::uint32_t events = 0;  // none: not registered
    bool wanted = false;       // by libcurl, now
  };

  registration& registered(curl_socket_t socket) {
    const auto place = static_cast<std::size_t>(socket);
    if (place >= sockets_.size()) sockets_.resize(place + 1);
    return sockets_[place];
  }

  static int watch(CURL*, curl_socket_t socket, int what, void* self, void*) {
    auto& mine = *static_cast<curl_minter*>(self);
    registration& known = mine.registered(socket);
    known.wanted = what != CURL_POLL_REMOVE;
    if (!known.wanted) return 0;
    epoll_event wanted{};
    wanted.data.fd = socket;
    if ((what & CURL_POLL_IN) != 0) wanted.events |= EPOLLIN;
    if ((what & CURL_POLL_OUT) != 0) wanted.events |= EPOLLOUT;
    if (wanted.events == known.events) return 0;
    const int operation = known.events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    known.events = wanted.events;
    return ::epoll_ctl(mine.epoll_, operation, socket, &wanted);
  }

  static int close_socket(void* self, curl_socket_t socket) {
    static_cast<curl_minter*>(self)->registered(socket) = {};  // epoll forgets it by itself
    return ::close(socket);
  }

  void act(curl_socket_t socket, std::uint32_t met) {
    if (registration& known = registered(socket);
        !known.wanted) {  // an idle connection that the server closes
      ::epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
      known = {};
      return;
    }
    int flags = 0, running = 0;
    if ((met & EPOLLIN) != 0) flags |= CURL_CSELECT_IN;
    if ((met & EPOLLOUT) != 0) flags |= CURL_CSELECT_OUT;
    if ((met & (EPOLLERR | EPOLLHUP)) != 0) flags |= CURL_CSELECT_ERR;
    must(curl_multi_socket_action(multi_.get(), socket, flags, &running));
  }

  static int set_timer(CURLM*, long milliseconds, void* self) {
    auto& timer = static_cast<curl_minter*>(self)->timer_;
    timer.reset();
    if (milliseconds >= 0) timer = clock::now() + std::chrono::milliseconds{milliseconds};
    return 0;
  }

  global_state global_;
  const minter_settings settings_;
  const bool http2_;
  const std::string url_ = settings_.server.base_url + std::string{api_path};
  const header_list common_headers_ = common_headers(settings_.server.api_key);
  int epoll_;
  std::vector<registration> sockets_;  // by their numbers
  multi_handle multi_{curl_multi_init()};
  std::optional<clock::time_point> timer_;  // libcurl's
  std::optional<clock::time_point> alarm_;  // the caller's
  waker* whom_ = nullptr;
  bool stopped_ = false;
  token_reader reader_;
  kept_token kept_;
  std::deque<worker> crew_;
  std::vector<worker*> idle_;
  minter_counts counts_;
};

}  // namespace

minter_pointer make_curl(const minter_settings& s) { return std::make_unique<curl_minter>(s, false); }
minter_pointer make_curl_http2(const minter_settings& s) { return std::make_unique<curl_minter>(s, true); }
std::string libcurl_version() { return curl_version_info(CURLVERSION_NOW)->version; }

}  // namespace ephemint::bench
