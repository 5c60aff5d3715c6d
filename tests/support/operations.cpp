#include "operations.hpp"

#include "command.hpp"

#include <simdjson.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <stdexcept>

namespace ephemint::test {
namespace {

using simdjson::dom::element;

std::string text_at(element parent, std::string_view key) {
  std::string_view text;
  if (parent[key].get_string().get(text) != simdjson::SUCCESS) return {};
  return std::string{text};
}

/// Calls `see` with each target of each panel, rows' own panels included.
template <class See>
void for_each_target(element dashboard, See see) {
  for (const element panel : dashboard["panels"].get_array()) {
    simdjson::dom::array targets;
    if (panel["targets"].get_array().get(targets) != simdjson::SUCCESS) continue;
    for (const element target : targets) see(text_at(panel, "title"), target);
  }
}

std::string with_variables(std::string query) {
  const std::pair<const char*, const char*> variables[] = {
      {R"(\$__rate_interval\b)", "5m"}, {R"(\$job\b)", ".*"}, {R"(\$instance\b)", ".*"}};
  for (const auto& [name, value] : variables) query = std::regex_replace(query, std::regex{name}, value);
  return query;
}

}  // namespace

std::string operations_path(std::string_view name) {
  return std::string{EPHEMINT_OPERATIONS "/"}.append(name);
}

std::string operations_text(std::string_view name) {
  std::ifstream file{operations_path(name)};
  if (!file) throw std::runtime_error{"there is no " + operations_path(name)};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::vector<rule> rules_in(const std::string& json) {
  simdjson::dom::parser parser;
  std::vector<rule> found;
  for (const element group : parser.parse(json)["data"]["groups"].get_array())
    for (const element one : group["rules"].get_array()) {
      rule read{.name = text_at(one, "name"), .query = text_at(one, "query")};
      read.alerts = text_at(one, "type") == "alerting";
      if (read.alerts) {
        read.patience = one["duration"].get_double();
        read.severity = text_at(one["labels"], "severity");
        const element annotations = one["annotations"];
        read.summary = text_at(annotations, "summary");
        read.description = text_at(annotations, "description");
        read.runbook_url = text_at(annotations, "runbook_url");
      }
      found.push_back(std::move(read));
    }
  return found;
}

std::vector<expression> dashboard_queries() {
  simdjson::dom::parser parser;
  std::vector<expression> found;
  for_each_target(parser.load(operations_path("dashboard.json")),
                  [&](const std::string& title, element target) {
                    found.push_back({title, with_variables(text_at(target, "expr"))});
                  });
  return found;
}

std::vector<expression> dashboard_variables() {
  simdjson::dom::parser parser;
  std::vector<expression> found;
  const element dashboard = parser.load(operations_path("dashboard.json"));
  for (const element variable : dashboard["templating"]["list"].get_array())
    if (text_at(variable, "type") == "query")
      found.push_back({text_at(variable, "name"), with_variables(text_at(variable["query"], "query"))});
  return found;
}

std::vector<std::string> runbook_headings() {
  std::vector<std::string> found;
  for (const std::string& line : lines_of(operations_text("runbook.md")))
    if (line.starts_with("## ")) found.push_back(line.substr(3));
  return found;
}

namespace {

std::vector<expression> queries_of(const std::string& page) {
  std::vector<expression> found;
  std::string heading;
  bool in_block = false;
  for (const std::string& line : lines_of(page)) {
    if (line.starts_with("## ")) heading = line.substr(3);
    if (line.starts_with("```"))
      in_block = line == "```promql";
    else if (in_block && !line.starts_with('#'))
      found.push_back({heading, line});
  }
  return found;
}

}  // namespace

std::vector<expression> runbook_queries() { return queries_of(operations_text("runbook.md")); }

std::vector<expression> guide_queries() { return queries_of(operations_text("../guide/metrics.md")); }

}  // namespace ephemint::test
