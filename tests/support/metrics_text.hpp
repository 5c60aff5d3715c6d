#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::test {

/// A text in Prometheus' format 0.0.4, taken apart.
struct metrics_text {
  /// Checks all of it.
  explicit metrics_text(std::string_view text);

  /// The value of that series, as in `name{label="value"}`; none: NaN.
  double operator[](const std::string& series) const;

  std::map<std::string, double> values;  ///< by series
  /// Violations of the format's rules and of those for names: one head for each family, before all of its
  /// samples; no series twice; counters end in `_total`; buckets add up to the count.
  std::vector<std::string> wrong;
};

/// What `promtool check metrics` criticises in that text; usually nothing.
std::string complaints_of_promtool(std::string_view text);
/// Whether there is one here.
bool has_promtool();

}  // namespace ephemint::test

/// Skips a test if `promtool` isn't installed. `.ci/setup --all` installs it.
#define EPHEMINT_SKIP_WITHOUT_PROMTOOL() \
  if (!::ephemint::test::has_promtool()) GTEST_SKIP() << "there is no promtool: install prometheus"
