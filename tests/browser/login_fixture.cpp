#include "browser/login_fixture.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace ephemint::test {
namespace {

using namespace std::chrono_literals;

/// A listening socket on a free port of 127.0.0.1, and the port, as a gateway must know its own origin before
/// it starts.
std::pair<int, std::uint16_t> listening_socket() {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  auto* const address = reinterpret_cast<sockaddr*>(&at);
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor == -1 || ::bind(descriptor, address, size) != 0 || ::listen(descriptor, 64) != 0 ||
      ::getsockname(descriptor, address, &size) != 0)
    throw std::runtime_error{"can't listen"};
  return {descriptor, ::ntohs(at.sin_port)};
}

std::string member(simdjson::dom::element line, const char* name) {
  std::string_view text;
  return line[name].get(text) == simdjson::SUCCESS ? std::string{text} : std::string{};
}

logged_request logged(std::string_view text) {
  simdjson::dom::parser parser;
  const simdjson::dom::element line = parser.parse(text.data(), text.size());
  std::int64_t status = 0;
  if (line["status"].get(status) != simdjson::SUCCESS) status = 0;
  return {member(line, "route"), static_cast<int>(status), member(line, "account")};
}

}  // namespace

gateway::link_key links_key() { return {"tests", secret{"signs-the-links-of-the-browser-tests"}}; }

sandbox::server& login_fixture::api() {
  static sandbox::server shared;
  return shared;
}

web_driver& login_fixture::browser() {
  static web_driver shared{api().ca_pem()};
  return shared;
}

void login_fixture::SetUp() {
  if (const auto missing = web_driver::missing_program()) GTEST_SKIP() << *missing << " is not installed";
  api().clear_faults();
  api().set_rate_limit({});
  api().reset_stats();
  browser().close_others(browser().tabs().front());
  browser().open_tab();
  browser().console();
}

void login_fixture::TearDown() {
  if (web_driver::missing_program()) return;
  // The browser's messages about a status aren't about the page.
  for (const std::string& line : browser().console())
    if (line.find("the server responded with a status of") == line.npos)
      ADD_FAILURE() << "on the browser's console: " << line;
  browser().close_others(browser().tabs().front());
}

void login_fixture::start_gateway(const std::function<void(gateway::server_options&)>& change) {
  const auto [descriptor, port] = listening_socket();
  origin_ = fmt::format("http://localhost:{}", port);
  gateway::server_options o;
  o.client.base_url = api().base_url();
  o.client.api_key = secret{api().api_key()};
  o.client.system_authorities = false;
  o.client.authority_pem = api().ca_pem();
  o.client.rate = quota::unlimited();
  o.warm_up = 1;
  o.login.descriptor = descriptor;
  o.per_account.requests = 0;
  o.link_keys.push_back(links_key());
  o.public_url = origin_;
  o.back_url = app.at("localhost") + "/";
  o.log = [log = log_](std::string_view line) {
    const std::lock_guard lock{log->mutex};
    log->lines.push_back(logged(line));
  };
  if (change) change(o);
  logins = std::make_unique<gateway::server>(std::move(o));
}

std::string login_fixture::link_for(std::string_view account) const {
  return link_signed_by(links_key(), account);
}

std::string login_fixture::link_for(gateway::login_link link) const {
  return gateway::make_login_link(link, links_key(), origin_);
}

std::string login_fixture::link_signed_by(const gateway::link_key& key, std::string_view account) const {
  return gateway::make_login_link({.account = account_id{account}}, key, origin_);
}

std::string login_fixture::as_of_another_browser(const std::string& link) {
  constexpr std::string_view name = "localhost";
  return std::string{link}.replace(link.find(name), name.size(), "127.0.0.1");
}

void login_fixture::show_app(std::string_view body, std::string_view host) {
  app.show("/", std::string{body});
  browser().go(app.at(host) + "/");
  browser().wait_until(
      fmt::format("document.readyState === 'complete' && location.origin === '{}'", app.at(host)));
}

std::string login_fixture::portal_account() {
  return browser().wait_until(
      "document.title === 'Logged in' && document.querySelector('#account').innerText");
}

std::string login_fixture::gateway_page(int status) {
  return browser().wait_until(fmt::format(
      "location.port === '{}' && document.readyState === 'complete' && "
      "performance.getEntriesByType('navigation')[0].responseStatus === {} && document.body.innerText",
      origin_.substr(origin_.rfind(':') + 1), status));
}

int login_fixture::told_seconds() {
  return std::stoi(browser().wait_until("document.querySelector('meta[http-equiv=refresh]').content"));
}

std::vector<int> login_fixture::statuses(std::string_view account) const {
  const std::lock_guard lock{log_->mutex};
  std::vector<int> all;
  for (const logged_request& one : log_->lines)
    if (one.route.starts_with("login") && (account.empty() || account == one.account))
      all.push_back(one.status);
  return all;
}

std::vector<int> login_fixture::statuses_of(std::size_t requests) const {
  eventually(fmt::format("{} requests", requests), [&] { return statuses().size() >= requests; });
  return statuses();
}

void login_fixture::eventually(std::string_view what, const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << "never came true: " << what;
      return;
    }
    std::this_thread::sleep_for(10ms);
  }
}

}  // namespace ephemint::test
