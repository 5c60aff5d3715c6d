#include "http/request_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace ephemint::gateway {
namespace {

/// The status with which it is refused; 0: it is accepted, or incomplete.
unsigned refusal_of(std::string_view bytes, std::size_t piece) {
  request_reader reader;
  while (true) {
    const auto now = reader.look();
    if (now == request_reader::state::refused) return reader.refused().status;
    if (now == request_reader::state::complete || bytes.empty()) return 0;
    const auto room = reader.room();
    const std::size_t size = std::min({room.size(), piece, bytes.size()});
    std::memcpy(room.data(), bytes.data(), size);
    reader.commit(size);
    bytes.remove_prefix(size);
  }
}

const std::string header = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";

/// A chunk's first line that leaves so many bytes of the limit.
std::string line_that_leaves(std::size_t rest, std::string_view size) {
  std::string line{size};
  line.append(1, ';').append(request_reader::chunked_limit - size.size() - 1 - 2 - rest, 'x');
  return line + "\r\n";
}

TEST(gateway_request_reader, chunk_that_passes_the_limit_is_refused_in_any_pieces) {
  const std::string bytes = header + line_that_leaves(80, "64") + std::string(100, 'a') + "\r\n0\r\n\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{4096}, bytes.size()})
    EXPECT_EQ(refusal_of(bytes, piece), 413U) << "in pieces of " << piece;
}

TEST(gateway_request_reader, first_fault_counts_whatever_came_with_it) {
  const std::string bytes =
      header + line_that_leaves(50, "1") + "a no end of a chunk\r\n" + std::string(100, 'x');
  for (const std::size_t piece : {std::size_t{1}, std::size_t{4096}, bytes.size()})
    EXPECT_EQ(refusal_of(bytes, piece), 400U) << "in pieces of " << piece;
}

}  // namespace
}  // namespace ephemint::gateway
