#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ephemint::inline v0::sandbox {

/// Parses requests: bytes go in, in any pieces, and one request after the other comes out. Bodies are only
/// measured, as nothing here needs their content.
class request_reader {
 public:
  enum class state { incomplete, complete, garbage };

  request_reader() { next(); }

  /// Goes on with `bytes`. Returns how many it has taken: pass the rest again, together with more.
  std::size_t put(std::string_view bytes);
  state now() const noexcept { return now_; }
  /// Whether a byte of the request was taken.
  bool begun() const noexcept { return stage_ != stage::header; }
  /// The request, if it is complete.
  const boost::beast::http::request<boost::beast::http::empty_body>& asked() const { return parser_->get(); }

  void next();

 private:
  enum class stage { header, body, chunk_size, chunk, chunk_end, trailer };

  // Each takes some of the bytes. False: there is nothing more to take.
  bool step(std::string_view& bytes);
  bool take_header(std::string_view& bytes);
  bool take_data(std::string_view& bytes);
  bool take_line(std::string_view& bytes);
  bool begin_chunk(std::string_view line);
  bool complete() noexcept { return now_ = state::complete, false; }
  bool garbage() noexcept { return now_ = state::garbage, false; }

  std::optional<boost::beast::http::request_parser<boost::beast::http::empty_body>> parser_;
  state now_ = state::incomplete;
  stage stage_ = stage::header;
  std::uint64_t left_ = 0;  ///< bytes left of the body or of the chunk
  std::size_t body_ = 0;    ///< bytes of a chunked body, including its framing
};

}  // namespace ephemint::inline v0::sandbox
