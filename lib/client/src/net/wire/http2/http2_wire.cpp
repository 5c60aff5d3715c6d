#include "net/wire/http2/http2_wire.hpp"

#include "net/wire/reply_limits.hpp"

#include <ephemint/secret.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <new>
#include <span>
#include <utility>

#include <nghttp2/nghttp2.h>

namespace ephemint::inline v0::net {

namespace {

constexpr std::size_t frame_head_size = 9;
/// Large enough that a reply within our limits never needs a further WINDOW_UPDATE for its stream.
constexpr std::uint32_t stream_window = reply_limits::body;
constexpr std::int32_t connection_window = 1 << 20;
/// The most acknowledgements of the server's pings and settings that may wait. All of them are written
/// whenever something was read.
constexpr std::size_t most_acks = 100;
/// So many frames may continue a block. nghttp2 counts calls that bring a frame's head or a part of it: one
/// for each frame, as we give it heads whole.
[[maybe_unused]] constexpr std::size_t most_continuations = 100;

/// NGHTTP2_ERR_TOO_MANY_CONTINUATIONS, which older nghttp2 headers don't have.
constexpr int too_many_continuations = -905;

/// For nghttp2 calls that can fail only for want of memory.
void need_memory(int result) {
  if (result != 0) throw std::bad_alloc{};
}

struct session_parts {
  session_parts() {
    need_memory(nghttp2_session_callbacks_new(&callbacks));
    if (nghttp2_option_new(&option) == 0) return;
    nghttp2_session_callbacks_del(callbacks);
    throw std::bad_alloc{};
  }
  ~session_parts() {
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
  }
  session_parts(const session_parts&) = delete;
  session_parts& operator=(const session_parts&) = delete;

  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
};

std::string_view text_of(const std::uint8_t* begin, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(begin), size};
}

std::uint8_t* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));  // nghttp2 doesn't write there
}

nghttp2_nv field_of(const detail::request_field& field) noexcept {
  const auto kept_out = field.secret ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
  return {bytes_of(field.name), bytes_of(field.value), field.name.size(), field.value.size(),
          static_cast<std::uint8_t>(NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE | kept_out)};
}

/// Wipes these bytes at its end.
struct wiped_at_end {
  explicit wiped_at_end(std::span<char> some) noexcept : bytes{some} {}
  ~wiped_at_end() { wipe(bytes.data(), bytes.size()); }
  wiped_at_end(const wiped_at_end&) = delete;
  wiped_at_end& operator=(const wiped_at_end&) = delete;

  const std::span<char> bytes;
};

/// The error code's name in RFC 9113, or a text that it is unknown.
std::string_view name_of(std::uint32_t code) noexcept { return nghttp2_http2_strerror(code); }

}  // namespace

// --- nghttp2's callbacks, from inside of which nghttp2 may not be called

struct http2_wire::callbacks {
  /// Our stream of that id; null if we gave it up.
  static stream* known(nghttp2_session* session, std::int32_t id) noexcept {
    return id == 0 ? nullptr : static_cast<stream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  /// Runs a step during which memory may run out.
  template <class Step>
  static int guarded(void* of, Step step) noexcept {
    http2_wire& self = *static_cast<http2_wire*>(of);
    try {
      return step(self);
    } catch (const std::bad_alloc&) {
      self.out_of_memory_ = true;
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
  }

  /// If the reply is refused, tells the peer that we don't want the rest.
  static int unwanted(nghttp2_session* session, const stream& of, http2_reply::status now) noexcept {
    if (now != http2_reply::status::refused && now != http2_reply::status::body_refused) return 0;
    const int result = nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, of.id, NGHTTP2_CANCEL);
    return result == NGHTTP2_ERR_NOMEM ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
  }

  /// Whether frames of this type are part of a reply.
  static bool is_reply(std::uint8_t type) noexcept {
    return type == NGHTTP2_HEADERS || type == NGHTTP2_DATA || type == NGHTTP2_CONTINUATION;
  }

  static int on_begin_frame(nghttp2_session* session, const nghttp2_frame_hd* head, void* of) noexcept {
    return guarded(of, [&](http2_wire& self) {
      self.reading_id_ = is_reply(head->type) ? head->stream_id : 0;
      stream* const s = known(session, self.reading_id_);
      if (s == nullptr || s->reply.now() != http2_reply::status::incomplete) return 0;
      return unwanted(session, *s, s->reply.on_frame(frame_head_size + head->length));
    });
  }

  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* of) noexcept {
    return guarded(of, [&](http2_wire& self) {
      stream* const s = known(session, frame->hd.stream_id);
      if (s != nullptr && s->reply.needs_buffer()) s->reply.use(self.stock_.take_buffer());
      return 0;
    });
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                       void* of) noexcept {
    return guarded(of, [&](http2_wire&) {
      stream* const s = known(session, frame->hd.stream_id);
      if (s == nullptr) return 0;
      const auto now = s->reply.on_field(text_of(name, name_size), text_of(value, value_size));
      return now == http2_reply::status::refused ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
    });
  }

