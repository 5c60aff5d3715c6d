#include "access/callers.hpp"

#include <gtest/gtest.h>

namespace ephemint::gateway {
namespace {

constexpr const char* socket = "unix:/run/ephemint.sock";
constexpr const char* four = "http://127.0.0.1:8080";
constexpr const char* six = "http://[::1]:8080";
constexpr const char* eighty = "http://127.0.0.1:80";

// behaviours: G5
TEST(OwnHost, names_of_the_listener_are_told_from_all_others) {
  const struct {
    const char* address;
    std::string_view host;
    bool ours;
  } table[] = {
      {socket, "localhost", true},
      {socket, "LocalHost", true},
      {socket, "localhost:80", true},
      {socket, "localhost:12345", true},
      {socket, "localhost:", false},
      {socket, "localhost:x", false},
      {socket, "", false},
      {socket, "127.0.0.1", false},
      {socket, "localhost.", false},
      {socket, "localhost.evil.example", false},
      {socket, "evil.example", false},
      {socket, "localhost:1:2", false},
      {four, "127.0.0.1:8080", true},
      {four, "localhost:8080", true},
      {four, "LOCALHOST:8080", true},
      {four, "localhost", false},
      {four, "127.0.0.1", false},
      {four, "localhost:8081", false},
      {four, "localhost:08080", false},
      {four, "127.0.0.1:80", false},
      {four, "[::1]:8080", false},
      {four, "evil.example:8080", false},
      {four, "", false},
      {four, ":8080", false},
      {four, "127.0.0.1.:8080", false},
      {four, "user@localhost:8080", false},
      {four, "localhost:8080, a", false},
      {four, "127.0.0.2:8080", false},
      {six, "[::1]:8080", true},
      {six, "localhost:8080", true},
      {six, "[::1]", false},
      {six, "::1:8080", false},
      {six, "[::1", false},
      {six, "[::1]x:8080", false},
      {eighty, "localhost", true},
      {eighty, "127.0.0.1", true},
      {eighty, "127.0.0.1:80", true},
      {eighty, "localhost:443", false},
  };
  for (const auto& [address, host, ours] : table)
    EXPECT_EQ(is_own_host(host, address), ours) << address << ' ' << host;
}

}  // namespace
}  // namespace ephemint::gateway
