#include "http2_peer.hpp"

#include "limits.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <new>
#include <utility>

#include <nghttp2/nghttp2.h>

// The only file that uses nghttp2.

namespace ephemint::inline v0::sandbox {
namespace {

constexpr std::size_t field_limit = 100;
// Refused streams count until the refusal is sent, so a client that doesn't read can't exceed this.
constexpr std::uint32_t most_unsent_streams = 4'000;
// No client reaches these limits by accident, not even one that gives up each of its requests.
constexpr std::size_t most_frames_without_a_reply = 10'000;
constexpr std::size_t most_bytes_without_a_reply = 16 * 1024 * 1024;
constexpr std::size_t most_unsent_answers = 100;

constexpr std::size_t largest_header_to_send = 128 * 1024 * 1024;

struct session_deleter {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};
struct callbacks_deleter {
  void operator()(nghttp2_session_callbacks* callbacks) const { nghttp2_session_callbacks_del(callbacks); }
};
struct option_deleter {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

std::vector<nghttp2_nv> to_nv(const header_fields& fields) {
  std::vector<nghttp2_nv> all;
  const auto bytes = [](const std::string& text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));  // nghttp2 copies them
  };
  for (const auto& [name, value] : fields)
    all.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  return all;
}

void must_have_memory(int result) {
  if (result != 0) throw std::bad_alloc{};
}

/// A stream from its first header to its end.
struct stream_state {
  http2_request asked;
  std::size_t header_size = 0;
  std::size_t fields = 0;
  std::size_t body_size = 0;
  bool told = false;

  http2_reply reply;
  std::size_t sent = 0;
  unsigned heads = 0;
  bool waits = false;
  bool all_sent = false;

  bool head_alone() const { return reply.body.empty() && reply.trailers.empty(); }
  /// Whether a frame is the last one of an unfinished reply.
  bool is_last(frame_type type, bool is_final_head) const {
    if (head_alone()) return is_final_head;
    if (!all_sent) return false;
    return type == (reply.trailers.empty() ? frame_type::data : frame_type::headers);
  }
};

class peer final : public http2_peer {
 public:
  peer(http2_events& events, std::uint32_t max_streams, std::optional<std::uint32_t> window);

  bool receive(std::string_view bytes) override;
  http2_error failure() const noexcept override { return failure_; }
  http2_frame take() override;
  bool finished() const noexcept override;
  void answer(std::uint32_t stream, http2_reply) override;
  void go_on(std::uint32_t stream) override;
  void reset(std::uint32_t stream, http2_error) override;
  void ping(std::uint32_t stream) override;
  void set_max_streams(std::uint32_t) override;
  std::size_t open_streams() const noexcept override { return streams_.size(); }
  bool has_streams_up_to(std::uint32_t last) const noexcept override {
    return !streams_.empty() && streams_.begin()->first <= last;
  }

 private:
  friend struct from_nghttp2;

  stream_state* find(std::int32_t stream) {
    const auto at = streams_.find(static_cast<std::uint32_t>(stream));
    return at == streams_.end() ? nullptr : &at->second;
  }
  void count_frame();
  void calm();
  void begin_request(std::int32_t stream);
  void take_header(stream_state&, std::string_view name, std::string_view value);
  void tell(std::int32_t stream);
  ssize_t give_body(std::int32_t stream, std::uint8_t* to, std::size_t room, std::uint32_t& flags);
  std::size_t unit() const;
  void note_sent(http2_frame&);

