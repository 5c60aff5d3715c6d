// Alerts, dashboard and runbook of docs/operations, run in a real Prometheus that has the library's series.
#include "support/operations.hpp"

#include "support/metric_scrapes.hpp"
#include "support/prometheus.hpp"

#include <gmock/gmock.h>
#include <simdjson.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

outcome promtool(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), prometheus::program("promtool").value());
  return run_command(std::move(arguments));
}

class Operations : public testing::Test {
 protected:
  void SetUp() override { EPHEMINT_SKIP_WITHOUT_PROMETHEUS(); }
};

/// With a server, which all tests of this suite share.
class OperationsServer : public Operations {
 protected:
  void SetUp() override {
    EPHEMINT_SKIP_WITHOUT_PROMETHEUS();
    if (server_) return;
    text_ = text_of_a_busy_process();
    server_ = std::make_unique<prometheus>(scrapes_of(text_), operations_path("ephemint.rules.yml"));
  }
  static void TearDownTestSuite() { server_.reset(); }

  /// How many series it answers; -1 and its words if it doesn't.
  static int answered(const std::string& query, std::string& words) {
    words = server_->query(query, last_scrape);
    simdjson::dom::parser parser;
    simdjson::dom::array result;
    if (parser.parse(words)["data"]["result"].get_array().get(result) != simdjson::SUCCESS) return -1;
    return static_cast<int>(result.size());
  }
  static void expect_series(const std::vector<expression>& queries) {
    for (const auto& [where, query] : queries) {
      std::string words;
      EXPECT_GT(answered(query, words), 0) << where << ": " << query << '\n' << words;
    }
  }
  static std::vector<rule> rules() { return rules_in(server_->rules()); }

  /// One process' text; the server holds that of several.
  static const std::string& text() { return text_; }

 private:
  static inline std::string text_;
  static inline std::unique_ptr<prometheus> server_;
};

// behaviours: O7
TEST_F(Operations, rules_are_as_prometheus_wants_them) {
  const outcome checked = promtool({"check", "rules", operations_path("ephemint.rules.yml")});
  EXPECT_EQ(checked.status, 0) << checked.out << checked.err;
}

// behaviours: O7
TEST_F(Operations, alerts_fire_for_their_cases_and_keep_silent_at_near_misses) {
  const outcome tested = promtool({"test", "rules", operations_path("ephemint.rules.test.yml")});
  EXPECT_EQ(tested.status, 0) << tested.out << tested.err;
}

// behaviours: O7
TEST_F(OperationsServer, each_alert_has_a_case_and_a_near_miss) {
  const std::string cases = operations_text("ephemint.rules.test.yml");
  for (const rule& alert : rules())
    if (alert.alerts) {
      EXPECT_THAT(cases, HasSubstr("- name: " + alert.name + " fires"));
      EXPECT_THAT(cases, HasSubstr("- name: " + alert.name + " keeps silent"));
    }
}

// behaviours: O7
TEST_F(OperationsServer, each_alert_says_what_it_is_and_where_its_runbook_is) {
  const auto headings = runbook_headings();
  const auto queries = runbook_queries();
  const auto all = rules();
  ASSERT_THAT(all, Not(IsEmpty()));
  for (const rule& alert : all) {
    if (!alert.alerts) continue;
    std::string anchor = alert.name;
    for (char& c : anchor) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    EXPECT_GT(alert.patience, 0) << alert.name;
    EXPECT_THAT(alert.severity, AnyOf("critical", "warning")) << alert.name;
    EXPECT_NE(alert.summary, "") << alert.name;
    EXPECT_NE(alert.description, "") << alert.name;
    EXPECT_EQ(alert.runbook_url, "docs/operations/runbook.md#" + anchor);
    EXPECT_THAT(headings, Contains(alert.name));
    EXPECT_GE(std::count_if(queries.begin(), queries.end(),
                            [&](const expression& one) { return one.where == alert.name; }),
              3)
        << alert.name;
  }
}

// behaviours: O7
TEST_F(OperationsServer, each_heading_of_the_runbook_is_an_alert) {
  std::set<std::string> names;
  for (const rule& one : rules()) names.insert(one.name);
  for (const std::string& heading : runbook_headings()) EXPECT_THAT(names, Contains(heading));
}

