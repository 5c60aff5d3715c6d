// Any bytes from an HTTP/2 server: read without a crash, within bounds; each request has one outcome, and the same
// outcome whether the bytes come at once, byte by byte or oddly cut.
//
// Input: one byte that says how many requests are out (1 to 8, its low three bits), one that gives the
// pieces' size, then what the server says.

#include "codec/request.hpp"
#include "fuzz/bytes.hpp"
#include "net/wire/http2/http2_wire.hpp"
#include "net/wire/reply_limits.hpp"

#include <ephemint/secret.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace ephemint;
using namespace ephemint::net;
using ephemint::fuzz::is_clean;
using ephemint::fuzz::require;

/// The requests under way and their outcomes; checks that each has at most one.
class course {
 public:
  explicit course(attempt_id requests) : said_(requests + 1) {
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
      said_.back() = spoken_.problem().message.view();
      return;
    }
    spoken_.end(false, "the end");
    tell();
  }
  /// The most that one record can make us write: an answer to each of its frames.
  bool bounded() const { return most_output_ <= 64 * 1024; }
  /// What became of each request, and last what the connection ended for, if it was the server's fault.
  const std::vector<std::string>& said() const { return said_; }

 private:
  void tell() {
    wire::note note;
    while (spoken_.next(note) == wire::news::some) {
      if (note.what != wire::note::kind::reply && note.what != wire::note::kind::attempt_lost) continue;
      require(note.attempt + 1 < said_.size() && said_[note.attempt].empty());
      require(is_clean(note.why.message.view()));
      said_[note.attempt] = note.why.message.view();
      if (note.what != wire::note::kind::reply) continue;
      require(note.reply.status >= 200 && note.reply.status <= 999);
      require(note.reply.body.size() <= reply_limits::body);
      said_[note.attempt] = std::to_string(note.reply.status).append(1, '\n').append(note.reply.body);
      spoken_.forget_reply();
    }
  }

  const std::string host_ = "api.test";
  http2_stock stock_;
  http2_wire spoken_{host_, stock_, {}};
  detail::request_writer writer_{"api.test", "/", secret{"TEST_planted"}, "agent"};
  std::vector<std::string> said_;
  std::size_t most_output_ = 0;
};

std::vector<std::string> read(std::string_view bytes, std::size_t piece, attempt_id requests) {
  course run{requests};
  run.run(bytes, piece);
  require(run.bounded());
  return run.said();
}

/// How much of our answers has gone meanwhile decides what is a flood.
bool is_flood(const std::vector<std::string>& said) {
  return said.back().find("more frames than a reply takes") != std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 2, size - 2};
  const attempt_id requests = data[0] % 8 + 1u;
  const auto whole = read(bytes, bytes.size(), requests);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{data[1]} + 1}) {
    const auto cut = read(bytes, piece, requests);
    if (cut == whole || is_flood(cut) || is_flood(whole)) continue;
    for (std::size_t i = 0; i < cut.size(); ++i)
      std::fprintf(stderr, "in pieces of %zu: %s\nwhole: %s\n", piece, cut[i].c_str(), whole[i].c_str());
    require(false);
  }
  return 0;
}
