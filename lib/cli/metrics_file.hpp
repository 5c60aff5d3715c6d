#pragma once

#include <ephemint/metrics.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace ephemint::cli {

/// Replaces a file's content by `text`: a reader finds the old content or the new, never a part. The new file
/// is first written in the same directory, under a name with another ending. Anything but a regular file is
/// left alone. Returns why it failed; empty: it didn't.
std::string replace_file(const std::string& path, std::string_view text);

/// A file with a batch's metrics, written every 5 s and at the end. If it can't be written that is said once.
class metrics_file {
 public:
  metrics_file(const boost::asio::any_io_executor&, std::string path);

  /// The metrics, which must be the client's observer.
  const std::shared_ptr<metrics>& counted() const noexcept { return counted_; }
  /// Called before anything is written to stderr.
  std::function<void()> before_talk = [] {};

  /// Writes now, and then every 5 s.
  void start();
  /// Writes for the last time.
  void finish();

 private:
  void write();
  void await_next();

  std::string path_;
  std::shared_ptr<metrics> counted_ = std::make_shared<metrics>();
  boost::asio::steady_timer next_;
  bool complained_ = false;
};

}  // namespace ephemint::cli
