#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace ephemint::inline v0::net {

/// What is said of whatever came through `fork`.
inline constexpr std::string_view made_before_fork =
    "this client was made before fork(): make one in each process";

/// In which process something was made. `fork` gives the child a copy of it whose sockets, and the TLS keys
/// for them, are still the parent's: the child must leave them alone (I9).
class process_mark {
 public:
  /// This process. Throws `std::bad_alloc`, but only the first one of a program.
  process_mark();

  /// Whether this is another process by now. Costs two loads. From any thread.
  bool elsewhere() const noexcept { return here_->load(std::memory_order_relaxed) != number_; }

 private:
  using number = std::atomic<std::uint64_t>;
  static number& find_here();

  /// The number of the process that runs; 0 where `fork` has just made it.
  static inline number* here_ = nullptr;
  std::uint64_t number_;
};

}  // namespace ephemint::inline v0::net
