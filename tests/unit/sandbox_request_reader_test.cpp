#include "request_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::sandbox {
namespace {

using state = request_reader::state;

const std::string chunked_header = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";

/// The targets of the requests in there, one after the other, and `garbage` if that is the end.
std::vector<std::string> read(std::string_view bytes, std::size_t piece) {
  request_reader reader;
  std::vector<std::string> all;
  std::string unread;
  while (true) {
    unread.erase(0, reader.put(unread));
    if (reader.now() == state::garbage) return all.emplace_back("garbage"), all;
    if (reader.now() == state::complete) {
      all.emplace_back(reader.asked().target());
      reader.next();
    } else if (bytes.empty()) {
      return all;
    } else {
      unread += bytes.substr(0, piece);
      bytes.remove_prefix(std::min(piece, bytes.size()));
    }
  }
}

struct reading {
  std::string bytes;
  std::vector<std::string> found;
};

TEST(sandbox_request_reader, finds_the_same_requests_in_any_pieces) {
  const std::vector<reading> table = {
      {"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nHost: c\r\n\r\n", {"/a", "/b"}},
      {"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n\r\n", {"/a", "/b"}},
      {"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", {}},
      {"GET /a HTTP/1.1\r\n", {}},
      {chunked_header + "0\r\n\r\n", {"/"}},
      {chunked_header + "00\r\n\r\n" + chunked_header + "0;a=b\r\nX: y\r\n\r\n", {"/", "/"}},
      {chunked_header + "3;name=value\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
       {"/", "/b"}},
      {chunked_header + "3 \r\nabc\r\n0\r\n", {}},
  };
  for (const reading& each : table)
    for (const std::size_t piece : {1, 2, 3, 5, 7, 4096})
      EXPECT_EQ(read(each.bytes, piece), each.found) << each.bytes << " in pieces of " << piece;
}

TEST(sandbox_request_reader, garbage_is_seen_in_any_pieces) {
  const std::vector<std::string> table = {
      "nonsense\r\n\r\n",
      std::string(100, '\0'),
      "\r\nGET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\n\n",
      "GET / HTTP/1.1\r\nA\r\n\r\n",
      "GET / HTTP/2.0\r\n\r\n",
      "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x'),
      "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      chunked_header + "zz\r\n",
      chunked_header + "\r\n",
      chunked_header + "-1\r\n",
      chunked_header + "1\n",
      chunked_header + "ffffffffffffffffff\r\n",
      chunked_header + "1\r\nab\r\n",
      chunked_header + "1\r\na0\r\n\r\n",
      chunked_header + "10001\r\n",
      chunked_header + "1;" + std::string(20'000, 'x'),
      chunked_header + "0\r\n" + std::string(20'000, 'x'),
  };
  for (const std::string& bytes : table)
    for (const std::size_t piece : {1, 3, 4096})
      EXPECT_EQ(read(bytes, piece), std::vector<std::string>{"garbage"})
          << bytes.substr(0, 90) << " in pieces of " << piece;
}

TEST(sandbox_request_reader, bodies_of_many_chunks_are_garbage_at_last) {
  std::string endless = chunked_header;
  while (endless.size() < 200'000) endless += "1\r\na\r\n";
  EXPECT_EQ(read(endless, 4096), std::vector<std::string>{"garbage"});
}

TEST(sandbox_request_reader, has_begun_once_a_byte_was_taken) {
  request_reader reader;
  EXPECT_FALSE(reader.begun());
  EXPECT_EQ(reader.put(chunked_header), chunked_header.size());
  EXPECT_TRUE(reader.begun());
  EXPECT_EQ(reader.put("0\r\n\r\nGET"), 5U);
  EXPECT_EQ(reader.now(), state::complete);
  reader.next();
  EXPECT_FALSE(reader.begun());
}

}  // namespace
}  // namespace ephemint::sandbox
