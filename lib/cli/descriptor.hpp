#pragma once

#include <utility>

namespace ephemint::cli {

/// Sets a descriptor to non-blocking, and back on destruction: pipes and terminals are shared with other
/// processes, which don't expect that mode.
class non_blocking_mode {
 public:
  explicit non_blocking_mode(int descriptor) noexcept;
  non_blocking_mode(non_blocking_mode&& other) noexcept
      : descriptor_{std::exchange(other.descriptor_, -1)}, before_{other.before_} {}
  non_blocking_mode& operator=(non_blocking_mode&&) = delete;
  ~non_blocking_mode();

 private:
  int descriptor_;
  int before_;
};

/// A descriptor that is closed on destruction, unless it is one of the standard three.
class owned_descriptor {
 public:
  explicit owned_descriptor(int descriptor) noexcept : descriptor_{descriptor} {}
  owned_descriptor(owned_descriptor&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
  owned_descriptor& operator=(owned_descriptor&&) = delete;
  ~owned_descriptor();

  int get() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

/// Whether it is a pipe, a socket or a terminal: these can make a reader or writer wait, and report when they
/// are ready.
bool can_be_awaited(int descriptor) noexcept;

/// Opens something harmless in place of each closed standard descriptor, so that no file or socket of ours
/// gets its number: results would be written into it. Reading such a stdin finds the end; writing to such a
/// stdout fails.
void occupy_standard_descriptors() noexcept;

}  // namespace ephemint::cli