  static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                     std::size_t size, void* of) noexcept {
    return guarded(of, [&](http2_wire&) {
      stream* const s = known(session, id);
      if (s == nullptr || s->reply.now() != http2_reply::status::incomplete) return 0;
      return unwanted(session, *s, s->reply.on_data(text_of(bytes, size)));
    });
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* of) noexcept {
    return guarded(of, [&](http2_wire& self) {
      self.reading_id_ = 0;
      const nghttp2_frame_hd& head = frame->hd;
      const bool is_ack = (head.flags & NGHTTP2_FLAG_ACK) != 0;
      if (head.type == NGHTTP2_SETTINGS) is_ack ? self.on_settled() : self.on_settings();
      if (head.type == NGHTTP2_GOAWAY)
        self.on_farewell(frame->goaway.error_code, frame->goaway.last_stream_id);
      stream* const s = known(session, head.stream_id);
      if (s == nullptr) return 0;
      if (head.type == NGHTTP2_RST_STREAM) s->reset_by_peer = true;
      if (!is_reply(head.type)) return 0;
      const bool was_incomplete = s->reply.now() == http2_reply::status::incomplete;
      if (head.type == NGHTTP2_HEADERS) s->reply.on_block_end();
      if ((head.flags & NGHTTP2_FLAG_END_STREAM) != 0)
        s->reply.on_end();
      else if (was_incomplete)
        return unwanted(session, *s, s->reply.now());
      return 0;
    });
  }

  static int on_sent(nghttp2_session*, const nghttp2_frame* frame, void* of) noexcept {
    if (frame->hd.type == NGHTTP2_GOAWAY) static_cast<http2_wire*>(of)->own_code_ = frame->goaway.error_code;
    return 0;
  }

  static int on_close(nghttp2_session* session, std::int32_t id, std::uint32_t code, void* of) noexcept {
    stream* const s = known(session, id);
    if (s != nullptr) static_cast<http2_wire*>(of)->on_closed(*s, code);
    return 0;
  }

  static http2_memory& memory_of(void* of) noexcept { return static_cast<http2_wire*>(of)->stock_.memory(); }

  static void release(void* block, void* of) noexcept {
    http2_wire& self = *static_cast<http2_wire*>(of);
    self.going_ ? http2_memory::discard(block) : self.stock_.memory().release(block);
  }

  static nghttp2_mem memory_for(http2_wire& self) noexcept {
    return {&self, [](std::size_t size, void* of) { return memory_of(of).allocate(size); }, &release,
            [](std::size_t count, std::size_t size, void* of) {
              return memory_of(of).allocate_zeroed(count, size);
            },
            [](void* block, std::size_t size, void* of) { return memory_of(of).reallocate(block, size); }};
  }
};

// --- the session

void http2_wire::deleter::operator()(nghttp2_session* session) const noexcept {
  nghttp2_session_del(session);
}

