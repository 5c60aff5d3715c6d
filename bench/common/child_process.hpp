#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace ephemint::bench {

/// The path of `name`, as a shell would find it; nothing if it isn't installed.
std::optional<std::string> find_program(std::string_view name);

/// This program's own file, for one that runs itself again.
std::string own_program();

/// The first and the last core that this process was allowed to use at its start, so that a client and its
/// server don't compete for a core. The same if there is only one.
int client_core();
int server_core();
/// Pins this process to the client's core, if that is allowed.
void pin_to_client_core();

/// A program to be run.
struct command {
  enum class input { none, piped };
  enum class output { inherited, discarded, piped };
  enum class error_output { inherited, discarded, with_output };

  std::vector<std::string>
      arguments;                 ///< the program's path, or its name to be searched for, then its arguments
  std::optional<int> core = {};  ///< the only core that it may run on; none: as its parent
  input in = input::none;
  output out = output::inherited;
  error_output err = error_output::inherited;
};

/// What a program has used, with the children that it has waited for.
struct process_usage {
  int status = -1;  ///< exit status; 128 + N if signal N ended it
  std::chrono::microseconds user{};
  std::chrono::microseconds system{};
  std::int64_t peak_rss_kib = 0;

  std::chrono::microseconds cpu() const noexcept { return user + system; }
};

/// A child process. The destructor ends it by SIGTERM, and by SIGKILL if it still runs a second later. The
/// kernel also ends it when the thread that started it ends, for whatever reason.
class child_process {
 public:
  /// Returns when the program runs. Throws `std::system_error` if it can't be run, with its name.
  explicit child_process(const command&);
  child_process(child_process&&) noexcept;
  child_process& operator=(child_process&&) = delete;
  ~child_process();

  pid_t id() const noexcept { return process_; }

  /// Writes to its input, and waits until the program has read it. Throws if it reads no more.
  void write(std::string_view text);
  void end_input();

  /// The next line of its output, without the line end; nothing at the end of the output, or after
  /// `patience`.
  std::optional<std::string> read_line(std::chrono::milliseconds patience = std::chrono::seconds{10});
  /// All that it still writes, until it closes its output.
  std::string read_all();

  /// Whether it has ended; waits for that until that time.
  bool ended(std::chrono::milliseconds patience = std::chrono::milliseconds::zero()) const;
  void signal(int number);
  /// Waits for its end, however long that takes. Call it once; don't call `write`, `read_…` and `signal`
  /// afterwards.
  process_usage wait();

 private:
  bool read_some(std::chrono::milliseconds patience);
  void close_descriptors() noexcept;

  pid_t process_ = -1;
  int handle_ = -1;  // of the process, to wait with a time limit
  int in_ = -1;
  int out_ = -1;
  std::string read_;  // not yet returned
};

/// Runs it to its end, and returns its output if that is piped.
struct finished_process {
  process_usage usage;
  std::string output;
};
finished_process run(const command&);

}  // namespace ephemint::bench
