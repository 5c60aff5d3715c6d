#include "fetch_metadata.hpp"

#include <boost/beast/core/string_type.hpp>
#include <boost/url/grammar/ci_string.hpp>

#include <algorithm>

namespace ephemint::inline v0::gateway {
namespace {

/// Whether `what` is true of any of the header's lines.
template <class Predicate>
bool any_line(const request& asked, std::string_view name, Predicate what) {
  const auto [first, last] = asked.equal_range(boost::beast::string_view{name.data(), name.size()});
  return std::any_of(first, last, [&what](const auto& line) {
    return what(std::string_view{line.value().data(), line.value().size()});
  });
}

}  // namespace

bool is_prefetch(const request& asked) {
  const auto says_so = [](std::string_view value) {
    constexpr std::string_view word = "prefetch";
    const auto same = [](char a, char b) { return (a | 0x20) == b; };
    return std::search(value.begin(), value.end(), word.begin(), word.end(), same) != value.end();
  };
  return any_line(asked, "Sec-Purpose", says_so) || any_line(asked, "Purpose", says_so);
}

bool is_no_navigation(const request& asked) {
  return any_line(asked, "Sec-Fetch-Dest", [](std::string_view to) { return to != "document"; }) ||
         any_line(asked, "Sec-Fetch-Mode", [](std::string_view mode) { return mode != "navigate"; });
}

bool comes_from(const request& asked, std::string_view site) {
  return any_line(asked, "Sec-Fetch-Site", [site](std::string_view from) { return from == site; });
}

bool is_form(const request& asked) {
  return any_line(asked, "Content-Type", [](std::string_view type) {
    const std::string_view media = type.substr(0, type.find_first_of("; \t"));
    return boost::urls::grammar::ci_is_equal(media, "application/x-www-form-urlencoded");
  });
}

}  // namespace ephemint::inline v0::gateway
