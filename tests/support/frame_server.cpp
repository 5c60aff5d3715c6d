#include "frame_server.hpp"

#include <algorithm>
#include <utility>

#include <poll.h>

namespace ephemint::test {

using http2::frame_type;
namespace flag = http2::flag;

namespace {

std::string base64url(std::string_view bytes) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t pending = 0;
  int bits = 0;
  for (const char byte : bytes) {
    pending = (pending << 8 | static_cast<unsigned char>(byte)) & 0xffff;
    for (bits += 8; bits >= 6; bits -= 6) text += alphabet[pending >> (bits - 6) & 63];
  }
  if (bits > 0) text += alphabet[pending << (6 - bits) & 63];
  return text;
}

const identity& root() {
  static const identity made = make_root();
  return made;
}

server_wishes tls_of(const frame_server_wishes& wishes) {
  server_wishes tls;
  tls.shown = issue(root(), {});
  tls.protocols = wishes.protocols;
  tls.insists = wishes.insists;
  tls.alternates = wishes.alternates;
  tls.greatest_version = wishes.greatest_version;
  tls.ciphers = wishes.ciphers;
  return tls;
}

/// An HTTP/1.1 request's field; `name` as the client writes it.
std::string field_of(std::string_view request, std::string_view name) {
  const auto found = request.find("\r\n" + std::string{name} + ": ");
  if (found == request.npos) return {};
  const auto begin = found + 2 + name.size() + 2;
  return std::string{request.substr(begin, request.find("\r\n", begin) - begin)};
}

}  // namespace

std::string frame_request::value_of(std::string_view name) const {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const auto& each) { return each.name == name; });
  return found == fields.end() ? std::string{} : found->value;
}

int seen_connection::count(frame_type type, std::uint8_t with) const {
  return static_cast<int>(std::count_if(frames.begin(), frames.end(), [&](const auto& each) {
    return each.type == type && (each.flags & with) == with;
  }));
}

std::vector<http2::error_code> seen_connection::goaways() const {
  std::vector<http2::error_code> codes;
  for (const auto& each : frames)
    if (each.type == frame_type::goaway && each.code()) codes.push_back(*each.code());
  return codes;
}

std::vector<http2::error_code> seen_connection::resets(std::uint32_t stream) const {
  std::vector<http2::error_code> codes;
  for (const auto& each : frames)
    if (each.type == frame_type::rst_stream && (stream == 0 || each.stream == stream) && each.code())
      codes.push_back(*each.code());
  return codes;
}

frame_peer::frame_peer(peer& transport, seen_connection& seen, std::atomic<int>& requests)
    : transport_{&transport}, seen_{&seen}, requests_{&requests} {}

bool frame_peer::open(const http2::settings_list& list) {
  return read_preface() && write(http2::settings(list));
}

bool frame_peer::read_preface() {
  for (;;) {
    if (const auto skipped = reader_.skip_preface()) return seen_->preface = *skipped;
    const auto bytes = transport_->read_some();
    if (bytes.empty()) return false;
    reader_.take(bytes);
  }
}

std::optional<http2::received_frame> frame_peer::next_frame() {
  for (;;) {
    if (auto one = reader_.next()) {
      note(*one);
      return one;
    }
    const auto bytes = transport_->read_some();
    if (bytes.empty()) {
      seen_->ended = true;
      return std::nullopt;
    }
    reader_.take(bytes);
  }
}

std::optional<http2::received_frame> frame_peer::next_frame(frame_type type, std::uint8_t with) {
  while (auto one = next_frame())
    if (one->type == type && (one->flags & with) == with) return one;
  return std::nullopt;
}

std::optional<frame_request> frame_peer::next_request() {
  while (waiting_.empty())
    if (!next_frame()) return std::nullopt;
  auto one = std::move(waiting_.front());
  waiting_.pop_front();
  return one;
}

std::vector<frame_request> frame_peer::next_requests(int n) {
  std::vector<frame_request> all;
  while (n-- > 0) {
    auto one = next_request();
    if (!one) break;
    all.push_back(std::move(*one));
  }
  return all;
}

bool frame_peer::has_input(std::chrono::milliseconds patience) {
  if (transport_->has_pending()) return true;
  pollfd one{transport_->native(), POLLIN, 0};
  return ::poll(&one, 1, static_cast<int>(patience.count())) > 0;
}

bool frame_peer::write(std::string_view bytes) {
  constexpr std::size_t largest_record = 16384;
  return write_in_pieces(bytes, largest_record);
}

bool frame_peer::write_in_pieces(std::string_view bytes, std::size_t piece) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    const auto one = bytes.substr(0, piece);
    if (!transport_->write(one)) return false;
    note_written(one);
  }
  return !std::exchange(owes_ack_, false) || write(http2::settings_ack());
}

/// Our SETTINGS have to come first: RFC 9113 §3.4.
void frame_peer::acknowledge_settings() {
  owes_ack_ = true;
  if (seen_->written > 0) write({});
}

bool frame_peer::flood(std::string_view frame, int times) {
  constexpr std::size_t worth_a_record = 8192;
  std::string batch;
  while (times > 0) {
    for (batch.clear(); times > 0 && batch.size() < worth_a_record; --times) batch += frame;
    if (!write(batch)) return false;
    while (has_input({}))
      if (!next_frame()) return false;
  }
  return true;
}

