#include "sandbox_process.hpp"

#include <ephemint/sandbox/server.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>

namespace ephemint::bench {
namespace {

command server_command() {
  return {.arguments = {own_program(), std::string{serve_sandbox_argument}},
          .core = server_core(),
          .in = command::input::piped,
          .out = command::output::piped};
}

}  // namespace

// The parent's side.

sandbox_process::sandbox_process() : process_{server_command()} {
  address_.base_url = read_line();
  address_.api_key = read_line();
  for (std::string line = read_line(); !line.empty(); line = read_line())
    address_.authority_pem += line + '\n';
}

std::string sandbox_process::read_line() {
  if (auto line = process_.read_line()) return *std::move(line);
  throw std::runtime_error{"the sandbox doesn't answer"};
}

void sandbox_process::send(std::string_view command, std::string_view argument) {
  process_.write(fmt::format("{} {}\n", command, argument));
  ++unread_;
}

std::string sandbox_process::ask(std::string_view command, std::string_view argument) {
  send(command, argument);
  std::string answer;
  for (; unread_ > 0; --unread_) {
    answer = read_line();
    if (answer.starts_with("error ")) throw std::invalid_argument{answer.substr(6)};
  }
  return answer;
}

void sandbox_process::add_fault(std::string_view spec) { ask("fault", spec); }
void sandbox_process::clear_faults() { ask("clear"); }
void sandbox_process::forget() { ask("forget"); }

void sandbox_process::set_limit(const quota& limit) {
  if (limit.how() == quota::mode::unlimited)
    ask("limit", "none");
  else
    ask("limit", fmt::format("{}/{}ms", limit.requests(), limit.window().count()));
}

sandbox_view sandbox_process::view() {
  std::istringstream words{ask("stats")};
  sandbox_view v;
  words >> v.requests >> v.minted >> v.rate_limited >> v.most_in_a_minute >> v.connections >>
      v.full_handshakes >> v.resumed_handshakes;
  if (!words) throw std::runtime_error{"the sandbox's figures can't be read"};
  return v;
}

// The child's side.

namespace {

std::uint64_t count_of(const std::map<unsigned, std::uint64_t>& replies, unsigned status) {
  const auto at = replies.find(status);
  return at == replies.end() ? 0 : at->second;
}

std::string figures_of(const sandbox::server& api) {
  const auto s = api.stats();
  return fmt::format("{} {} {} {} {} {} {}", s.requests, s.minted, count_of(s.replies_by_status, 429),
                     s.peak_per_window, s.connections_opened, s.handshakes_full, s.handshakes_resumed);
}

std::string obey(sandbox::server& api, std::string_view command, const std::string& argument) {
  if (command == "fault")
    api.add_fault(sandbox::parse_fault(argument));
  else if (command == "clear")
    api.clear_faults();
  else if (command == "limit")
    api.set_rate_limit(sandbox::parse_rate_limit(argument));
  else if (command == "forget")
    api.reset_stats();
  else if (command == "stats")
    return figures_of(api);
  else
    return "error there is no such command";
  return "ok";
}

}  // namespace

int serve_sandbox() {
  sandbox::server api;
  std::cout << api.base_url() << '\n' << api.api_key() << '\n' << api.ca_pem() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const std::size_t space = std::min(line.find(' '), line.size());
    std::string answer;
    try {
      answer =
          obey(api, std::string_view{line}.substr(0, space), line.substr(std::min(space + 1, line.size())));
    } catch (const std::invalid_argument& wrong) {
      answer = fmt::format("error {}", wrong.what());
    }
    std::cout << answer << std::endl;
  }
  return 0;
}

}  // namespace ephemint::bench
