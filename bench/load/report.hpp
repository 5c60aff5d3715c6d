#pragma once

#include "common/json_text.hpp"
#include "scenario_run.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace ephemint::bench {

/// A scenario's figures for people.
std::string text_of(const scenario_result&);

/// The same and everything else, as JSON.
json_object json_of(const scenario_result&);

/// p50 to p99.9, the extremes and the mean, in milliseconds.
json_object json_of(const histogram&);

/// Compiler, libraries, machine and its load, as JSON.
json_object json_of_versions();

/// The directory for results. Throws `std::system_error` if they can't be written.
class results_directory {
 public:
  /// Makes the directory if need be.
  explicit results_directory(std::filesystem::path where);

  void write(const std::string& file, std::string_view text) const;

 private:
  std::filesystem::path where_;
};

/// NAME.json; NAME.corrected.hgrm and NAME.uncorrected.hgrm (HdrHistogram's text); NAME.window.txt, the
/// seconds left by tenths. NAME is the scenario's, with `-naive` for the naive client's.
void write(const results_directory&, const scenario_result&);

}  // namespace ephemint::bench
