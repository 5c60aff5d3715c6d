// Any bytes from a gateway's client: the same requests and the same refusal in whatever pieces they come,
// nothing beyond the limits, and nothing that could be read in two ways.
//
// Input: a byte that gives the pieces' size, then what the client says.

#include "fuzz/bytes.hpp"
#include "http/request_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace ephemint::gateway;
using ephemint::fuzz::require;
using state = request_reader::state;

/// Everything that a face may see of a request.
std::string seen(const request& asked) {
  std::string all{asked.method_string()};
  all.append(1, ' ').append(asked.target()).append(1, ' ').append(std::to_string(asked.version()));
  for (const auto& field : asked)
    all.append(1, '\n').append(field.name_string()).append(1, ':').append(field.value());
  return all.append("\n\n").append(asked.body());
}

void check_taken(const request& asked) {
  require(asked.version() == 10 || asked.version() == 11);
  require(asked.count(http::field::host) <= 1);
  require(asked.count(http::field::host) == 1 || asked.version() == 10);
  require(asked.count(http::field::content_length) + asked.count(http::field::transfer_encoding) <= 1);
  require(asked.body().size() <= request_reader::body_limit);
  std::size_t size = asked.target().size();
  for (const auto& field : asked) size += field.name_string().size() + field.value().size();
  require(size <= request_reader::header_limit);
}

/// The requests one after the other, then the refusal, if there is one.
std::vector<std::string> read(std::string_view bytes, std::size_t piece) {
  request_reader reader;
  std::vector<std::string> all;
  while (true) {
    const state now = reader.look();
    if (now == state::complete) {
      check_taken(reader.asked());
      all.push_back(seen(reader.asked()));
      reader.next();
      continue;
    }
    if (now == state::refused) {
      const unsigned status = reader.refused().status;
      require(status == 400 || status == 413 || status == 431);
      all.push_back(std::to_string(status).append(reader.refused().why));
      return all;
    }
    if (bytes.empty()) return all;
    const auto room = reader.room();
    const std::size_t size = std::min({room.size(), piece, bytes.size()});
    require(size != 0);
    std::memcpy(room.data(), bytes.data(), size);
    reader.commit(size);
    bytes.remove_prefix(size);
    require(reader.begun());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  const auto slow = read(bytes, 1);
  require(slow == read(bytes, 1 + data[0] % 64));
  require(slow == read(bytes, 4096));
  require(slow == read(bytes, bytes.size() + 1));
  return 0;
}
