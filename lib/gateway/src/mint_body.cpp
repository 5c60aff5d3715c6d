#include "mint_body.hpp"

#include "portal_words.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <new>
#include <utility>
#include <vector>

namespace ephemint::inline v0::gateway {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t deepest = 16;  // `fields` is one level down

/// Whether it is known; may throw `bad_body`.
using take_member = std::function<bool(std::string_view name, dom::element value)>;

dom::element parsed(dom::parser& by, std::string_view json) {
  if (by.allocate(std::max<std::size_t>(json.size(), 1), deepest) != simdjson::SUCCESS)
    throw std::bad_alloc{};
  dom::element whole;
  const auto error = by.parse(json.data(), json.size()).get(whole);
  if (error == simdjson::MEMALLOC) throw std::bad_alloc{};
  if (error != simdjson::SUCCESS) throw bad_body{"the body isn't one JSON text in UTF-8"};
  return whole;
}

/// simdjson takes a member that comes twice; what is done with it would be a matter of luck.
void read_members(std::string_view json, const take_member& take) {
  dom::parser parser;
  dom::object members;
  if (parsed(parser, json).get(members) != simdjson::SUCCESS) throw bad_body{"the body isn't a JSON object"};
  std::vector<std::string_view> seen;
  for (const auto& [name, value] : members) {
    if (std::ranges::find(seen, name) != seen.end()) throw bad_body{"a member comes twice", name};
    if (!take(name, value)) throw bad_body{"unknown member", name};
    seen.push_back(name);
  }
}

std::string_view text_of(std::string_view name, dom::element value) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) throw bad_body{fmt::format("{}: must be a string", name)};
  return text;
}

priority priority_of(dom::element value) {
  const std::string_view text = text_of("priority", value);
  if (text == "interactive") return priority::interactive;
  if (text == "background") return priority::background;
  throw bad_body{"priority: give interactive or background"};
}

account_id account_of(dom::element value) {
  const account_id account{text_of("account", value)};
  if (!account.valid())
    throw bad_body{fmt::format("account: give 1 to {} characters of visible ASCII", account_id::max_size)};
  return account;
}

std::chrono::milliseconds deadline_of(dom::element value, std::chrono::milliseconds longest) {
  std::int64_t number = 0;
  if (value.get(number) != simdjson::SUCCESS || number < 1 || number > longest.count())
    throw bad_body{fmt::format("deadline_ms: give a whole number of 1 to {}", longest.count())};
  return std::chrono::milliseconds{number};
}

portal_page page_of(dom::element value) {
  if (const auto page = page_named(text_of("redirect_to", value))) return *page;
  throw bad_body{"redirect_to: give carriers, billing or onboarding"};
}

std::string theme_of(dom::element value) {
  const std::string_view text = text_of("theme_id", value);
  if (!is_theme_id(text)) throw bad_body{"theme_id: give a UUID"};
  return std::string{text};
}

void read_fields(dom::element value, mint_body& to) {
  constexpr const char* rule = "fields: give an array of token, redirect_url";
  dom::array wanted;
  if (value.get(wanted) != simdjson::SUCCESS) throw bad_body{rule};
  for (const dom::element each : wanted) {
    std::string_view field;
    if (each.get(field) != simdjson::SUCCESS || (field != "token" && field != "redirect_url"))
      throw bad_body{rule};
    (field == "token" ? to.token : to.redirect_url) = true;
  }
}

}  // namespace

bad_body::bad_body(std::string why, std::string_view given)
    : std::invalid_argument{given.data() == nullptr ? why
                                                    : fmt::format("{}: \"{}\"", why, given.substr(0, 64))},
      why_{std::move(why)} {}

mint_body read_mint_body(std::string_view json, std::chrono::milliseconds longest) {
  mint_body asked;
  read_members(json, [&](std::string_view name, dom::element value) {
    if (name == "account")
      asked.account = account_of(value);
    else if (name == "priority")
      asked.urgency = priority_of(value);
    else if (name == "deadline_ms")
      asked.deadline = deadline_of(value, longest);
    else if (name == "redirect_to")
      asked.redirect_to = page_of(value);
    else if (name == "theme_id")
      asked.theme_id = theme_of(value);
    else if (name == "fields")
      read_fields(value, asked);
    else
      return false;
    return true;
  });
  if (!asked.account.valid()) throw bad_body{"account: is missing"};
  return asked;
}

priority read_estimate_body(std::string_view json) {
  priority urgency = priority::interactive;
  read_members(json, [&](std::string_view name, dom::element value) {
    if (name != "priority") return false;
    urgency = priority_of(value);
    return true;
  });
  return urgency;
}

}  // namespace ephemint::inline v0::gateway
