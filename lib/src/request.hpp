#pragma once

#include <ephemint/account_id.hpp>
#include <ephemint/secret.hpp>

#include <string>
#include <string_view>

namespace ephemint {

/// The bytes of a mint request, made once; only the account changes.
class request_writer {
 public:
    /// `target`: the path and query. All parts were checked: nothing here can break out of its header.
    request_writer(std::string_view host_header, std::string_view target, const secret& api_key,
                   std::string_view user_agent);

    /// The whole request for `account`, valid until the next call.
    std::string_view write(const account_id& account);

 private:
    secret buffer_;  // head, room for the account, tail: holds the key, so it is wiped
    // … (the author of request.cpp decides)
};

}  // namespace ephemint
