#include "oracle.hpp"

#include "support/token_account.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace ephemint::torture {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds least_remaining = 5s;
/// How late a handler may be, on a machine that others use as well.
constexpr std::chrono::milliseconds late = 1s;

/// When the token dies, by the wall clock; the sandbox and we have the same one.
double end_of(std::string_view token) {
  const auto dot = token.find('.');
  if (dot == token.npos) return 0;
  const std::string payload = test::base64url_text(token.substr(dot + 1));
  const auto at = payload.find(R"("exp":)");
  return at == payload.npos ? 0 : std::atof(payload.c_str() + at + 6);
}

double wall_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

std::string oracle::next_account() {
  told_.push_back(0);
  return "se-" + std::to_string(told_.size() - 1);
}

void oracle::batch_told(const account_result& one) {
  std::size_t number = 0;
  const std::string_view digits = std::string_view{one.account.str()}.substr(3);
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (number >= told_.size()) return broken("an account came that nobody gave");
  ++told_[number];
  if (!one.result) {
    ++failures_["batch " + std::string{to_string(one.result.error().value())}];
    return;
  }
  ++batch_minted_;
  check_token(one.account.str(), *one.result);
}

void oracle::login_told(std::string_view account, clock::time_point asked, std::chrono::milliseconds deadline,
                        const mint_result& result) {
  ++logins_told_;
  const clock::duration took = clock::now() - asked;
  latest_ = std::max(latest_, took - deadline);
  if (took > deadline + late)
    broken("a login was told " +
           std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(took - deadline).count()) +
           " ms after its deadline");
  if (!result) {
    ++failures_["login " + std::string{to_string(result.error().value())}];
    return;
  }
  ++logins_minted_;
  check_token(account, *result);
}

void oracle::check_token(std::string_view account, const ephemeral_token& token) {
  if (test::account_in(token.value()) != account) broken("a token of another account");
  const double left = end_of(token.value()) - wall_time();
  if (left < std::chrono::duration<double>(least_remaining - late).count())
    broken("a stale token: it had " + std::to_string(left) + " s to live");
}

void oracle::broken(const std::string& what) {
  ++violations_;
  std::printf("broken: %s\n", what.c_str());
}

void oracle::judge_batch() {
  for (std::size_t i = 0; i < told_.size(); ++i)
    if (told_[i] != 1) broken("se-" + std::to_string(i) + " ended " + std::to_string(told_[i]) + " times");
}

void oracle::judge_quota(const api_process& api, std::uint64_t quota, std::chrono::milliseconds window,
                         std::chrono::milliseconds whole, std::uint64_t lost) {
  std::uint64_t requests = 0, refused = 0;
  for (int i = 0; i < api.lives(); ++i) {
    const api_process::life one = api.seen(i);
    requests += one.requests;
    refused += one.rate_limited;
    if (one.peak_per_window > quota + lost)
      broken(std::to_string(one.peak_per_window) + " requests in a window of " + std::to_string(quota));
  }
  const auto windows = static_cast<std::uint64_t>(whole / window) + 1;
  std::printf("API: %llu requests in %d lives, %llu refused; %llu were never answered\n",
              static_cast<unsigned long long>(requests), api.lives(),
              static_cast<unsigned long long>(refused), static_cast<unsigned long long>(lost));
  if (requests > quota * windows) broken("more requests than the quota has for all of the time");
  if (refused > lost) broken("more requests were refused than went unanswered before");
}

void oracle::print() const {
  std::printf(
      "batch: %zu accounts, %llu minted; logins: %llu asked, %llu minted, the latest %lld ms after its "
      "deadline\n",
      told_.size(), static_cast<unsigned long long>(batch_minted_),
      static_cast<unsigned long long>(logins_asked_), static_cast<unsigned long long>(logins_minted_),
      static_cast<long long>(std::chrono::duration_cast<std::chrono::milliseconds>(latest_).count()));
  for (const auto& [what, times] : failures_)
    std::printf("  %s: %llu\n", what.c_str(), static_cast<unsigned long long>(times));
}

}  // namespace ephemint::torture