// behaviours: O7
TEST_F(OperationsServer, each_rule_is_answered_and_what_is_recorded_has_series) {
  for (const rule& one : rules()) {
    std::string words;
    EXPECT_GE(answered(one.query, words), one.alerts ? 0 : 1) << one.name << '\n' << words;
  }
}

// behaviours: O7
TEST_F(OperationsServer, each_panel_of_the_dashboard_has_series) {
  const auto queries = dashboard_queries();
  EXPECT_GE(queries.size(), 40u);
  expect_series(queries);
}

// behaviours: O7
TEST_F(OperationsServer, each_variable_of_the_dashboard_has_values) {
  const auto variables = dashboard_variables();
  EXPECT_EQ(variables.size(), 2u);
  for (const auto& [name, query] : variables) {
    std::smatch parts;
    ASSERT_TRUE(std::regex_match(query, parts, std::regex{R"(label_values\((.*), (\w+)\))"})) << query;
    EXPECT_EQ(parts.str(2), name);
    expect_series({{name, "count by (" + name + ") (" + parts.str(1) + ")"}});
  }
}

// behaviours: O7
TEST_F(OperationsServer, each_query_of_the_runbook_has_series) { expect_series(runbook_queries()); }

TEST_F(OperationsServer, each_query_of_the_guide_has_series) {
  ASSERT_THAT(guide_queries(), Not(IsEmpty()));
  expect_series(guide_queries());
}

/// All that names series of the library's.
std::vector<expression> all_expressions(const std::vector<rule>& rules) {
  auto all = dashboard_queries();
  for (const expression& one : runbook_queries()) all.push_back(one);
  for (const expression& one : guide_queries()) all.push_back(one);
  for (const rule& one : rules) all.push_back({one.name, one.query});
  for (const std::string& line : lines_of(operations_text("ephemint.rules.test.yml")))
    if (const auto at = line.find("series: "); at != line.npos)
      all.push_back({"a case", line.substr(at + 8)});
  return all;
}

/// A typo in a matcher of a sum gives a smaller sum, and no error.
// behaviours: O7
TEST_F(OperationsServer, each_label_that_is_matched_has_that_value_in_the_librarys_text) {
  const std::regex selector{R"re(\b(ephemint_\w+)\{([^}]*)\})re"};
  const std::regex matcher{R"re((\w+)(?:=~|!~|!=|=)"([^"]*)")re"}, word{"[^|]+"};
  const auto lines = lines_of(text());
  const auto has = [&](const std::string& name, const std::string& pair) {
    return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.starts_with(name + '{') && line.find(pair) != line.npos;
    });
  };
  const std::sregex_iterator end;
  for (const auto& [where, query] : all_expressions(rules()))
    for (std::sregex_iterator one{query.begin(), query.end(), selector}; one != end; ++one) {
      const std::string name = one->str(1), inside = one->str(2);
      for (std::sregex_iterator m{inside.begin(), inside.end(), matcher}; m != end; ++m) {
        const std::string label = m->str(1), values = m->str(2);
        if (label == "job" || label == "instance") continue;
        for (std::sregex_iterator v{values.begin(), values.end(), word}; v != end; ++v)
          EXPECT_TRUE(has(name, label + "=\"" + v->str() + '"')) << where << ": " << name << ' ' << m->str();
      }
    }
}

// behaviours: O7
TEST_F(OperationsServer, each_series_that_is_named_is_one_of_the_librarys) {
  std::set<std::string> written;
  for (const std::string& line : lines_of(text()))
    if (!line.starts_with('#')) written.insert(line.substr(0, line.find_first_of("{ ")));
  for (const auto& [where, query] : all_expressions(rules())) {
    const std::regex name{R"re((^|[^\w:])(ephemint_\w+)(?![\w:]))re"};
    for (std::sregex_iterator one{query.begin(), query.end(), name}, end; one != end; ++one)
      EXPECT_THAT(written, Contains(one->str(2))) << where;
  }
}

}  // namespace
}  // namespace ephemint::test
