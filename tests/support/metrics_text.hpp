#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::test {

/// A text in Prometheus' format 0.0.4, taken apart.
struct metrics_text {
  /// Looks at all of it.
  explicit metrics_text(std::string_view text);

  /// The value of that series, as in `name{label="value"}`; none: NaN.
  double operator[](const std::string& series) const;

  std::map<std::string, double> values;  ///< by series
  /// Where it breaks a rule of the format, or of how series are named: one head a family, before all of its
  /// samples; no series twice; counters end in `_total`; buckets cumulate up to the count.
  std::vector<std::string> wrong;
};

/// What `promtool check metrics` has to say against that text: nothing, as a rule.
std::string complaints_of_promtool(std::string_view text);
/// Whether there is one here.
bool has_promtool();

}  // namespace ephemint::test

/// Ends a test where `promtool` isn't installed. Where all of .ci/run is, it is.
#define EPHEMINT_SKIP_WITHOUT_PROMTOOL() \
  if (!::ephemint::test::has_promtool()) GTEST_SKIP() << "there is no promtool: install prometheus"
