#include "prometheus.hpp"

#include <cctype>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include <unistd.h>

namespace ephemint::test {
namespace {

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const unsigned char c : text) {
    char three[4];
    std::snprintf(three, sizeof three, "%%%02X", c);
    if (std::isalnum(c) != 0)
      encoded += static_cast<char>(c);
    else
      encoded += three;
  }
  return encoded;
}

}  // namespace

std::optional<std::string> prometheus::program(const std::string& name) {
  for (const char* const directory : {"/usr/bin/", "/usr/local/bin/"})
    if (::access((directory + name).c_str(), X_OK) == 0) return directory + name;
  return std::nullopt;
}

// Its retention counts from the newest sample, so that old ones may stay.
prometheus::prometheus(const std::string& samples, const std::string& rules)
    : running_{{program("prometheus").value_or("prometheus"), "--web.listen-address=127.0.0.1:0",
                "--config.file=" + write_files(samples, rules),
                "--storage.tsdb.path=" + files_.path() + "/data"}},
      connection_{wait_until_ready(), {.plain = true, .patience = std::chrono::seconds{20}}} {}

std::string prometheus::write_files(const std::string& samples, const std::string& rules) {
  const std::string& at = files_.path();
  std::ofstream{at + "/samples"} << samples;
  std::ofstream{at + "/configuration"} << "global: {evaluation_interval: 1h}\nrule_files: ['" << rules
                                       << "']\n";
  const outcome made = run_command({program("promtool").value_or("promtool"), "tsdb", "create-blocks-from",
                                    "openmetrics", at + "/samples", at + "/data"});
  if (made.status != 0) throw std::runtime_error{"no blocks: " + made.err};
  return at + "/configuration";
}

std::uint16_t prometheus::wait_until_ready() {
  constexpr std::string_view listening = "\"Listening on\" address=127.0.0.1:";
  std::string said;
  std::uint16_t port = 0;
  while (const auto line = running_.read_error_line()) {
    if (const auto at = line->find(listening); at != line->npos)
      port = static_cast<std::uint16_t>(std::stoul(line->substr(at + listening.size())));
    if (port != 0 && line->find("Server is ready") != line->npos) return port;
    said += *line + '\n';
  }
  throw std::runtime_error{"Prometheus doesn't start: " + said};
}

std::string prometheus::query(std::string_view expression, long time) {
  const std::string form = "time=" + std::to_string(time) + "&query=" + percent_encoded(expression);
  return ask(
      "POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "Content-Length: " +
      std::to_string(form.size()) + "\r\n\r\n" + form);
}

std::string prometheus::rules() { return ask("GET /api/v1/rules HTTP/1.1\r\nHost: localhost\r\n\r\n"); }

std::string prometheus::ask(const std::string& request) {
  http_reply reply;
  if (connection_.send(request)) reply = connection_.read_reply();
  if (!reply.complete) throw std::runtime_error{"Prometheus doesn't answer"};
  return std::move(reply.body);
}

}  // namespace ephemint::test
