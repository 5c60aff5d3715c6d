#include "faces/mint_body.hpp"

#include "text/json_members.hpp"
#include "text/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

namespace ephemint::inline v0::gateway {
namespace {

namespace dom = simdjson::dom;

bool read_priority(dom::element value, mint_body& to) {
  const std::string_view text = json_text(value);
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
    const std::string_view field = json_text(each);
    to.token |= field == "token";
    to.redirect_url |= field == "redirect_url";
    return field == "token" || field == "redirect_url";
  });
}

constexpr json_member<mint_body> members[] = {
    // First, as it is the only member that an estimate takes.
    {"priority", "priority: give interactive or background", read_priority},
    {"account", "account: give 1 to 128 characters of visible ASCII",
     [](dom::element value, mint_body& to) { return (to.account = json_text(value)).valid(); }},
    {"deadline_ms", "deadline_ms: give a whole number, 1 or more", read_deadline},
    {"redirect_to", "redirect_to: give carriers, billing or onboarding",
     [](dom::element value, mint_body& to) {
       return (to.redirect_to = page_named(json_text(value))).has_value();
     }},
    {"theme_id", "theme_id: give a UUID",
     [](dom::element value, mint_body& to) { return is_theme_id(to.theme_id = json_text(value)); }},
    {"fields", "fields: give an array of token, redirect_url", read_fields},
};

mint_body read_members(std::string_view json, std::span<const json_member<mint_body>> known) {
  mint_body asked;
  if (const auto fault = read_json_object(json, known, asked)) throw bad_body{fault->what, fault->name};
  return asked;
}

}  // namespace

bad_body::bad_body(std::string why, const std::optional<std::string>& given)
    : std::invalid_argument{given ? fmt::format("{}: \"{}\"", why, given->substr(0, 64)) : why},
      why_{std::move(why)} {}

mint_body read_mint_body(std::string_view json, std::chrono::milliseconds longest) {
  mint_body asked = read_members(json, members);
  if (!asked.account.valid()) throw bad_body{"account: is missing"};
  if (asked.deadline > longest) asked.deadline = longest;
  return asked;
}

priority read_estimate_body(std::string_view json) {
  return read_members(json, std::span{members}.first(1)).urgency;
}

}  // namespace ephemint::inline v0::gateway
