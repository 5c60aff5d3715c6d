#include "net/wire/http1/chunk_decoder.hpp"

#include <algorithm>
#include <cstring>

namespace ephemint::inline v0::net {

namespace {

int hex_digit(unsigned char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_text(unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7f); }
bool is_blank(unsigned char c) { return c == ' ' || c == '\t'; }

}  // namespace

chunk_decoder::status chunk_decoder::decode(char* bytes, std::size_t& read, std::size_t end,
                                            std::size_t& write) {
  while (read < end && place_ != place::over) {
    if (place_ == place::data) {
      const std::size_t size = std::min(remaining_, end - read);
      std::memmove(bytes + write, bytes + read, size);
      read += size;
      write += size;
      remaining_ -= size;
      if (remaining_ == 0) place_ = place::data_cr;
    } else if (!take(static_cast<unsigned char>(bytes[read++]))) {
      return status::refused;
    }
  }
  return place_ == place::over ? status::complete : status::incomplete;
}

bool chunk_decoder::take(unsigned char c) {
  switch (place_) {
    case place::data_cr:
      return expect(c, '\r', place::data_lf);
    case place::data_lf:
      return expect(c, '\n', place::size_start);
    case place::trailer_start:
    case place::trailer:
    case place::trailer_end:
      return take_trailer(c);
    case place::last_lf:
      return expect(c, '\n', place::over);
    default:
      return take_size(c);
  }
}

bool chunk_decoder::take_size(unsigned char c) {
  if (place_ == place::size_end) {
    total_ += remaining_;
    line_ = 0;
    return expect(c, '\n', remaining_ == 0 ? place::trailer_start : place::data);
  }
  if (const int digit = hex_digit(c); digit >= 0 && place_ <= place::size) {
    if (place_ == place::size_start) remaining_ = line_ = 0;
    place_ = place::size;
    remaining_ = remaining_ * 16 + static_cast<std::size_t>(digit);
    if (remaining_ > max_body_ - total_) return refuse("a chunked body beyond the limit");
    return ++line_ <= max_extension || refuse("a chunk size that never ends");
  }
  if (place_ == place::size_start) return refuse("a chunk without a size");
  if (++line_ > max_extension) return refuse("an overlong chunk extension");
  if (place_ != place::extension && c == ';') return expect(c, ';', place::extension);
  if (place_ != place::extension && is_blank(c)) return expect(c, static_cast<char>(c), place::blank);
  if (place_ != place::blank && c == '\r') return expect(c, '\r', place::size_end);
  return (place_ == place::extension && is_text(c)) || refuse("a malformed chunk size");
}

bool chunk_decoder::take_trailer(unsigned char c) {
  if (++line_ > max_trailers) return refuse("overlong trailers");
  if (place_ == place::trailer_end) return expect(c, '\n', place::trailer_start);
  if (c == '\r') {
    place_ = place_ == place::trailer_start ? place::last_lf : place::trailer_end;
    return true;
  }
  if (!is_text(c) || (place_ == place::trailer_start && (is_blank(c) || c == ':')))
    return refuse("a malformed trailer");
  place_ = place::trailer;
  return true;
}

bool chunk_decoder::expect(unsigned char got, char wanted, place next) {
  if (got != static_cast<unsigned char>(wanted)) return refuse("a chunk that does not end in CRLF");
  place_ = next;
  return true;
}

bool chunk_decoder::refuse(const char* why) {
  problem_ = why;
  return false;
}

}  // namespace ephemint::inline v0::net
