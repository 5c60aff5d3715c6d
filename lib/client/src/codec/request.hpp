#pragma once

#include <ephemint/account_id.hpp>
#include <ephemint/secret.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace ephemint::inline v0::detail {

/// One header field in HTTP/2's form: lower case, including pseudo-header fields such as `:authority`.
struct request_field {
  std::string_view name;   ///< static storage
  std::string_view value;  ///< valid as long as the request
  bool secret = false;     ///< no compression table on the way may store it
};

/// One request, ready for either protocol.
struct prepared_request {
  std::string_view text;                    ///< the whole HTTP/1.1 request
  std::span<const request_field> fields{};  ///< the whole HTTP/2 request, which has no body
};

/// A mint request, made once; only the account changes.
class request_writer {
 public:
  /// `target`: the path and query. All parts must have been checked, so that none can break out of its
  /// header.
  request_writer(std::string_view host_header, std::string_view target, const secret& api_key,
                 std::string_view user_agent);

  /// The whole request for `account`, valid until the next call. The account must be `valid()`.
  prepared_request write(const account_id& account) noexcept;

 private:
  struct wiped_and_deleted {
    std::size_t size;
    void operator()(char* text) const noexcept;
  };

  std::size_t head_size_;                              // up to the account, which comes last
  std::unique_ptr<char[], wiped_and_deleted> buffer_;  // head, room for the longest account, end
  std::array<request_field, 10> fields_;               // their values are parts of the buffer
};

}  // namespace ephemint::inline v0::detail
