// Any bytes from the sandbox's client over HTTP/2: the same requests in whatever pieces they come, within
// bounds, and the sandbox sends whole frames. (Once it has sent something, such as an answer or the end of a
// stream that leaves room for another, the rest depends on what came before.)
//
// Input: a byte that gives the pieces' size, one that says how replies are made, then what the client says
// behind its preface.

#include "fuzz/bytes.hpp"
#include "http2_frames.hpp"
#include "http2_peer.hpp"
#include "limits.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace ephemint::sandbox;
using ephemint::fuzz::require;

constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::uint32_t max_streams = 4;

class course final : private http2_events {
 public:
  enum class side { answers, sends, only_listens };

  course(unsigned how, side ours) : how_{how}, ours_{ours}, peer_{make_http2_peer(*this, max_streams, {})} {}

  /// The requests, one after the other.
  std::string run(std::string_view bytes, std::size_t piece) {
    bool going_on = peer_->receive(preface);
    for (; going_on && !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
      going_on = peer_->receive(bytes.substr(0, piece));
      if (ours_ == side::answers) answer_all();
      if (ours_ != side::only_listens) take_all();
      require(peer_->open_streams() <= max_streams + 1);
    }
    take_all();
    return std::move(asked_);
  }

 private:
  void on_request(std::uint32_t stream, http2_request asked) override {
    require(stream % 2 == 1 && known_.insert(stream).second);
    require(asked.method.size() + asked.target.size() + asked.account.size() <= header_limit);
    for (const auto* text : {&asked.method, &asked.target, &asked.host, &asked.account})
      asked_.append(*text).append(1, '\n');
    asked_ += asked.too_large ? '!' : '.';
    waiting_.push_back(stream);
  }
  void on_stream_end(std::uint32_t) override {}
  void on_refused() override {}
  void on_pong(std::uint32_t) override {}

  void answer_all() {
    for (const std::uint32_t stream : std::exchange(waiting_, {})) {
      if (how_ % 4 == 0) peer_->ping(stream);
      if (how_ % 8 == 1) {
        peer_->reset(stream, http2_error::cancel);
        continue;
      }
      peer_->answer(stream, {.interim = how_ % 3,
                             .head = {{":status", "200"}, {"x-a", std::string(how_, 'a')}},
                             .body = std::string(how_ * 8, 'b'),
                             .trailers = how_ % 16 == 2 ? header_fields{{"x-b", "c"}} : header_fields{},
                             .data_size = how_ % 32,
                             .padding = how_ % 5});
    }
  }

  void take_all() {
    for (http2_frame next = peer_->take(); !next.bytes.empty(); next = peer_->take()) {
      require(next.bytes.size() >= frame_head::size);
      const frame_head head = read_frame_head(next.bytes);
      require(head.length == next.head.length && frame_head::size + head.length <= next.bytes.size());
      if (head.type == frame_type::headers && (head.flags & flag_end_headers) != 0)
        require(cut_headers(next.bytes, how_ % 7).size() == next.bytes.size() + how_ % 7 * frame_head::size);
    }
  }

  const unsigned how_;
  const side ours_;
  std::unique_ptr<http2_peer> peer_;
  std::string asked_;
  std::set<std::uint32_t> known_;
  std::vector<std::uint32_t> waiting_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 256 * 1024) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 2, size - 2};
  const std::size_t piece = 1 + data[0];
  const auto requests = [&](course::side ours, std::size_t size_of_piece) {
    return course{data[1], ours}.run(bytes, size_of_piece);
  };
  requests(course::side::answers, piece);
  requests(course::side::sends, 1);
  require(requests(course::side::only_listens, piece) == requests(course::side::only_listens, 1));
  return 0;
}
