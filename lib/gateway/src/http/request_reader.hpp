#pragma once

#include "http/exchange.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::gateway {

/// Reads one request after the other from bytes, which may come in any pieces. A request that can be read in
/// two ways is refused, so that any proxy in front reads the same request.
class request_reader {
 public:
  static constexpr std::size_t header_limit = 8 * 1024;
  static constexpr std::size_t body_limit = 4 * 1024;
  /// The limit of a body including its chunk framing.
  static constexpr std::size_t chunked_limit = 16 * 1024;

  enum class state { incomplete, complete, refused };
  struct refusal {
    unsigned status = 0;  ///< 0: there is none
    std::string_view why;
  };

  request_reader();
  request_reader(const request_reader&) = delete;
  request_reader& operator=(const request_reader&) = delete;
  ~request_reader();

  /// The buffer for the next bytes; never empty while the request is incomplete.
  boost::asio::mutable_buffer room();
  /// The same, after forgetting all that came: for reading bytes that nobody needs.
  boost::asio::mutable_buffer scrap();
  /// That many bytes came.
  void commit(std::size_t size) noexcept { end_ += size; }
  /// Parses what came.
  state look();

  /// Whether any byte of the request came.
  bool begun() const noexcept { return stage_ != stage::line || begin_ != end_; }
  bool in_body() const noexcept { return stage_ == stage::body; }
  /// Whether the client waits for a 100 (Continue). True at most once.
  bool take_expectation() noexcept;

  /// The request, as far as it came.
  const request& asked() const { return parser_->get(); }
  const refusal& refused() const noexcept { return refusal_; }

  /// Overwrites this request, and begins the next one with the bytes that came after it.
  void next();

 private:
  enum class stage { line, fields, body, complete };
  enum class chunk_line { size, end, last };

  std::string_view unread() const noexcept { return {bytes_.data() + begin_, end_ - begin_}; }
  void read_line();
  void read_fields();
  void begin_body();
  void read_body();
  void read_chunks();
  void take_data();
  void take_chunk_line(std::string_view);
  void begin_chunk(std::string_view line);
  void feed(std::size_t size);
  void consume(std::size_t size) noexcept { begin_ += size, read_ += size; }
  void refuse(unsigned status, std::string_view why) noexcept { refusal_ = {status, why}; }
  void wipe_request() noexcept;

  std::optional<http::request_parser<http::string_body>> parser_;
  std::vector<char> bytes_;
  std::size_t begin_ = 0, end_ = 0;
  std::size_t read_ = 0;  ///< bytes of the header or of the body that were read
  std::size_t left_ = 0;  ///< bytes left of the body or of the chunk
  chunk_line next_line_ = chunk_line::size;
  bool chunked_ = false;
  stage stage_ = stage::line;
  bool expects_ = false;
  refusal refusal_;
};

}  // namespace ephemint::inline v0::gateway
