#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace ephemint::test {

/// How a program ended, and the rest of its output.
struct outcome {
  int status = -1;  ///< exit status; 128 + N if signal N ended it
  std::string out;
  std::string err;
};

/// What a program's stdout is.
enum class channel { pipe, unix_socket, terminal };
/// Whether this kind is available here: some containers have no terminals.
bool can_be_had(channel);

/// A running program, whose three standard streams are our pipes. Killed if this object is destroyed before
/// it ends.
class command {
 public:
  /// `environment` is added to ours, without the variables for Ephemint and terminals.
  explicit command(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {},
                   channel output = channel::pipe);
  command(const command&) = delete;
  command& operator=(const command&) = delete;
  ~command();

  /// Writes to its stdin, and waits until the program has read it.
  void write(std::string_view text);
  void end_input();
  /// The next line of its stdout, without the line end; nothing after waiting for 20 s.
  std::optional<std::string> read_line();
  /// The same of its stderr.
  std::optional<std::string> read_error_line();
  /// How many bytes of its stdout wait to be read; waits up to 20 s for the first.
  std::size_t unread() const;
  /// Closes our end of its stdout.
  void close_output();
  void signal(int number);
  pid_t process() const noexcept { return process_; }
  /// Writes `input` and reads the output until the program ends; kills it after a minute.
  outcome wait(std::string_view input = {});

 private:
  static bool read_some(int& descriptor, std::string& into);
  static std::optional<std::string> line_of(int& descriptor, std::string& into);

  pid_t process_ = -1;
  int in_ = -1, out_ = -1, err_ = -1;
  std::string read_;        // from its stdout, not yet returned
  std::string read_error_;  // and from its stderr
};

/// Runs it from beginning to end.
outcome run_command(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {},
                    std::string_view input = {});

/// The lines of `text`, without their ends.
std::vector<std::string> lines_of(const std::string& text);

}  // namespace ephemint::test
