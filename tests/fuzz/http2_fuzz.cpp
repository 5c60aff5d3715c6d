// Any bytes from an HTTP/2 server: read without a crash, within bounds, and each request has one outcome.
//
// Input: one byte that says how many requests are out (1 to 8, its low three bits), one that says in pieces
// of which size the rest comes (0: all at once), then what the server says.

#include "codec/request.hpp"
#include "fuzz/bytes.hpp"
#include "net/wire/http2/http2_wire.hpp"
#include "net/wire/reply_limits.hpp"

#include <ephemint/secret.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace ephemint;
using namespace ephemint::net;
using ephemint::fuzz::is_clean;
using ephemint::fuzz::require;

/// The requests under way; checks that each has at most one outcome.
class course {
 public:
  explicit course(attempt_id requests) : told_(requests, false) {
    for (attempt_id attempt = 0; attempt < requests; ++attempt)
      spoken_.submit(attempt, writer_.write("se-1"), {});
    spoken_.sent();
  }

  void run(std::string_view bytes, std::size_t piece) {
    while (!bytes.empty()) {
      const auto room = spoken_.room();
      const auto size = std::min({bytes.size(), room.size(), piece});
      std::copy_n(bytes.begin(), size, room.begin());
      bytes.remove_prefix(size);
      const auto known = spoken_.commit(size);
      tell();
      most_output_ = std::max(most_output_, spoken_.output().size());
      spoken_.sent();
      if (known != wire::news::refused) continue;
      require(!spoken_.problem().message.view().empty() && is_clean(spoken_.problem().message.view()));
      return;
    }
    spoken_.end(false, "the end");
    tell();
  }
  /// The most that one record can make us write: an answer to each of its frames.
  bool bounded() const { return most_output_ <= 64 * 1024; }

 private:
  void tell() {
    wire::note note;
    while (spoken_.next(note) == wire::news::some) {
      if (note.what != wire::note::kind::reply && note.what != wire::note::kind::attempt_lost) continue;
      require(note.attempt < told_.size() && !told_[note.attempt]);
      told_[note.attempt] = true;
      require(is_clean(note.why.message.view()));
      if (note.what != wire::note::kind::reply) continue;
      require(note.reply.status >= 200 && note.reply.status <= 999);
      require(note.reply.body.size() <= reply_limits::body);
      spoken_.forget_reply();
    }
  }

  const std::string host_ = "api.test";
  http2_stock stock_;
  http2_wire spoken_{host_, stock_, {}};
  detail::request_writer writer_{"api.test", "/", secret{"TEST_planted"}, "agent"};
  std::vector<bool> told_;
  std::size_t most_output_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 2, size - 2};
  course run{static_cast<attempt_id>(data[0] % 8) + 1};
  run.run(bytes, data[1] == 0 ? bytes.size() : data[1]);
  require(run.bounded());
  return 0;
}
