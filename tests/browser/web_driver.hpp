#pragma once

#include "support/command.hpp"
#include "support/temporary_directory.hpp"

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::test {

/// What the browser or its driver answered instead of a result.
class driver_error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A Chromium without a window, controlled through chromedriver by the W3C's WebDriver protocol. It trusts
/// the given authority as a person's browser would: it checks chains and host names. Both programs end with
/// this object, and with this process. Only `wait_until` waits for a page; other functions don't. Functions
/// act on the tab that was chosen last.
class web_driver {
 public:
  /// A required program that isn't installed.
  static std::optional<std::string> missing_program();

  /// Throws `std::runtime_error` with its output if the browser doesn't start.
  explicit web_driver(const std::string& authority_pem);
  web_driver(const web_driver&) = delete;
  web_driver& operator=(const web_driver&) = delete;
  ~web_driver();

  /// Opens a tab, and chooses it.
  std::string open_tab();
  void choose_tab(const std::string& tab);
  /// Closes all tabs but that one, and chooses it.
  void close_others(const std::string& kept);
  std::vector<std::string> tabs();

  /// As if the address had been typed.
  void go(std::string_view url);
  void back();
  void forward();
  /// A person's click on the first element that the selector finds; it waits for one to be there.
  void click(std::string_view selector);

  /// Runs the body of a function in the page, and waits for its promise, if it returns one. Returns a string
  /// unchanged, anything else as JSON.
  std::string evaluate(std::string_view script);
  /// Evaluates that expression until it isn't false, null, 0 or empty, and returns it. After 20 s throws
  /// `driver_error` with a description of the page.
  std::string wait_until(std::string_view expression);

  /// What the console has said since the last call, in all tabs.
  std::vector<std::string> console();
  /// A command of the browser's own protocol, with its parameters as JSON.
  void tell_browser(std::string_view command, std::string_view parameters);
  /// Writes a picture of the tab, as PNG.
  void screenshot(const std::string& path);

 private:
  simdjson::dom::element ask(std::string_view method, const std::string& path, const std::string& body = {});
  simdjson::dom::element ask_session(std::string_view method, std::string_view path,
                                     const std::string& body = "{}");
  std::vector<std::string> program() const;
  std::uint16_t wait_until_ready();
  void trust(const std::string& authority_pem) const;

  temporary_directory home_;
  command driver_;
  std::uint16_t port_;
  simdjson::dom::parser parser_;
  std::string session_;
};

/// A JSON text.
std::string json_text(std::string_view text);

}  // namespace ephemint::test
