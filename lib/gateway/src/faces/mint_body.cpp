#include "faces/mint_body.hpp"

#include "text/words.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <utility>
#include <vector>

namespace ephemint::inline v0::gateway {
namespace {

namespace dom = simdjson::dom;

/// Empty if it is none.
std::string_view text_in(dom::element value) noexcept {
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

bool read_priority(dom::element value, mint_body& to) {
  const std::string_view text = text_in(value);
  to.urgency = text == "background" ? priority::background : priority::interactive;
  return text == "background" || text == "interactive";
}

bool read_deadline(dom::element value, mint_body& to) {
  std::int64_t number = 0;
  if (value.get(number) != simdjson::SUCCESS) return false;
  to.deadline = std::chrono::milliseconds{number};
  return number >= 1;
}

bool read_fields(dom::element value, mint_body& to) {
  dom::array wanted;
  if (value.get(wanted) != simdjson::SUCCESS) return false;
  return std::ranges::all_of(wanted, [&to](dom::element each) {
    const std::string_view field = text_in(each);
    to.token |= field == "token";
    to.redirect_url |= field == "redirect_url";
    return field == "token" || field == "redirect_url";
  });
}

struct member {
  std::string_view name, rule;
  bool (*read)(dom::element, mint_body& to);  ///< false: it breaks the rule
};

constexpr member members[] = {
    {"priority", "give interactive or background", read_priority},  // the first: all that an estimate takes
    {"account", "give 1 to 128 characters of visible ASCII",
     [](dom::element value, mint_body& to) { return (to.account = text_in(value)).valid(); }},
    {"deadline_ms", "give a whole number, 1 or more", read_deadline},
    {"redirect_to", "give carriers, billing or onboarding",
     [](dom::element value, mint_body& to) {
       return (to.redirect_to = page_named(text_in(value))).has_value();
     }},
    {"theme_id", "give a UUID",
     [](dom::element value, mint_body& to) { return is_theme_id(to.theme_id = text_in(value)); }},
    {"fields", "give an array of token, redirect_url", read_fields},
};

mint_body read_members(std::string_view json, std::span<const member> known) {
  constexpr std::size_t deepest = 16;  // `fields` is one level down
  dom::parser parser;
  dom::object given;
  if (parser.allocate(json.size() + 1, deepest) != simdjson::SUCCESS) throw std::bad_alloc{};
  if (parser.parse(json.data(), json.size()).get(given) != simdjson::SUCCESS)
    throw bad_body{"the body isn't a JSON object in UTF-8"};
  mint_body asked;
  std::vector<std::string_view> seen;  // simdjson takes one that comes twice
  for (const auto& [name, value] : given) {
    const auto one = std::ranges::find(known, name, &member::name);
    if (one == known.end()) throw bad_body{"unknown member", name};
    if (std::ranges::find(seen, name) != seen.end()) throw bad_body{"a member comes twice", name};
    seen.push_back(name);
    if (!one->read(value, asked)) throw bad_body{fmt::format("{}: {}", one->name, one->rule)};
  }
  return asked;
}

}  // namespace

bad_body::bad_body(std::string why, std::string_view given)
    : std::invalid_argument{given.data() == nullptr ? why
                                                    : fmt::format("{}: \"{}\"", why, given.substr(0, 64))},
      why_{std::move(why)} {}

mint_body read_mint_body(std::string_view json, std::chrono::milliseconds longest) {
  mint_body asked = read_members(json, members);
  if (!asked.account.valid()) throw bad_body{"account: is missing"};
  if (asked.deadline > longest) throw bad_body{fmt::format("deadline_ms: give {} at most", longest.count())};
  return asked;
}

priority read_estimate_body(std::string_view json) {
  return read_members(json, std::span{members}.first(1)).urgency;
}

}  // namespace ephemint::inline v0::gateway
