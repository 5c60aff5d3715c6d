#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ephemint::test {

/// An expression for Prometheus, and its place: a panel's title, a heading, a rule's name.
struct expression {
  std::string where;
  std::string text;
};

/// A rule as Prometheus read it from ephemint.rules.yml.
struct rule {
  std::string name;
  std::string query;
  bool alerts = false;  ///< else a recording rule, for which the following members are empty
  double patience = 0;  ///< its `for`, in seconds
  std::string severity{}, summary{}, description{}, runbook_url{};
};

/// The path of that file of docs/operations.
std::string operations_path(std::string_view name);
/// And its contents.
std::string operations_text(std::string_view name);

/// What a server's JSON says of its rules.
std::vector<rule> rules_in(const std::string& json);
/// The queries of dashboard.json, with its variables replaced as Grafana does.
std::vector<expression> dashboard_queries();
/// What the variables of dashboard.json ask for: `label_values(series, label)`.
std::vector<expression> dashboard_variables();
/// The headings of runbook.md.
std::vector<std::string> runbook_headings();
/// The queries of runbook.md, one a line of its `promql` blocks.
std::vector<expression> runbook_queries();
/// Those of the guide's page on metrics, likewise.
std::vector<expression> guide_queries();

}  // namespace ephemint::test