std::unique_ptr<nghttp2_session, http2_wire::deleter> http2_wire::make_session(http2_wire& self) {
  const session_parts parts;
  nghttp2_session_callbacks_set_on_begin_frame_callback(parts.callbacks, &callbacks::on_begin_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(parts.callbacks, &callbacks::on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(parts.callbacks, &callbacks::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(parts.callbacks, &callbacks::on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(parts.callbacks, &callbacks::on_frame);
  nghttp2_session_callbacks_set_on_frame_send_callback(parts.callbacks, &callbacks::on_sent);
  nghttp2_session_callbacks_set_on_stream_close_callback(parts.callbacks, &callbacks::on_close);
  nghttp2_option_set_no_closed_streams(parts.option, 1);
  nghttp2_option_set_max_outbound_ack(parts.option, most_acks);
  nghttp2_option_set_max_reserved_remote_streams(parts.option, 0);
  // We count the streams ourselves, so that none ever waits inside nghttp2.
  nghttp2_option_set_peer_max_concurrent_streams(parts.option, unlimited);
#ifdef EPHEMINT_NGHTTP2_MAX_CONTINUATIONS
  nghttp2_option_set_max_continuations(parts.option, most_continuations);
#endif
  nghttp2_mem memory = callbacks::memory_for(self);
  nghttp2_session* made = nullptr;
  need_memory(nghttp2_session_client_new3(&made, parts.callbacks, &self, parts.option, &memory));
  return std::unique_ptr<nghttp2_session, deleter>{made};
}

http2_wire::http2_wire(const std::string& host, http2_stock& stock, const settings& s)
    : host_{host},
      stock_{stock},
      max_streams_{s.max_streams},
      session_{make_session(*this)},
      allowed_{std::min(s.first_streams, s.max_streams)},
      capacity_told_{allowed_} {
  introduce(s);
}

http2_wire::~http2_wire() {
  // The session is destroyed before the members that its callbacks use. This may be outside the gate, where
  // the stock's kept memory must not be touched.
  going_ = true;
  session_.reset();
}

void http2_wire::introduce(const settings& s) {
  const std::array<nghttp2_settings_entry, 3> ours{
      {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window},
       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(reply_limits::head)}}};
  need_memory(nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, ours.data(), ours.size()));
  need_memory(nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, 0, connection_window));
  if (s.next_id != 1) need_memory(nghttp2_session_set_next_stream_id(session_.get(), s.next_id));
  write_frames();
}

/// Makes nghttp2 write all its output; it also reports the streams that we end.
void http2_wire::write_frames() {
  for (;;) {
    const std::uint8_t* bytes = nullptr;
    const auto size = nghttp2_session_mem_send(session_.get(), &bytes);
    if (size == NGHTTP2_ERR_NOMEM || out_of_memory_) throw std::bad_alloc{};
    if (size <= 0) return;
    if (!output_) output_ = stock_.take_buffer();
    output_->append(text_of(bytes, static_cast<std::size_t>(size)));
  }
}

std::string_view http2_wire::output() noexcept {
  return output_ ? output_->view(0, output_->size()) : std::string_view{};
}

void http2_wire::sent() noexcept {
  stock_.give_back(std::move(output_));
  written_id_ = newest_id_;
}

/// Ends the connection because of an error of the server's.
void http2_wire::die(std::uint32_t code, std::string_view why) {
  if (own_code_ == 0) {
    nghttp2_session_terminate_session(session_.get(), code);
    write_frames();
  }
  stream* const blamed = callbacks::known(session_.get(), reading_id_);
  if (blamed != nullptr && blamed->out) {
    nghttp2_session_set_stream_user_data(session_.get(), reading_id_, nullptr);
    blamed->reply.refuse(std::string{why});
    on_closed(*blamed, code);
    retiring_ = true;
  }
  problem_ = connection_lost(host_, std::string{"the server sent "} + std::string{why});
}

// --- reading

wire::news http2_wire::commit(std::size_t size) {
  const std::span<char> came = stock_.plaintext().first(size);
  const wiped_at_end wipe_them{came};
  heard_since_ = true;
  if (std::exchange(asked_, false)) heard_ = true;
  for (std::string_view rest{came.data(), came.size()}; !rest.empty();) {
    const auto piece = frames_.take(rest);
    if (piece.begins) ++idle_frames_;
    if (!piece.bytes.empty() && !read(piece.bytes)) return news::refused;
  }
  return any_news() ? news::some : news::none;
}

/// Reads bytes of one frame. What nghttp2 then wants to write is written before the next one is read: a
/// request whose reply breaks the rules ends with the RST_STREAM that we write, and would end otherwise if a
/// GOAWAY or RST_STREAM of the server's were read before. False: the connection must end.
bool http2_wire::read(std::string_view bytes) {
  const auto taken = nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (out_of_memory_ || taken == NGHTTP2_ERR_NOMEM) throw std::bad_alloc{};
  if (taken < 0) {
    const bool flood = taken == NGHTTP2_ERR_FLOODED || taken == too_many_continuations;
    die(flood ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR,
        flood ? "more frames than a reply takes" : "what isn't HTTP/2");
    return false;
  }
  write_frames();
  if (idle_frames_ > most_idle_frames) {
    reading_id_ = 0;
    die(NGHTTP2_ENHANCE_YOUR_CALM, "more frames than a reply takes");
    return false;
  }
  if (own_code_ == 0 || closing_) return true;
  die(own_code_, "what breaks HTTP/2 (" + std::string{name_of(own_code_)} + ')');
  return false;
}

