#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace ephemint::inline v0::net {

/// The message for objects that were copied by `fork`.
inline constexpr std::string_view made_before_fork =
    "this client was made before fork(): make one in each process";

/// Marks the process in which an object was made. `fork` gives the child a copy of the object, whose sockets
/// and TLS keys still belong to the parent: the child must leave them alone (I9).
class process_mark {
 public:
  /// Marks this process. Throws `std::bad_alloc`, but only in the first use of a program.
  process_mark();

  /// Whether this process is another one. Costs two loads. From any thread.
  bool elsewhere() const noexcept { return here_->load(std::memory_order_relaxed) != number_; }

 private:
  using number = std::atomic<std::uint64_t>;
  static number& find_here();

  /// The number of the running process; 0 just after `fork` has made it.
  static inline number* here_ = nullptr;
  std::uint64_t number_;
};

}  // namespace ephemint::inline v0::net
