#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ephemint::test {

/// One of the script's two queues, in C++: waiting members, in the order in which they began to wait.
class quota_script_line {
 public:
  struct entry {
    std::string member;
    std::int64_t want = 0;
    std::int64_t since = 0;
    std::int64_t expected = 0;  ///< until then it is in the queue
  };

  std::size_t size() const noexcept { return entries_.size(); }
  std::int64_t wanted() const noexcept { return wanted_; }
  std::int64_t due() const noexcept { return due_; }

  void take_out(const std::string& member);
  /// From when on the first may have missed its turn.
  void drop_absent(std::int64_t now);
  /// How many members began to wait before `since`.
  std::int64_t place(std::int64_t since) const noexcept;
  void put(entry);

  /// As the script's field.
  std::string text() const;

 private:
  std::vector<entry> entries_;
  std::int64_t wanted_ = 0;
  std::int64_t due_ = 0;
};

}  // namespace ephemint::test
