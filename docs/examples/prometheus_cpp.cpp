#include <ephemint/metrics.hpp>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace {

// region: adapter
/// Adds our series to those of a prometheus-cpp registry. The parts of a histogram become counters with their
/// own names, which `histogram_quantile` accepts like those of any histogram.
class ephemint_series final : public prometheus::Collectable {
 public:
  explicit ephemint_series(std::shared_ptr<const ephemint::metrics> seen) : seen_{std::move(seen)} {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    std::vector<prometheus::MetricFamily> families;
    std::string help, type;
    std::istringstream lines{seen_->prometheus_text()};
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("# HELP ")) help = line.substr(line.find(' ', 7) + 1);
      if (line.starts_with("# TYPE ")) type = line.substr(line.find(' ', 7) + 1);
      if (line.empty() || line.starts_with('#')) continue;
      const std::string name = line.substr(0, line.find_first_of("{ "));
      if (families.empty() || families.back().name != name)
        families.push_back({name,
                            help,
                            type == "gauge" ? prometheus::MetricType::Gauge : prometheus::MetricType::Counter,
                            {}});
      prometheus::ClientMetric one;
      std::size_t at = name.size();
      for (; line[at] != ' '; ++at) {  // {label="value",label="value"}
        const std::size_t equals = line.find('=', at), end = line.find('"', equals + 2);
        one.label.push_back(
            {line.substr(at + 1, equals - at - 1), line.substr(equals + 2, end - equals - 2)});
        at = end + (line[end + 1] == '}' ? 1 : 0);
      }
      one.counter.value = one.gauge.value = std::strtod(line.c_str() + at, nullptr);
      families.back().metric.push_back(std::move(one));
    }
    return families;
  }

 private:
  std::shared_ptr<const ephemint::metrics> seen_;
};
// endregion

}  // namespace

/// Checks that the registry's writer prints the adapter's series as `metrics` itself does.
int main() {
  const auto seen = std::make_shared<ephemint::metrics>();
  seen->on_mint({});
  const std::string text = prometheus::TextSerializer{}.Serialize(ephemint_series{seen}.Collect());
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with('#') && seen->prometheus_text().find('\n' + line + '\n') == std::string::npos) {
      std::cout << "differs: " << line << '\n';
      return 1;
    }
  return text.find("ephemint_mints_total") == std::string::npos;
}
