#pragma once

#include "commands.hpp"
#include "text.hpp"
#include "usage_error.hpp"
#include "values.hpp"

#include <ephemint/sandbox/rate_limit.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

// The options of each command. Their targets must live until the command line has been parsed.

namespace ephemint::cli {

CLI::App& add_mint(CLI::App& app, mint_arguments& to);

/// The limiter's kind and its quota are separate options.
struct limit_arguments {
  std::optional<sandbox::rate_limit> limit;
  std::optional<sandbox::limiter_kind> kind;

  sandbox::rate_limit joined() const {
    sandbox::rate_limit whole = limit.value_or(sandbox::rate_limit{});
    const bool none = limit && limit->kind == sandbox::limiter_kind::none;
    if (kind && !none) whole.kind = *kind;
    return whole;
  }
};

void add_sandbox(CLI::App& app, sandbox_arguments& to, limit_arguments& limit);
void add_demo(CLI::App& app, demo_arguments& to);
CLI::App& add_link(CLI::App& app, link_arguments& to);
CLI::App& add_gateway(CLI::App& app, gateway_arguments& to);

// The client's options, common to all commands that mint: the API and its key, the quota, attempts, a quota
// store.
void add_api(CLI::App& command, client_arguments& to);
void add_pace(CLI::App& command, client_arguments& to);
void add_attempts(CLI::App& command, client_arguments& to);
void add_store(CLI::App& command, quota_store_arguments& to);

/// How long a login link may live: whole seconds, up to `gateway::longest_link_age`.
std::chrono::seconds parse_link_age(const std::string&);

using reader = std::function<void(const std::string&)>;

/// An option with one value, which `read` checks; the option's name is added to what it throws. If the option
/// is given twice the last one counts.
CLI::Option* add(CLI::App& command, const std::string& name, const std::string& form, const std::string& help,
                 reader read);

/// Returns a name. Throws `usage_error` if it is empty.
std::string not_empty(const std::string& text);

/// Reads the command line's names of the client's and the sandbox's `http2_use`.
template <class Use>
Use parse_http(const std::string& text) {
  if (text == "auto") return Use::automatic;
  if (text == "1.1") return Use::never;
  if (text == "2") return Use::only;
  throw usage_error{fmt::format("{} is not a version of HTTP; give auto, 1.1 or 2", in_quotes(text))};
}

template <class T>
reader into(T& target) {
  return [&target](const std::string& value) { target = value; };
}

template <class T>
reader into_duration(T& target, bool zero_too = false) {
  return [&target, zero_too](const std::string& value) { target = parse_duration(value, zero_too); };
}

template <class T>
reader into_number(std::optional<T>& target, std::uint64_t least, std::uint64_t most) {
  return [&target, least, most](const std::string& value) {
    target = static_cast<T>(parse_number(value, least, most));
  };
}

}  // namespace ephemint::cli