  http2_events& events_;
  std::unique_ptr<nghttp2_session, session_deleter> session_;
  std::map<std::uint32_t, stream_state> streams_;
  std::uint32_t max_streams_;
  std::deque<std::uint32_t> announced_;
  /// The stream that the present frame has ended.
  std::map<std::uint32_t, stream_state>::node_type closed_;
  std::size_t frames_without_a_reply_ = 0;
  std::size_t bytes_without_a_reply_ = 0;
  std::string unsent_;
  http2_error failure_ = http2_error::no_error;
};

/// nghttp2's callbacks. No exception may pass through nghttp2.
struct from_nghttp2 {
  template <class Action>
  static int guarded(Action action) {
    try {
      action();
      return 0;
    } catch (...) {
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
  }
  static peer& self(void* user) { return *static_cast<peer*>(user); }

  static int begin_frame(nghttp2_session*, const nghttp2_frame_hd*, void* user) {
    return guarded([&] { self(user).count_frame(); });
  }
  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    return guarded([&] {
      if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) self(user).begin_request(frame->hd.stream_id);
    });
  }
  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                    void* user) {
    return guarded([&] {
      stream_state* const stream = self(user).find(frame->hd.stream_id);
      if (stream != nullptr && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        self(user).take_header(*stream, view(name, name_size), view(value, value_size));
    });
  }
  static int body(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t*, std::size_t size,
                  void* user) {
    return guarded([&] {
      stream_state* const stream = self(user).find(id);
      if (stream == nullptr || (stream->body_size += size) <= body_limit) return;
      stream->asked.too_large = true;
      self(user).tell(id);
    });
  }
  static int whole_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    return guarded([&] {
      const auto type = frame->hd.type;
      const bool carries = type == NGHTTP2_HEADERS || type == NGHTTP2_DATA;
      if (carries && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) self(user).tell(frame->hd.stream_id);
      if (type != NGHTTP2_PING || (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) return;
      std::uint32_t stream = 0;
      for (int i = 0; i < 4; ++i) stream = stream << 8 | frame->ping.opaque_data[i];
      self(user).events_.on_pong(stream);
    });
  }
  static int stream_close(nghttp2_session*, std::int32_t stream, std::uint32_t, void* user) {
    return guarded([&] {
      const auto id = static_cast<std::uint32_t>(stream);
      if (auto closed = self(user).streams_.extract(id)) {
        self(user).closed_ = std::move(closed);
        self(user).events_.on_stream_end(id);
      }
    });
  }
  static ssize_t padding(nghttp2_session*, const nghttp2_frame* frame, std::size_t most, void* user) {
    const stream_state* const stream = self(user).find(frame->hd.stream_id);
    const bool padded = stream != nullptr && stream->reply.padding != 0;
    const std::size_t size = frame->hd.length + (padded ? stream->reply.padding + 1 : 0);
    return static_cast<ssize_t>(std::min(size, most));
  }
  static ssize_t give_body(nghttp2_session*, std::int32_t stream, std::uint8_t* to, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source*, void* user) {
    ssize_t given = NGHTTP2_ERR_CALLBACK_FAILURE;
    guarded([&] { given = self(user).give_body(stream, to, room, *flags); });
    return given;
  }
};

