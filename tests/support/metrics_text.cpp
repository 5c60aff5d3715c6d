#include "support/metrics_text.hpp"

#include "support/command.hpp"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <set>

namespace ephemint::test {
namespace {

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

/// A sample's name, labels and value, as written.
struct sample {
  std::string_view name, labels, value;
};

std::optional<sample> split(std::string_view line) {
  const std::size_t name_end = line.find_first_not_of(letters);
  if (name_end == 0 || name_end == line.npos) return std::nullopt;
  sample s{line.substr(0, name_end), {}, {}};
  line.remove_prefix(name_end);
  if (line.front() == '{') {
    const std::size_t end = line.find("} ");
    if (end == line.npos) return std::nullopt;
    s.labels = line.substr(1, end - 1);
    line.remove_prefix(end + 1);
  }
  if (line.size() < 2 || line.front() != ' ') return std::nullopt;
  s.value = line.substr(1);
  return s;
}

std::optional<double> number(std::string_view text) {
  const std::string copy{text};
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  if (copy.empty() || end != copy.c_str() + copy.size()) return std::nullopt;
  return value;
}

/// `a="b",c="d"`, without escapes: our values are words.
bool are_labels(std::string_view text) {
  while (!text.empty()) {
    const std::size_t name_end = text.find_first_not_of(letters);
    if (name_end == 0 || name_end == text.npos || text.substr(name_end, 2) != "=\"") return false;
    text.remove_prefix(name_end + 2);
    const std::size_t value_end = text.find_first_of("\"\\");
    if (value_end == text.npos || text[value_end] == '\\') return false;
    text.remove_prefix(value_end + 1);
    if (text.empty()) return true;
    if (text.front() != ',' || text.size() == 1) return false;
    text.remove_prefix(1);
  }
  return true;
}

std::string_view without_suffix(std::string_view name, std::string_view suffix) {
  return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : std::string_view{};
}

class reader {
 public:
  explicit reader(metrics_text& to) : to_{to} {}

  void line(std::string_view line) {
    if (line.starts_with("# HELP "))
      help(line.substr(7));
    else if (line.starts_with("# TYPE "))
      type(line.substr(7));
    else if (const auto s = split(line))
      take(*s);
    else
      complain("is no line of the format", line);
  }

  void end_of_family() {
    for (const auto& [labels, last] : buckets_)
      if (last.bound != std::numeric_limits<double>::infinity() || last.count != counts_[labels] ||
          !sums_.contains(labels))
        complain("has buckets without their whole, or a sum", family_ + '{' + labels + '}');
    if (counts_.size() != buckets_.size()) complain("has a count without buckets", family_);
    if (type_ != "" && !sampled_) complain("has no sample", family_);
    buckets_.clear(), counts_.clear(), sums_.clear();
  }

 private:
  struct bucket {
    double bound = -1, count = 0;
  };

  void complain(const char* what, std::string_view where) {
    to_.wrong.push_back(std::string{where}.append(" ").append(what));
  }

  void help(std::string_view rest) {
    end_of_family();
    const std::size_t space = rest.find(' ');
    family_ = rest.substr(0, space);
    if (space == rest.npos || space + 1 == rest.size()) complain("has no help", family_);
    if (!families_.insert(family_).second) complain("comes twice", family_);
    type_.clear();
    sampled_ = false;
  }

  void type(std::string_view rest) {
    const std::size_t space = std::min(rest.find(' '), rest.size() - 1);
    if (rest.substr(0, space) != family_ || !type_.empty()) complain("has its type elsewhere", rest);
    type_ = rest.substr(space + 1);
    if (type_ != "counter" && type_ != "gauge" && type_ != "histogram") complain("has no such type", rest);
    if ((type_ == "counter") != family_.ends_with("_total")) complain("is misnamed", family_);
  }

  void take(const sample& s) {
    sampled_ = true;
    const auto value = number(s.value);
    if (!are_labels(s.labels)) complain("has bad labels", s.labels);
    if (!value || !(type_ == "gauge" || *value >= 0)) return complain("has a bad value", s.value);
    const std::string series =
        s.labels.empty() ? std::string{s.name} : std::string{s.name}.append("{").append(s.labels).append("}");
    if (!to_.values.emplace(series, *value).second) complain("comes twice", series);
    if (type_ == "histogram")
      take_of_histogram(s, *value);
    else if (s.name != family_ || type_.empty())
      complain("stands in another family", series);
  }

  void take_of_histogram(const sample& s, double value) {
    const std::string labels{s.labels};
    if (without_suffix(s.name, "_bucket") == family_)
      take_bucket(labels, value);
    else if (without_suffix(s.name, "_sum") == family_)
      sums_.insert(labels);
    else if (without_suffix(s.name, "_count") == family_)
      counts_[labels] = value;
    else
      complain("stands in another family", s.name);
  }

  /// Its bound is the last label.
  void take_bucket(std::string labels, double value) {
    const std::size_t at = labels.rfind("le=\"");
    if (at == labels.npos) return complain("has no bound", labels);
    const std::string bound_text = labels.substr(at + 4, labels.size() - at - 5);
    labels.resize(at == 0 ? 0 : at - 1);
    const auto bound = number(bound_text == "+Inf" ? "inf" : bound_text);
    bucket& last = buckets_[labels];
    if (!bound || *bound <= last.bound || value < last.count)
      complain("doesn't ascend or cumulate", family_ + '{' + labels + "} le " + bound_text);
    last = {bound.value_or(0), value};
  }

  metrics_text& to_;
  std::string family_, type_;
  bool sampled_ = true;
  std::set<std::string> families_;
  std::map<std::string, bucket> buckets_;  // by the other labels
  std::map<std::string, double> counts_;
  std::set<std::string> sums_;
};

}  // namespace

metrics_text::metrics_text(std::string_view text) {
  reader all{*this};
  if (!text.ends_with('\n')) wrong.emplace_back("the last line has no end");
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    all.line(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  all.end_of_family();
}

double metrics_text::operator[](const std::string& series) const {
  const auto found = values.find(series);
  return found == values.end() ? std::nan("") : found->second;
}

bool has_promtool() { return run_command({"/bin/sh", "-c", "command -v promtool"}).status == 0; }

std::string complaints_of_promtool(std::string_view text) {
  const outcome checked = run_command({"/bin/sh", "-c", "exec promtool check metrics"}, {}, text);
  return checked.status == 0 ? checked.err : "status " + std::to_string(checked.status) + ": " + checked.err;
}

}  // namespace ephemint::test
