#include "observers/exposition.hpp"

#include <fmt/format.h>

namespace ephemint::inline v0::detail {
namespace {

/// Escapes line breaks and backslashes, and quotes in a label's value: they would end the text or change its
/// meaning.
void append_escaped(std::string& out, std::string_view text, bool quoted) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (quoted && c == '"')) out += '\\';
    out += c;
  }
}

}  // namespace

void exposition::begin(std::string_view name, std::string_view type, std::string_view help) {
  family_ = name;
  text_.append("# HELP ").append(name).append(" ");
  append_escaped(text_, help, false);
  text_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void exposition::sample(labels of, std::uint64_t number) {
  series({}, of);
  value(fmt::format_int{number}.c_str());
}

void exposition::sample(labels of, double number) {
  series({}, of);
  value(fmt::format("{}", number));
}

void exposition::bucket(labels of, double bound, std::uint64_t count) {
  series("_bucket", of, fmt::format("{}", bound));
  value(fmt::format_int{count}.c_str());
}

void exposition::end_of_buckets(labels of, std::uint64_t count, double sum) {
  series("_bucket", of, "+Inf");
  value(fmt::format_int{count}.c_str());
  series("_sum", of);
  value(fmt::format("{}", sum));
  series("_count", of);
  value(fmt::format_int{count}.c_str());
}

/// `name_suffix{a="b",le="c"}`
void exposition::series(std::string_view suffix, labels of, std::string_view bound) {
  text_.append(family_).append(suffix);
  char before = '{';
  const auto append = [&](const label& one) {
    text_ += before;
    text_.append(one.name).append("=\"");
    append_escaped(text_, one.value, true);
    text_ += '"';
    before = ',';
  };
  for (const label& one : of) append(one);
  if (!bound.empty()) append({"le", bound});
  if (before == ',') text_ += '}';
}

void exposition::value(std::string_view digits) { text_.append(" ").append(digits).append("\n"); }

}  // namespace ephemint::inline v0::detail