void frame_peer::serve() {
  while (const auto request = next_request())
    if (!write(good_reply(*request))) return;
}

void frame_peer::wait_for_end() {
  while (next_frame()) continue;
}

bool frame_peer::wait_for_window(std::int64_t size) {
  while (window_ < size)
    if (!next_frame()) return false;
  return true;
}

void frame_peer::close() {
  transport_->say_goodbye();
  transport_->end_writing();
}

void frame_peer::cut() { transport_->end_writing(); }

void frame_peer::reset() { transport_->reset(); }

void frame_peer::note(const http2::received_frame& one) {
  seen_->frames.push_back(one);
  switch (one.type) {
    case frame_type::settings:
      if (!one.has(flag::ack) && polite_) acknowledge_settings();
      break;
    case frame_type::ping:
      if (!one.has(flag::ack) && polite_) write(http2::ping(one.payload, true));
      break;
    case frame_type::headers:
    case frame_type::continuation:
      take_block(one);
      break;
    case frame_type::window_update:
      if (one.stream == 0) window_ += http2::number_at(one.payload, 0);
      break;
    case frame_type::rst_stream:
      open_.erase(one.stream);
      break;
    default:
      break;
  }
}

void frame_peer::take_block(const http2::received_frame& one) {
  std::string_view part = one.payload;
  if (one.type == frame_type::headers && one.has(flag::priority)) part.remove_prefix(5);
  block_ += part;
  if (one.type == frame_type::headers) open_.insert(one.stream);
  seen_->most_open = std::max(seen_->most_open, open_.size());
  if (!one.has(flag::end_headers)) return;
  auto fields = decoder_.decode(block_);
  block_.clear();
  frame_request request{one.stream, fields ? std::move(*fields) : std::vector<http2::decoded_field>{}};
  seen_->requests.push_back(request);
  waiting_.push_back(std::move(request));
  ++*requests_;
}

void frame_peer::note_written(std::string_view bytes) {
  seen_->written += bytes.size();
  written_.take(bytes);
  while (const auto one = written_.next()) {
    if (one->type == frame_type::data) window_ -= static_cast<std::int64_t>(one->payload.size());
    const bool ends =
        (one->type == frame_type::data || one->type == frame_type::headers) && one->has(flag::end_stream);
    if (ends || one->type == frame_type::rst_stream) open_.erase(one->stream);
  }
}

std::string token_for(std::string_view account) {
  return "e30." + base64url(R"({"account":")" + std::string{account} + R"("})") + ".c2ln";
}

std::string good_body(std::string_view account, std::size_t filler) {
  const auto token = token_for(account);
  std::string body = R"({"request_id":"r-)" + std::string{account} + R"(","token":")" + token +
                     R"(","redirect_url":"https://localhost/portal/direct-login?token=)" + token + '"';
  if (filler > 0) body += R"(,"filler":")" + std::string(filler, '.') + '"';
  return body + '}';
}

http2::field_list good_fields(std::size_t body_size) {
  return {{":status", "200"},
          {"content-type", "application/json"},
          {"content-length", std::to_string(body_size)}};
}

std::string good_reply(const frame_request& request) {
  const auto body = good_body(request.account());
  return reply_of(request.stream, good_fields(body.size()), body);
}

std::string reply_of(std::uint32_t stream, const http2::field_list& fields, std::string_view body) {
  return http2::headers(stream, http2::block(fields)) + http2::data(stream, body, true);
}

frame_server::frame_server(script every, const frame_server_wishes& wishes)
    : frame_server{std::vector<script>{std::move(every)}, wishes} {}

frame_server::frame_server(std::vector<script> scripts, const frame_server_wishes& wishes)
    : server_{tls_of(wishes), wrapped(std::move(scripts))} {}

std::string frame_server::authority_pem() { return root().pem(); }

const std::deque<seen_connection>& frame_server::finish() {
  server_.finish();
  return seen_;
}

std::vector<scripted_server::script> frame_server::wrapped(std::vector<script> scripts) {
  std::vector<scripted_server::script> all;
  for (auto& each : scripts)
    all.emplace_back([this, script = std::move(each)](peer& transport) { serve(transport, script); });
  return all;
}

seen_connection& frame_server::begin() {
  const std::lock_guard lock{mutex_};
  most_connected_ = std::max(most_connected_.load(), ++connected_);
  return seen_.emplace_back();
}

void frame_server::end() {
  const std::lock_guard lock{mutex_};
  --connected_;
}

void frame_server::serve(peer& transport, const script& script) {
  seen_connection& seen = begin();
  seen.shook_hands = transport.shake_hands();
  seen.ended = !seen.shook_hands;
  seen.offered = transport.offered();
  seen.protocol = transport.protocol();
  seen.resumed = transport.resumed();
  if (seen.shook_hands && seen.protocol == "h2") {
    frame_peer one{transport, seen, requests_};
    script(one);
    one.wait_for_end();
  } else if (seen.shook_hands) {
    serve_http1(transport, seen);
  }
  end();
}

void frame_server::serve_http1(peer& transport, seen_connection& seen) {
  for (auto request = transport.read_request(); !request.empty(); request = transport.read_request()) {
    const auto account = field_of(request, "On-Behalf-Of");
    seen.requests.push_back({0, {{"on-behalf-of", account}}});
    ++requests_;
    const auto body = good_body(account);
    transport.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  seen.ended = true;
}

}  // namespace ephemint::test
