#include "option_variables.hpp"

#include "usage_error.hpp"
#include "values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

namespace ephemint::cli {
namespace {

bool is_switch(const CLI::Option& option) { return option.get_expected_max() == 0; }

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    if (comma == text.npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

std::vector<std::string> values_of(const CLI::Option& option, const std::string& variable,
                                   const std::string& text) {
  if (option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll) return split_at_commas(text);
  if (!is_switch(option)) return {text};
  try {
    return {parse_switch(text) ? "true" : "false"};
  } catch (const usage_error& wrong) {
    throw usage_error{fmt::format("{}: {}", variable, wrong.what())};
  }
}

/// Whether an option's name goes on with this character: `--listen-x` doesn't mean `--listen`.
bool goes_on(char c) noexcept { return c == '-' || (c >= 'a' && c <= 'z'); }

}  // namespace

std::string variable_of(std::string_view option) {
  option.remove_prefix(std::min(option.find_first_not_of('-'), option.size()));
  std::string name = "EPHEMINT_";
  for (const char c : option)
    name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

std::vector<std::string> take_variables(CLI::App& command) {
  std::vector<std::string> taken;
  for (CLI::Option* const option : command.get_options()) {
    if (option == command.get_help_ptr() || option->get_group().empty() || option->count() > 0) continue;
    const std::string name = "--" + option->get_lnames().front(), variable = variable_of(name);
    const char* const text = std::getenv(variable.c_str());
    if (!text || *text == '\0') continue;
    for (const std::string& value : values_of(*option, variable, text)) option->add_result(value);
    taken.push_back(name);
    try {
      option->run_callback();
    } catch (const usage_error& wrong) {
      throw usage_error{by_their_variables(wrong.what(), {name})};
    }
  }
  return taken;
}

std::string by_their_variables(std::string_view message, const std::vector<std::string>& options) {
  std::string text{message};
  for (const std::string& option : options)
    for (std::size_t at = 0; (at = text.find(option, at)) != text.npos;) {
      const std::size_t end = at + option.size();
      const bool whole = end == text.size() || !goes_on(text[end]);
      const std::string name = whole ? variable_of(option) : option;
      text.replace(at, option.size(), name);
      at += name.size();
    }
  return text;
}

}  // namespace ephemint::cli
