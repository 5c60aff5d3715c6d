#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace ephemint::test {

/// A blocking HTTP/1.1 client without TLS, over TCP or a Unix socket. Tests of the gateway use it, so it
/// shares no code with the gateway. It waits at most 10 s for anything, then throws `std::runtime_error`.
class plain_http {
 public:
  struct answer {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in small letters
    std::string body;
    const std::string& header(const std::string& name) const;  ///< empty if there is none
  };
  using fields = std::map<std::string, std::string>;

  /// `unix:/path` or `http://127.0.0.1:PORT`.
  explicit plain_http(const std::string& address);
  plain_http(const plain_http&) = delete;
  plain_http& operator=(const plain_http&) = delete;
  ~plain_http();

  /// Sends these bytes unchanged.
  void send(std::string_view bytes);
  /// One request, with `Host: localhost`, unless `headers` has one, and a `Content-Length` if there is a
  /// body.
  void send_request(std::string_view method, std::string_view target, const fields& headers = {},
                    std::string_view body = {});
  answer read_answer();
  answer ask(std::string_view method, std::string_view target, const fields& headers = {},
             std::string_view body = {});
  /// All bytes up to the connection's end, unchanged; false if the end doesn't come in time.
  bool read_to_end(std::string& all);
  /// Whether the server ends the connection within that time, having sent nothing more.
  bool ends_within(std::chrono::milliseconds);
  /// Whether it ended by a reset.
  bool was_reset() const noexcept { return was_reset_; }
  /// Sends FIN, and still reads.
  void half_close();
  /// Ends the connection, by FIN.
  void close();
  /// Ends the connection, by RST (a Unix socket has none: by its end).
  void reset();
  /// Whether something can be read, or comes within that time.
  bool has_something(std::chrono::milliseconds);

 private:
  bool read_more(std::chrono::milliseconds);

  int socket_ = -1;
  std::string unread_;
  bool was_reset_ = false;
};

/// A connection of its own for one request.
plain_http::answer ask_once(const std::string& address, std::string_view method, std::string_view target,
                            const plain_http::fields& headers = {}, std::string_view body = {});

}  // namespace ephemint::test
