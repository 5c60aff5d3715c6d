#pragma once

#include "api_process.hpp"

#include <ephemint/client.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::torture {

/// Checks what must hold whatever goes wrong, and prints violations.
class oracle {
 public:
  /// The next account of the batch.
  std::string next_account();
  void batch_told(const account_result&);
  void login_told(std::string_view account, clock::time_point asked, std::chrono::milliseconds deadline,
                  const mint_result&);
  void login_asked() noexcept { ++logins_asked_; }
  /// A violation.
  void broken(const std::string& what);

  std::size_t batch_given() const noexcept { return told_.size(); }
  bool logins_over() const noexcept { return logins_told_ == logins_asked_; }
  std::uint64_t logins_minted() const noexcept { return logins_minted_; }

  /// Call it at the end. `lost`: requests without an answer, which the API may have counted late.
  void judge_batch();
  void judge_quota(const api_process&, std::uint64_t quota, std::chrono::milliseconds window,
                   std::chrono::milliseconds whole, std::uint64_t lost);
  void print() const;
  int violations() const noexcept { return violations_; }

 private:
  void check_token(std::string_view account, const ephemeral_token&);

  std::vector<std::uint8_t> told_;  // how often each account of the batch came back
  std::uint64_t batch_minted_ = 0, logins_asked_ = 0, logins_told_ = 0, logins_minted_ = 0;
  clock::duration latest_{};
  std::map<std::string, std::uint64_t> failures_;  // of both
  int violations_ = 0;
};

}  // namespace ephemint::torture
