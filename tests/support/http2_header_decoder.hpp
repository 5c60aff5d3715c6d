#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::test::http2 {

/// A field as a client wrote it.
struct decoded_field {
  std::string name;
  std::string value;
  bool never_indexed = false;  ///< RFC 7541 §6.2.3: never indexed
};

/// Reads a client's header blocks by RFC 7541, without a limit for the dynamic table, and with the Huffman
/// codes of visible characters only.
class header_decoder {
 public:
  /// The fields of a whole block; nothing if it can't be read.
  std::optional<std::vector<decoded_field>> decode(std::string_view block);

 private:
  std::optional<std::size_t> integer(int prefix);
  std::optional<std::string> text();
  std::optional<std::pair<std::string, std::string>> entry(std::size_t index) const;
  std::optional<decoded_field> next();
  std::optional<decoded_field> literal(int prefix);

  std::string_view rest_;
  std::deque<std::pair<std::string, std::string>> remembered_;  // newest first
};

}  // namespace ephemint::test::http2
