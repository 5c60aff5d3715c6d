#pragma once

#include "support/blocking_client.hpp"

#include <ephemint/sandbox/server.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <utility>

namespace ephemint::test {

inline client_settings trusting(const sandbox::server& server) { return {.ca_pem = server.ca_pem()}; }

/// One connection to a sandbox, with the handshake done.
class sandbox_client : public blocking_client {
 public:
  explicit sandbox_client(const sandbox::server& server) : sandbox_client{server, trusting(server)} {}
  sandbox_client(const sandbox::server& server, client_settings settings)
      : blocking_client{server.port(), std::move(settings)}, key_{server.api_key()} {
    EXPECT_TRUE(handshake());
  }

  http_reply mint(std::string_view account = "se-1") {
    send(token_request(key_, account));
    return read_reply();
  }
  http_reply get(std::string_view target) {
    send("GET " + std::string{target} + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return read_reply();
  }

 private:
  std::string key_;
};

/// Waits, for a limited time, for something that another thread is about to do.
inline bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 2'000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return false;
}

}  // namespace ephemint::test
