// Any bytes as a proxy's answer to CONNECT: read without a crash, the same in whatever pieces they come, and
// the message has our text, never the proxy's.
//
// Input: a byte that gives the pieces' size, then what the proxy says.

#include "fuzz/bytes.hpp"
#include "net/dial/tunnel_negotiation.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace ephemint;
using namespace ephemint::net;
using ephemint::fuzz::require;
using status = tunnel_negotiation::status;

struct outcome {
  status known = status::incomplete;
  std::size_t used = 0;  ///< up to the answer's end
  std::string said;
};

std::string checked(const failure& why) {
  const std::string_view said = why.message.view();
  require(why.code == mint_errc::connect_failed);
  require(said.size() <= 256);
  require(said.find("the proxy proxy.test:3128") != said.npos);
  require(said.find("hunter2") == said.npos);
  return std::string{said};
}

outcome read(std::string_view bytes, std::size_t piece) {
  static const auto credentials = std::make_shared<const secret>("planted:hunter2");
  tunnel_negotiation made{{.host = "proxy.test", .port = 3128, .credentials = credentials}, "api.test:443"};
  outcome now;
  while (now.known == status::incomplete && now.used < bytes.size()) {
    const auto room = made.room();
    const std::size_t size = std::min({room.size(), piece, bytes.size() - now.used});
    std::copy_n(bytes.data() + now.used, size, room.data());
    now.used += size;
    now.known = made.commit(size);
  }
  if (now.known == status::open) return now;
  if (now.known == status::refused) {
    now.said = checked(made.problem());
    return now;
  }
  require(now.used <= (reply_parser::max_interim + 1) * reply_parser::max_head);
  now.said = checked(made.broken_off("the end")) + checked(made.stalled(std::chrono::milliseconds{80}));
  return now;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  const outcome slow = read(bytes, 1), other = read(bytes, 1 + data[0] % 64);
  // In larger pieces, bytes may have come after a 200 that weren't read in smaller ones.
  if (slow.known == status::open && other.known == status::refused) {
    require(other.used > slow.used);
    return 0;
  }
  require(slow.known == other.known);
  require(slow.said == other.said);
  return 0;
}
