#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

struct redisContext;
struct redisReply;

namespace ephemint::test {

/// What a redis-server answered.
struct redis_reply {
  enum class kind { nothing, text, error, integer, array };
  kind what = kind::nothing;
  std::string text;  ///< of an error too
  std::int64_t integer = 0;
  std::vector<redis_reply> elements;
};

/// A redis-server or valkey-server for a test: on loopback, on a free port, without data on disk. Ends with
/// this object, or with the thread that started it.
class redis_server {
 public:
  struct settings {
    std::vector<std::string> arguments{};  ///< in addition to those that all our servers have
    std::string configuration{};           ///< lines of its file
    std::uint16_t port = 0;                ///< 0: a free one
    bool tls = false;  ///< its port uses TLS; the arguments name the certificate. `ask` can't be used.
    bool sentinel = false;
    std::string program{};  ///< empty: the first that is installed
  };

  redis_server();
  /// Throws `std::runtime_error`, with the end of its log, if it doesn't run within 20 s.
  explicit redis_server(settings);
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;
  ~redis_server();

  /// The programs of this kind that are installed: at most one redis-server and one valkey-server.
  static std::vector<std::string> installed();

  std::uint16_t port() const noexcept { return port_; }
  /// `redis://127.0.0.1:PORT`, or the like for TLS.
  std::string url() const;
  pid_t process() const noexcept { return process_; }

  /// Ends it, as `kill -9` does.
  void stop();
  /// Starts it again after it was stopped: on the same port, and empty.
  void start();
  /// Stops the process until `thaw`; its connections stay open.
  void freeze() const;
  void thaw() const;

  /// Sends one command, on a connection that is kept for the next ones. Throws `std::runtime_error` if there
  /// is no reply.
  redis_reply ask(const std::vector<std::string>& words);
  /// The same for replies that aren't arrays: the reply's text, or its number.
  std::string ask_text(const std::vector<std::string>& words);
  /// What it has written to its log.
  std::string log() const;

 private:
  struct closes {
    void operator()(redisContext*) const noexcept;
  };

  bool run(std::uint16_t port);
  std::optional<redis_reply> try_to_ask(const std::vector<std::string>& words);
  bool is_ready() const;

  settings settings_;
  std::string directory_;
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
  std::unique_ptr<redisContext, closes> connection_;
};

}  // namespace ephemint::test

/// Call it at the beginning of a test, or of a fixture's SetUp.
#define EPHEMINT_SKIP_WITHOUT_REDIS()                    \
  if (ephemint::test::redis_server::installed().empty()) \
  GTEST_SKIP() << "neither redis-server nor valkey-server is installed"
