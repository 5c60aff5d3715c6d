#pragma once

#include <ephemint/account_id.hpp>
#include <ephemint/secret.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

namespace ephemint::inline v0::detail {

/// The bytes of a mint request, made once; only the account changes.
class request_writer {
 public:
  /// `target`: the path and query. All parts were checked: nothing here can break out of its header.
  request_writer(std::string_view host_header, std::string_view target, const secret& api_key,
                 std::string_view user_agent);

  /// The whole request for `account`, valid until the next call. The account must be `valid()`.
  std::string_view write(const account_id& account) noexcept;

 private:
  struct wiped_and_deleted {
    std::size_t size;
    void operator()(char* text) const noexcept;
  };

  std::size_t head_size_;                              // up to the account, which comes last of all
  std::unique_ptr<char[], wiped_and_deleted> buffer_;  // head, room for the longest account, end
};

}  // namespace ephemint::inline v0::detail
