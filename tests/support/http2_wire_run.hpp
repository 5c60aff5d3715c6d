#pragma once

#include "codec/request.hpp"
#include "http2_frames.hpp"
#include "net/wire/http2/http2_wire.hpp"

#include <ephemint/secret.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::test {

/// An HTTP/2 wire in memory: a test puts in the server's bytes by hand, and the wire's output is split into
/// frames.
class http2_wire_run {
 public:
  using wire = net::wire;
  using news = net::wire::news;

  /// The wire's events, as text: `reply 7 200 token`, `lost 7 unprocessed: …`, `capacity 3`, `retiring`,
  /// `heard`.
  using told_list = std::vector<std::string>;

  explicit http2_wire_run(const net::http2_wire::settings& settings = {}) : spoken{host, stock, settings} {}

  news give(std::string_view bytes) {
    news last = news::none;
    while (!bytes.empty() && last != news::refused) {
      const auto room = spoken.room();
      const auto size = std::min(room.size(), bytes.size());
      std::copy_n(bytes.begin(), size, room.begin());
      last = spoken.commit(size);
      bytes.remove_prefix(size);
    }
    return last;
  }
  news give_in_pieces(std::string_view bytes, std::size_t piece) {
    news last = news::none;
    for (; !bytes.empty() && last != news::refused; bytes.remove_prefix(std::min(piece, bytes.size()))) {
      const news now = give(bytes.substr(0, piece));
      if (now != news::none) last = now;
    }
    return last;
  }
  /// The server's settings, and its acknowledgement of ours.
  void begin(const http2::settings_list& list = {}) {
    give(http2::settings(list) + http2::settings_ack());
    told();
    written();
  }

  /// Submits a request.
  void ask(net::attempt_id attempt, std::chrono::milliseconds idle = {}) {
    spoken.submit(attempt, writer.write("se-" + std::to_string(attempt)), idle);
  }
  /// So many, with attempts from 1 on, whose streams are 1, 3, 5 …
  void ask_all(net::attempt_id count) {
    for (net::attempt_id attempt = 1; attempt <= count; ++attempt) ask(attempt);
  }

  /// All events that are due now.
  told_list told() {
    told_list all;
    wire::note note;
    while (spoken.next(note) == news::some) all.push_back(text_of(note));
    return all;
  }

  /// The frames that have been written since the last time, without the preface.
  std::vector<http2::received_frame> written() {
    reader.take(spoken.output());
    spoken.sent();
    if (!std::exchange(introduced, true)) preface_is_right = reader.skip_preface().value_or(false);
    std::vector<http2::received_frame> all;
    while (auto one = reader.next()) all.push_back(*std::move(one));
    return all;
  }
  /// The first of them that is of this kind.
  static std::optional<http2::received_frame> first(const std::vector<http2::received_frame>& all,
                                                    http2::frame_type type) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& f) { return f.type == type; });
    return found == all.end() ? std::nullopt : std::optional{*found};
  }
  /// The code of the GOAWAY that was written.
  std::optional<http2::error_code> farewell() {
    const auto found = first(written(), http2::frame_type::goaway);
    return found ? found->code() : std::nullopt;
  }

  static std::string good_head(std::uint32_t stream, bool ends = false) {
    return http2::headers(stream, http2::block({{":status", "200"}, {"content-type", "application/json"}}),
                          ends);
  }
  static std::string good_reply(std::uint32_t stream, std::string_view body = "token") {
    return good_head(stream) + http2::data(stream, body, true);
  }

  const std::string host = "api.test";
  net::http2_stock stock;
  net::http2_wire spoken;
  detail::request_writer writer{"api.test", "/v1/tokens/ephemeral", secret{"TEST_key"}, "agent"};
  http2::frame_reader reader;
  bool introduced = false;
  bool preface_is_right = false;
  net::failure last_failure;  ///< of the last lost attempt

 private:
  std::string text_of(wire::note& note) {
    using kind = wire::note::kind;
    switch (note.what) {
      case kind::capacity:
        return "capacity " + std::to_string(note.capacity);
      case kind::retiring:
        return "retiring";
      case kind::heard:
        return "heard";
      case kind::settled:
        return "settled";
      case kind::attempt_lost:
        last_failure = note.why;
        return "lost " + std::to_string(note.attempt) + ' ' + text_of(note.became) + ": " +
               std::string{note.why.message};
      case kind::reply:
        break;
    }
    std::string text = "reply " + std::to_string(note.attempt) + ' ' + std::to_string(note.reply.status);
    if (!note.reply.body.empty()) text += ' ' + std::string{note.reply.body};
    if (!note.reply.body_fault.empty()) text += " (" + std::string{note.reply.body_fault} + ')';
    spoken.forget_reply();
    return text;
  }
  static std::string text_of(net::fate what) {
    switch (what) {
      case net::fate::unprocessed:
        return "unprocessed";
      case net::fate::unknown:
        return "unknown";
      case net::fate::begun:
        break;
    }
    return "begun";
  }
};

}  // namespace ephemint::test