peer::peer(http2_events& events, std::uint32_t max_streams, std::optional<std::uint32_t> window)
    : events_{events}, max_streams_{max_streams} {
  nghttp2_session_callbacks* raw_callbacks = nullptr;
  must_have_memory(nghttp2_session_callbacks_new(&raw_callbacks));
  const std::unique_ptr<nghttp2_session_callbacks, callbacks_deleter> callbacks{raw_callbacks};
  nghttp2_session_callbacks_set_on_begin_frame_callback(raw_callbacks, from_nghttp2::begin_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(raw_callbacks, from_nghttp2::begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(raw_callbacks, from_nghttp2::header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(raw_callbacks, from_nghttp2::body);
  nghttp2_session_callbacks_set_on_frame_recv_callback(raw_callbacks, from_nghttp2::whole_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(raw_callbacks, from_nghttp2::stream_close);
  nghttp2_session_callbacks_set_select_padding_callback(raw_callbacks, from_nghttp2::padding);

  nghttp2_option* raw_option = nullptr;
  must_have_memory(nghttp2_option_new(&raw_option));
  const std::unique_ptr<nghttp2_option, option_deleter> option{raw_option};
  nghttp2_option_set_no_closed_streams(raw_option, 1);
  nghttp2_option_set_max_outbound_ack(raw_option, most_unsent_answers);
  nghttp2_option_set_max_send_header_block_length(raw_option, largest_header_to_send);
#ifdef EPHEMINT_NGHTTP2_MAX_CONTINUATIONS
  // nghttp2 counts the pieces of a header that it gets, not the frames: its default of 8 would refuse a
  // header that comes in single bytes.
  nghttp2_option_set_max_continuations(raw_option, 100);
#endif

  nghttp2_session* raw_session = nullptr;
  must_have_memory(nghttp2_session_server_new2(&raw_session, raw_callbacks, this, raw_option));
  session_.reset(raw_session);
  std::vector<nghttp2_settings_entry> settings{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, most_unsent_streams},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(header_limit)}};
  if (window) settings.push_back({NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, *window});
  must_have_memory(nghttp2_submit_settings(raw_session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()));
  announced_.push_back(max_streams);
}

bool peer::receive(std::string_view bytes) {
  // nghttp2 doesn't report frames of unknown types.
  if ((bytes_without_a_reply_ += bytes.size()) > most_bytes_without_a_reply) calm();
  const ssize_t result = nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (result >= 0) return true;
  failure_ = result == NGHTTP2_ERR_FLOODED            ? http2_error::enhance_your_calm
             : result == NGHTTP2_ERR_BAD_CLIENT_MAGIC ? http2_error::protocol_error
                                                      : http2_error::internal_error;
  return false;
}

void peer::calm() { nghttp2_session_terminate_session(session_.get(), NGHTTP2_ENHANCE_YOUR_CALM); }

void peer::count_frame() {
  if (++frames_without_a_reply_ == most_frames_without_a_reply) calm();
}

void peer::begin_request(std::int32_t stream) {
  if (streams_.size() < max_streams_) {
    streams_.try_emplace(static_cast<std::uint32_t>(stream));
    return;
  }
  // Not by nghttp2's own limit, which ends the whole connection once its SETTINGS were acknowledged.
  must_have_memory(
      nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_REFUSED_STREAM));
  events_.on_refused();
}

void peer::take_header(stream_state& stream, std::string_view name, std::string_view value) {
  http2_request& asked = stream.asked;
  stream.header_size += name.size() + value.size() + 32;  // as SETTINGS_MAX_HEADER_LIST_SIZE counts
  if (stream.header_size > header_limit || ++stream.fields > field_limit) asked.too_large = true;
  if (asked.too_large) return;
  if (name == ":method") {
    asked.method = value;
  } else if (name == ":path") {
    asked.target = value;
  } else if (name == ":authority" || (name == "host" && asked.host.empty())) {
    asked.host = value;
  } else if (name == "api-key") {
    if (asked.api_keys++ == 0) asked.api_key = value;
  } else if (name == "on-behalf-of") {
    if (asked.accounts++ == 0) asked.account = value;
  }
}

void peer::tell(std::int32_t id) {
  stream_state* const stream = find(id);
  if (stream == nullptr || stream->told) return;
  stream->told = true;
  events_.on_request(static_cast<std::uint32_t>(id), std::move(stream->asked));
}

void peer::answer(std::uint32_t id, http2_reply reply) {
  stream_state* const stream = find(static_cast<std::int32_t>(id));
  if (stream == nullptr) return;
  stream->reply = std::move(reply);
  const http2_reply& r = stream->reply;
  const auto nr = static_cast<std::int32_t>(id);
  const header_fields interim{{":status", std::to_string(r.interim_status)}};
  const std::vector<nghttp2_nv> early = to_nv(interim);
  for (unsigned i = 0; i < r.interim; ++i)
    nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, nr, nullptr, early.data(), early.size(),
                           nullptr);
  const std::vector<nghttp2_nv> head = to_nv(r.head);
  const nghttp2_data_provider body{.source = {}, .read_callback = from_nghttp2::give_body};
  if (stream->head_alone() && !r.finishes)
    nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, nr, nullptr, head.data(), head.size(), nullptr);
  else
    nghttp2_submit_response(session_.get(), nr, head.data(), head.size(),
                            stream->head_alone() ? nullptr : &body);
}

ssize_t peer::give_body(std::int32_t id, std::uint8_t* to, std::size_t room, std::uint32_t& flags) {
  stream_state* const stream = find(id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  if (stream->waits) return NGHTTP2_ERR_DEFERRED;
  const http2_reply& r = stream->reply;
  std::size_t size = std::min(room, r.body.size() - stream->sent);
  if (r.data_size != 0) size = std::min(size, r.data_size);
  std::copy_n(r.body.data() + stream->sent, size, to);
  stream->sent += size;
  stream->all_sent = stream->sent == r.body.size();
  stream->waits = r.paced && !stream->all_sent;
  if (!stream->all_sent) return static_cast<ssize_t>(size);
  flags |= NGHTTP2_DATA_FLAG_EOF;
  if (!r.finishes || !r.trailers.empty()) flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  if (r.trailers.empty()) return static_cast<ssize_t>(size);
  const std::vector<nghttp2_nv> trailers = to_nv(r.trailers);
  if (r.finishes)
    must_have_memory(nghttp2_submit_trailer(session_.get(), id, trailers.data(), trailers.size()));
  else
    nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, id, nullptr, trailers.data(), trailers.size(),
                           nullptr);
  return static_cast<ssize_t>(size);
}

