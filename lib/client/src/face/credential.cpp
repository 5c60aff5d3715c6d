#include "face/credential.hpp"

#include "codec/ascii.hpp"
#include "core/key/key_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <stdexcept>
#include <utility>

namespace ephemint::inline v0 {

void detail::check_key(const secret& key) {
  constexpr std::size_t longest = 512;
  const auto text = key.reveal();
  if (text.empty()) throw std::invalid_argument{"api_key: is empty; give the partner's API key"};
  if (text.size() > longest)
    throw std::invalid_argument{
        fmt::format("api_key: has {} characters; give at most {}", text.size(), longest)};
  const auto bad = std::find_if_not(text.begin(), text.end(), ascii::is_visible);
  if (bad != text.end())
    throw std::invalid_argument{
        fmt::format("api_key: character {} is not visible ASCII; is there a space or line break in it?",
                    bad - text.begin() + 1)};
}

credential::credential() : credential{secret{}} {}

credential::credential(secret api_key) : state_{std::make_shared<core::key_state>(std::move(api_key))} {}

bool credential::empty() const noexcept { return state_->current().text->empty(); }

void credential::rotate(secret api_key) {
  detail::check_key(api_key);
  state_->rotate(std::move(api_key));
}

std::uint64_t credential::version() const noexcept { return state_->version(); }

std::ostream& operator<<(std::ostream& out, const credential&) { return out << "[redacted]"; }

}  // namespace ephemint::inline v0
