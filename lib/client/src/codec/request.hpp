#pragma once

#include <ephemint/account_id.hpp>
#include <ephemint/secret.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace ephemint::inline v0::detail {

/// One header field, as HTTP/2 has them: lower case, `:authority` and its like among them.
struct request_field {
  std::string_view name;   ///< stands for ever
  std::string_view value;  ///< valid as long as the request
  bool secret = false;     ///< no table of any hop may keep it
};

/// One request, ready for either protocol.
struct prepared_request {
  std::string_view text;                    ///< HTTP/1.1: all of it
  std::span<const request_field> fields{};  ///< HTTP/2: all of it, for it has no body
};

/// A mint request, made once; only the account changes.
class request_writer {
 public:
  /// `target`: the path and query. All parts were checked: nothing here can break out of its header.
  request_writer(std::string_view host_header, std::string_view target, const secret& api_key,
                 std::string_view user_agent);

  /// The whole request for `account`, valid until the next call. The account must be `valid()`.
  prepared_request write(const account_id& account) noexcept;

 private:
  struct wiped_and_deleted {
    std::size_t size;
    void operator()(char* text) const noexcept;
  };

  std::size_t head_size_;                              // up to the account, which comes last of all
  std::unique_ptr<char[], wiped_and_deleted> buffer_;  // head, room for the longest account, end
  std::array<request_field, 10> fields_;               // their values are parts of the buffer
};

}  // namespace ephemint::inline v0::detail