wire::news http2_wire::end(bool, std::string_view cause) {
  std::string why{cause};
  if (out_ == 0) why += " while it was idle";
  const auto unwritten = [this](const auto& s) { return s->out && s->id > written_id_; };
  const auto count = static_cast<std::uint32_t>(std::ranges::count_if(streams_, unwritten));
  problem_ = connection_lost(host_, why);
  if (count == 0 || count == out_) return news::refused;  // all requests have the same fate
  for (const auto& s : streams_)
    if (unwritten(s)) {
      s->unsent = true;
      finish(*s);
    }
  retiring_ = true;
  return news::refused;
}

void http2_wire::on_settings() noexcept {
  allowed_ = nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  calm_ = unlimited;
}

void http2_wire::on_farewell(std::uint32_t code, std::int32_t last) noexcept {
  farewell_ = {true, code, last};
  retiring_ = true;
}

link_room http2_wire::capacity() const noexcept { return {std::min({allowed_, max_streams_, calm_}), true}; }

// --- streams

http2_wire::stream& http2_wire::take_stream() {
  if (spare_.empty()) {
    spare_.reserve(streams_.size() + 1);
    streams_.push_back(std::make_unique<stream>());
    return *streams_.back();
  }
  stream& taken = *spare_.back();
  spare_.pop_back();
  return taken;
}

void http2_wire::recycle(stream& s) noexcept {
  stock_.give_back(s.reply.reset());
  s = {};
  spare_.push_back(&s);  // has room for all streams
}

/// The stream has ended, which must be told.
void http2_wire::finish(stream& s) noexcept {
  if (std::exchange(s.out, false)) --out_;
  s.next = nullptr;
  (over_ == nullptr ? over_ : over_last_->next) = &s;
  over_last_ = &s;
}

void http2_wire::on_closed(stream& s, std::uint32_t code) noexcept {
  if (!s.out) return;
  s.excluded = farewell_.came && s.id > farewell_.last && !s.reset_by_peer;
  s.code = s.excluded ? farewell_.code : code;  // nghttp2 calls it refused, whatever the reason was
  finish(s);
  const auto now = s.reply.now();
  if (now == http2_reply::status::complete) {
    idle_frames_ = 0;
    answered_ = true;
  } else if (s.reset_by_peer && code == NGHTTP2_ENHANCE_YOUR_CALM) {
    calm_ = std::max(capacity().capacity / 2, 1U);
  } else if (s.reset_by_peer && (code == NGHTTP2_HTTP_1_1_REQUIRED || code == NGHTTP2_INADEQUATE_SECURITY)) {
    retiring_ = true;
  }
}

void http2_wire::submit(attempt_id attempt, const detail::prepared_request& request, clock::duration idle) {
  if (out_ == 0) {
    had_rested_ = answered_ || idle > newcomer;
    heard_since_ = false;
  }
  stream& s = take_stream();
  s.attempt = attempt;
  std::array<nghttp2_nv, 16> fields;
  assert(request.fields.size() <= fields.size());
  std::ranges::transform(request.fields, fields.begin(), field_of);
  // A stream that nghttp2 can't begin at once would wait inside it, without our knowledge.
  const bool has_room =
      !farewell_.came && !closing_ && own_code_ == 0 &&
      out_ < nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  if (has_room)
    s.id = nghttp2_submit_request(session_.get(), nullptr, fields.data(), request.fields.size(), nullptr, &s);
  if (!has_room || s.id <= 0) {
    s.unsent = true;
    return finish(s);
  }
  s.out = true;
  ++out_;
  newest_id_ = s.id;
  if (s.id >= last_id) retiring_ = true;
  write_frames();
}

/// Removes the stream from those to be told. False: it isn't among them.
bool http2_wire::take_off(stream& s) noexcept {
  stream* before = nullptr;
  for (stream* at = over_; at != nullptr; before = std::exchange(at, at->next))
    if (at == &s) {
      (before == nullptr ? over_ : before->next) = s.next;
      if (over_last_ == &s) over_last_ = before;
      return true;
    }
  return false;
}

