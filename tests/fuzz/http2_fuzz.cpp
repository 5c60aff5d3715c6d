// Any bytes from an HTTP/2 server: read without a crash, within bounds, and each request has one outcome, the
// same one whether the bytes come whole, byte by byte or in odd pieces. And whatever the client does between
// the pieces, no request has two outcomes, and none that was given up has one.
//
// Input: one byte that says how many requests are out (1 to 8, its low three bits), one that gives the odd
// pieces' size, then what the server says.

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

/// The requests under way, and what became of each.
class course {
 public:
  explicit course(attempt_id requests, bool busy = false) : busy_{busy} {
    while (outcomes_.size() < requests) submit();
    spoken_.sent();
  }

  /// One outcome for each request.
  std::vector<std::string> run(std::string_view bytes, std::size_t piece) {
    auto known = wire::news::none;
    while (!bytes.empty() && known != wire::news::refused) {
      const auto room = spoken_.room();
      const auto size = std::min({bytes.size(), room.size(), piece});
      std::copy_n(bytes.begin(), size, room.begin());
      bytes.remove_prefix(size);
      known = spoken_.commit(size);
      tell();
      // An answer to each frame of one record.
      require(spoken_.output().size() <= 64 * 1024);
      spoken_.sent();
      if (busy_ && known != wire::news::refused)
        do_something(static_cast<std::uint8_t>(bytes.empty() ? 0 : bytes[0]));
    }
    if (known != wire::news::refused) spoken_.end(false, "the end");
    tell();
    const std::string_view why = spoken_.problem().message.view();
    require(!why.empty() && is_clean(why));
    const std::string rest = std::to_string(static_cast<int>(spoken_.fate_of_rest())) + std::string{why};
    for (auto& outcome : outcomes_)
      if (outcome.empty()) outcome = rest;
    return std::move(outcomes_);
  }

 private:
  void submit() {
    spoken_.submit(outcomes_.size(), writer_.write("se-1"), {});
    outcomes_.emplace_back();
  }

  /// One thing that a client does between a server's frames.
  void do_something(std::uint8_t which) {
    switch (which % 8) {
      case 0:
        spoken_.probe();
        break;
      case 1:
      case 2:
        if (outcomes_.size() < most_requests) submit();
        break;
      case 3:
        spoken_.say_goodbye();
        break;
      case 4:
      case 5:
        give_up(which / 8 % outcomes_.size());
        break;
      default:
        return;
    }
    if (which < 128) spoken_.sent();  // else it waits for the socket
    tell();
  }

  void give_up(attempt_id attempt) {
    if (!outcomes_[attempt].empty()) return;
    spoken_.reset(attempt);
    outcomes_[attempt] = "given up";
  }

  void tell() {
    wire::note note;
    while (spoken_.next(note) == wire::news::some) {
      if (note.what != wire::note::kind::reply && note.what != wire::note::kind::attempt_lost) continue;
      require(note.attempt < outcomes_.size() && outcomes_[note.attempt].empty());
      std::string& outcome = outcomes_[note.attempt];
      require(is_clean(note.why.message.view()));
      if (note.what == wire::note::kind::attempt_lost) {
        // Of two errors in one frame the text may name either.
        outcome = "lost " + std::to_string(static_cast<int>(note.became)) + ' ' +
                  std::to_string(static_cast<int>(note.why.code)) + (note.why.retryable ? " retryable" : "");
        continue;
      }
      const auto& reply = note.reply;
      require(reply.status >= 200 && reply.status <= 999);
      require(reply.body.size() <= reply_limits::body);
      outcome = std::to_string(reply.status);
      for (const auto text : {reply.body, reply.body_fault, reply.content_type, reply.request_id,
                              reply.retry_after, reply.date})
        outcome.append(1, '\n').append(text);
      spoken_.forget_reply();
    }
  }

  static constexpr std::size_t most_requests = 64;

  const std::string host_ = "api.test";
  http2_stock stock_;
  http2_wire spoken_{host_, stock_, {}};
  detail::request_writer writer_{"api.test", "/", secret{"TEST_planted"}, "agent"};
  std::vector<std::string> outcomes_;  // empty: none yet
  const bool busy_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 2, size - 2};
  const attempt_id requests = data[0] % 8 + 1;
  const auto whole = course{requests}.run(bytes, bytes.size());
  require(course{requests}.run(bytes, 1) == whole);
  if (data[1] > 1) require(course{requests}.run(bytes, data[1]) == whole);
  course{requests, true}.run(bytes, std::max<std::size_t>(1, data[1]));
  return 0;
}
