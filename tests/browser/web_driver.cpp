#include "browser/web_driver.hpp"

#include "support/blocking_client.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include <unistd.h>

namespace ephemint::test {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 20s;

std::string text_of(simdjson::dom::element value) {
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? std::string{text} : simdjson::minify(value);
}

std::string path_of(std::string_view program) {
  for (const std::string_view directory : {"/usr/bin/", "/usr/local/bin/"})
    if (std::string path = fmt::format("{}{}", directory, program); ::access(path.c_str(), X_OK) == 0)
      return path;
  return {};
}

std::string capabilities(const std::string& home) {
  std::string arguments;
  // Over a pipe: when it closes, the browser ends too. Chromium's sandbox is off, as it doesn't work for
  // root; the pages are our own.
  for (const std::string& argument :
       {std::string{"--headless=new"}, std::string{"--no-sandbox"}, std::string{"--disable-gpu"},
        std::string{"--disable-dev-shm-usage"}, std::string{"--remote-debugging-pipe"},
        std::string{"--window-size=1000,700"}, "--user-data-dir=" + home + "/profile"})
    arguments += (arguments.empty() ? "" : ",") + json_text(argument);
  return fmt::format(
      R"({{"capabilities":{{"alwaysMatch":{{"pageLoadStrategy":"none","goog:loggingPrefs":{{"browser":"ALL"}},)"
      R"("goog:chromeOptions":{{"args":[{}]}}}}}}}})",
      arguments);
}

}  // namespace

std::string json_text(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      json += fmt::format("\\u{:04x}", c);
    else
      json += c;
  }
  return json + '"';
}

std::optional<std::string> web_driver::missing_program() {
  for (const char* const program : {"chromium", "chromedriver", "certutil"})
    if (path_of(program).empty()) return program;
  return std::nullopt;
}

web_driver::web_driver(const std::string& authority_pem)
    : driver_{(trust(authority_pem), program())}, port_{wait_until_ready()} {
  session_ = text_of(ask("POST", "/session", capabilities(home_.path()))["sessionId"]);
}

web_driver::~web_driver() {
  try {
    ask_session("DELETE", "", "");  // the browser has ended when this returns
  } catch (const std::exception&) {
  }
}

void web_driver::trust(const std::string& authority_pem) const {
  const std::string database = home_.path() + "/.pki/nssdb", authority = home_.path() + "/authority.pem";
  std::filesystem::create_directories(database);
  std::ofstream{authority} << authority_pem;
  const std::string certutil = path_of("certutil");
  run_command({certutil, "-d", "sql:" + database, "-N", "--empty-password"});
  const outcome added =
      run_command({certutil, "-d", "sql:" + database, "-A", "-t", "C,,", "-n", "sandbox", "-i", authority});
  if (added.status != 0) throw std::runtime_error{"certutil: " + added.err};
}

// With `setpriv` it ends when we do, for whatever reason.
std::vector<std::string> web_driver::program() const {
  return {"/usr/bin/env",
          "HOME=" + home_.path(),
          "TMPDIR=" + home_.path(),
          path_of("setpriv"),
          "--pdeathsig",
          "KILL",
          path_of("chromedriver"),
          "--port=0"};
}

std::uint16_t web_driver::wait_until_ready() {
  constexpr std::string_view started = "started successfully on port ";
  std::string said;
  while (const auto line = driver_.read_line()) {
    if (const auto at = line->find(started); at != line->npos)
      return static_cast<std::uint16_t>(std::stoul(line->substr(at + started.size())));
    said += *line + '\n';
  }
  throw std::runtime_error{"chromedriver doesn't start: " + said};
}

simdjson::dom::element web_driver::ask(std::string_view method, const std::string& path,
                                       const std::string& body) {
  blocking_client connection{port_, {.plain = true, .patience = 30s}};
  http_reply reply;
  if (connection.send(fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                  "Content-Length: {}\r\n\r\n{}",
                                  method, path, body.size(), body)))
    reply = connection.read_reply();
  if (!reply.complete) throw driver_error{fmt::format("no answer to {}", path)};
  const simdjson::dom::element value = parser_.parse(reply.body)["value"];
  if (reply.status != 200)
    throw driver_error{fmt::format("{}: {}", text_of(value["error"]), text_of(value["message"]))};
  return value;
}

simdjson::dom::element web_driver::ask_session(std::string_view method, std::string_view path,
                                               const std::string& body) {
  return ask(method, fmt::format("/session/{}{}", session_, path), body);
}

std::string web_driver::open_tab() {
  std::string tab = text_of(ask_session("POST", "/window/new", R"({"type":"tab"})")["handle"]);
  choose_tab(tab);
  return tab;
}

void web_driver::choose_tab(const std::string& tab) {
  ask_session("POST", "/window", fmt::format(R"({{"handle":{}}})", json_text(tab)));
}

std::vector<std::string> web_driver::tabs() {
  std::vector<std::string> all;
  for (const simdjson::dom::element tab : ask_session("GET", "/window/handles", ""))
    all.push_back(text_of(tab));
  return all;
}

void web_driver::close_others(const std::string& kept) {
  for (const std::string& tab : tabs()) {
    if (tab == kept) continue;
    choose_tab(tab);
    ask_session("DELETE", "/window", "");
  }
  choose_tab(kept);
}

void web_driver::go(std::string_view url) {
  ask_session("POST", "/url", fmt::format(R"({{"url":{}}})", json_text(url)));
}

void web_driver::back() { ask_session("POST", "/back"); }
void web_driver::forward() { ask_session("POST", "/forward"); }

void web_driver::click(std::string_view selector) {
  wait_until(fmt::format("document.querySelector({}) !== null", json_text(selector)));
  const simdjson::dom::object found = ask_session(
      "POST", "/element", fmt::format(R"({{"using":"css selector","value":{}}})", json_text(selector)));
  const std::string element = text_of((*found.begin()).value);
  ask_session("POST", fmt::format("/element/{}/click", element));
}

std::string web_driver::evaluate(std::string_view script) {
  return text_of(
      ask_session("POST", "/execute/sync", fmt::format(R"({{"script":{},"args":[]}})", json_text(script))));
}

std::string web_driver::wait_until(std::string_view expression) {
  const auto end = std::chrono::steady_clock::now() + patience;
  const std::string script = fmt::format("return ({}) || ''", expression);
  std::string last;
  while (std::chrono::steady_clock::now() < end) {
    try {
      if (std::string value = evaluate(script); !value.empty()) return value;
    } catch (const driver_error& e) {  // the page is just being replaced
      last = e.what();
    }
    std::this_thread::sleep_for(20ms);
  }
  throw driver_error{fmt::format(
      "never came true: {}\n{}\n{}", expression, last,
      evaluate(
          "return location.href + '\\n' + document.title + '\\n' + document.documentElement.innerText"))};
}

std::vector<std::string> web_driver::console() {
  std::vector<std::string> said;
  for (const simdjson::dom::element entry : ask_session("POST", "/se/log", R"({"type":"browser"})"))
    said.push_back(text_of(entry["message"]));
  return said;
}

void web_driver::tell_browser(std::string_view command, std::string_view parameters) {
  ask_session("POST", "/goog/cdp/execute",
              fmt::format(R"({{"cmd":{},"params":{}}})", json_text(command), parameters));
}

void web_driver::screenshot(const std::string& path) {
  const std::string text = text_of(ask_session("GET", "/screenshot", ""));
  std::string bytes(text.size(), '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  std::ofstream{path, std::ios::binary}.write(bytes.data(), size);
}

}  // namespace ephemint::test