void peer::go_on(std::uint32_t id) {
  stream_state* const stream = find(static_cast<std::int32_t>(id));
  if (stream == nullptr) return;
  stream->waits = false;
  nghttp2_session_resume_data(session_.get(), static_cast<std::int32_t>(id));
}

void peer::reset(std::uint32_t stream, http2_error code) {
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, static_cast<std::int32_t>(stream),
                            static_cast<std::uint32_t>(code));
}

void peer::ping(std::uint32_t stream) {
  std::uint8_t bytes[8] = {};
  for (int i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(stream >> (24 - 8 * i));
  nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, bytes);
}

void peer::set_max_streams(std::uint32_t most) {
  max_streams_ = most;
  const nghttp2_settings_entry entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, most_unsent_streams};
  if (nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, &entry, 1) == 0) announced_.push_back(most);
}

bool peer::finished() const noexcept {
  if (failure_ != http2_error::no_error) return true;
  return unsent_.empty() && nghttp2_session_want_read(session_.get()) == 0 &&
         nghttp2_session_want_write(session_.get()) == 0;
}

/// The size of the first unsent frame, or of a HEADERS with its CONTINUATIONs; 0 if it isn't complete yet.
std::size_t peer::unit() const {
  std::size_t end = 0;
  while (unsent_.size() >= end + frame_head::size) {
    const frame_head head = read_frame_head(std::string_view{unsent_}.substr(end));
    end += frame_head::size + head.length;
    if (unsent_.size() < end) return 0;
    const bool of_block = head.type == frame_type::headers || head.type == frame_type::continuation;
    if (!of_block || (head.flags & flag_end_headers) != 0) return end;
  }
  return 0;
}

http2_frame peer::take() {
  std::size_t size = 0;
  while ((size = unit()) == 0) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t got = nghttp2_session_mem_send(session_.get(), &bytes);
    if (got < 0) failure_ = http2_error::internal_error;
    if (got <= 0) return {};
    unsent_.append(view(bytes, static_cast<std::size_t>(got)));
  }
  http2_frame frame{.bytes = unsent_.substr(0, size)};
  unsent_.erase(0, size);
  frame.head = read_frame_head(frame.bytes);
  if (frame.head.type == frame_type::settings && (frame.head.flags & flag_ack) == 0 && !announced_.empty()) {
    replace_setting(frame.bytes, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, announced_.front());
    announced_.pop_front();
  }
  note_sent(frame);
  return frame;
}

void peer::note_sent(http2_frame& frame) {
  const std::uint32_t id = frame.head.stream;
  stream_state* const open = find(static_cast<std::int32_t>(id));
  stream_state* const stream = open == nullptr && closed_ && closed_.key() == id ? &closed_.mapped() : open;
  const bool is_head = frame.head.type == frame_type::headers;
  if (stream != nullptr && is_head) frame.is_final_head = ++stream->heads == stream->reply.interim + 1;
  if (frame.ends_stream()) {
    frames_without_a_reply_ = 0;
    bytes_without_a_reply_ = 0;
    frame.completes_reply = true;
    // The client is still sending a body that isn't needed.
    if (open != nullptr)
      nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, static_cast<std::int32_t>(id),
                                NGHTTP2_NO_ERROR);
  } else if (stream != nullptr && !stream->reply.finishes) {
    frame.completes_reply = stream->is_last(frame.head.type, frame.is_final_head);
  }
  closed_ = {};
}

}  // namespace

bool http2_is_built() noexcept { return true; }

std::unique_ptr<http2_peer> make_http2_peer(http2_events& events, std::uint32_t max_streams,
                                            std::optional<std::uint32_t> window) {
  return std::make_unique<peer>(events, max_streams, window);
}

}  // namespace ephemint::inline v0::sandbox