bool http2_wire::reset(attempt_id attempt) {
  const auto found = std::ranges::find_if(
      streams_, [&](const auto& s) { return s->attempt == attempt && (s->out || take_off(*s)); });
  if (found == streams_.end()) return true;
  stream& s = **found;
  const bool was_out = s.out;
  const std::int32_t id = s.id;
  if (was_out) --out_;
  recycle(s);
  if (!was_out) return true;
  nghttp2_session_set_stream_user_data(session_.get(), id, nullptr);
  need_memory(nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL));
  write_frames();
  return true;
}

void http2_wire::probe() {
  asked_ = true;
  need_memory(nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr));
  write_frames();
}

void http2_wire::say_goodbye() {
  closing_ = true;
  need_memory(nghttp2_session_terminate_session(session_.get(), NGHTTP2_NO_ERROR));
  write_frames();
}

// --- telling

bool http2_wire::any_news() const noexcept {
  return over_ != nullptr || heard_ || settled_ || retiring_ != retiring_told_ ||
         capacity().capacity != capacity_told_;
}

/// First the news of the connection itself, so that no request is sent on one that takes none.
wire::news http2_wire::next(note& told) {
  if (retiring_ && !std::exchange(retiring_told_, true)) {
    told.what = note::kind::retiring;
    return news::some;
  }
  if (capacity().capacity != capacity_told_) {
    told.what = note::kind::capacity;
    told.capacity = capacity_told_ = capacity().capacity;
    return news::some;
  }
  if (std::exchange(heard_, false)) {
    told.what = note::kind::heard;
    return news::some;
  }
  if (std::exchange(settled_, false)) {
    told.what = note::kind::settled;
    return news::some;
  }
  if (over_ == nullptr) return news::none;
  stream& s = *over_;
  take_off(s);
  told.attempt = s.attempt;
  if (tell_end(s, told))
    told_ = &s;
  else
    recycle(s);
  return news::some;
}

/// Returns whether there was a reply.
bool http2_wire::tell_end(stream& s, note& told) {
  using status = http2_reply::status;
  const status now = s.reply.now();
  told.what = note::kind::attempt_lost;
  if (now == status::complete || now == status::body_refused) {
    told.what = note::kind::reply;
    told.reply = s.reply.reply();
    return true;
  }
  if (s.unsent) {
    tell_loss(told, fate::unprocessed, "the request never left");
  } else if (now == status::refused) {
    told.became = fate::begun;
    told.why = {mint_errc::bad_response, host_ + ": " + s.reply.problem(), false};
  } else if (s.reset_by_peer || s.excluded) {
    tell_reset(s, told);
  } else {
    told.became = fate::begun;
    told.why = {mint_errc::bad_response, host_ + ": the reply was refused: it breaks HTTP/2", false};
  }
  return false;
}

/// The server has reset the stream, or its GOAWAY excludes it.
void http2_wire::tell_reset(const stream& s, note& told) const {
  const std::string how = s.reset_by_peer ? "the server reset the request (" : "the server went away (";
  const bool unseen =
      s.reset_by_peer ? s.code == NGHTTP2_REFUSED_STREAM && !s.reply.begun() : s.code == NGHTTP2_NO_ERROR;
  const fate usual = s.reply.begun() ? fate::begun : fate::unknown;
  const bool other = s.code == NGHTTP2_HTTP_1_1_REQUIRED;
  tell_loss(told, unseen || other ? fate::unprocessed : usual, how + std::string{name_of(s.code)} + ')');
  told.why.other_protocol = other;
  if (s.code == NGHTTP2_INADEQUATE_SECURITY) {
    told.why.code = mint_errc::tls_failed;
    told.why.retryable = false;
  }
}

void http2_wire::tell_loss(note& told, fate became, std::string_view why) const {
  told.became = became;
  told.why = {mint_errc::connect_failed, host_ + ": " + std::string{why}, true};
}

void http2_wire::forget_reply() noexcept {
  if (stream* const s = std::exchange(told_, nullptr)) recycle(*s);
}

/// A server may close an idle connection while requests are on their way, and then hasn't seen them, or
/// doesn't process them.
fate http2_wire::fate_of_rest() const noexcept {
  bool any_written = false;
  bool any_begun = false;
  for (const auto& s : streams_) {
    any_written |= s->out && s->id <= written_id_;
    any_begun |= s->out && s->reply.begun();
  }
  if (out_ != 0 && !any_written) return fate::unprocessed;
  if (had_rested_ && !heard_since_) return fate::unprocessed;
  return any_begun ? fate::begun : fate::unknown;
}

}  // namespace ephemint::inline v0::net
