#pragma once

#include <ephemint/metrics.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace ephemint::cli {

/// Puts `text` in the place of a file's content: a reader finds the old one or the new one, never a part.
/// The new file stands beside the old one while it is written, under a name that doesn't end as `path` does.
/// What is no regular file stays as it is. Gives why it couldn't be done; empty: it was.
std::string replace_file(const std::string& path, std::string_view text);

/// A file that has a batch's metrics: as they are every 5 s, and at the end. That it can't be written is said
/// once.
class metrics_file {
 public:
  metrics_file(const boost::asio::any_io_executor&, std::string path);

  /// What counts, and is to be the client's observer.
  const std::shared_ptr<metrics>& counted() const noexcept { return counted_; }
  /// Called before something is said on stderr.
  std::function<void()> before_talk = [] {};

  /// Writes now, and again and again.
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
