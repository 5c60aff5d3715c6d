#include <ephemint/ephemeral_token.hpp>

#include <ostream>

namespace ephemint::inline v0 {

ephemeral_token::ephemeral_token(std::string_view token, std::string_view redirect_url,
                                 clock::time_point sent_at)
    : text_{token, redirect_url}, token_size_{token.size()}, expires_at_{sent_at + token_lifetime} {}

std::ostream& operator<<(std::ostream& out, const ephemeral_token&) { return out << "[redacted]"; }

}  // namespace ephemint::inline v0
