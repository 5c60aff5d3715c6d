#include "command_options.hpp"

#include "usage_error.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace ephemint::cli {

CLI::Option* add(CLI::App& command, const std::string& name, const std::string& form, const std::string& help,
                 reader read) {
  const auto read_all = [name, read = std::move(read)](const CLI::results_t& values) {
    try {
      for (const std::string& value : values) read(value);
    } catch (const std::invalid_argument& wrong) {
      throw usage_error{fmt::format("{}: {}", name, wrong.what())};
    } catch (const usage_error& wrong) {
      throw usage_error{fmt::format("{}: {}", name, wrong.what())};
    }
    return true;
  };
  return command.add_option(name, CLI::callback_t{read_all}, help)
      ->type_name(form)
      ->type_size(1)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

std::string not_empty(const std::string& text) {
  if (text.empty()) throw usage_error{"is empty; give a name"};
  return text;
}

}  // namespace ephemint::cli
