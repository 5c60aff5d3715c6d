#pragma once

#include <ephemint/observer.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::test {

/// Keeps all reports in order, with their texts; checks that no two calls come at the same time.
class recording_observer : public observer {
 public:
  struct heard {
    enum class kind { attempt, mint, connection, quota };
    kind what;
    attempt_report attempt{};
    mint_report mint{};
    connection_report connection{};
    quota_report quota{};
    std::string text;     ///< request id, or cause
    std::string account;  ///< of a mint
  };

  std::function<void(const heard&)> on_any = [](const heard&) {};
  std::atomic<bool> overlapped{false};
  client_view view;

  std::vector<heard> all() const {
    const std::scoped_lock lock{mutex_};
    return all_;
  }
  std::vector<heard> of(heard::kind what) const {
    auto some = all();
    std::erase_if(some, [what](const heard& h) { return h.what != what; });
    return some;
  }
  std::vector<heard> mints() const { return of(heard::kind::mint); }
  std::vector<heard> attempts() const { return of(heard::kind::attempt); }
  std::vector<heard> connections() const { return of(heard::kind::connection); }
  std::vector<heard> quotas() const { return of(heard::kind::quota); }
  std::size_t count() const {
    const std::scoped_lock lock{mutex_};
    return all_.size();
  }

  void on_client(const client_view& of) noexcept override { view = of; }
  void on_attempt(const attempt_report& r) noexcept override {
    keep({.what = heard::kind::attempt, .attempt = r, .text = std::string{r.request_id}, .account = {}});
  }
  void on_mint(const mint_report& r) noexcept override {
    keep({.what = heard::kind::mint,
          .mint = r,
          .text = std::string{r.request_id},
          .account = std::string{r.account}});
  }
  void on_connection(const connection_report& r) noexcept override {
    keep({.what = heard::kind::connection, .connection = r, .text = std::string{r.cause}, .account = {}});
  }
  void on_quota(const quota_report& r) noexcept override {
    keep({.what = heard::kind::quota, .quota = r, .text = {}, .account = {}});
  }

 private:
  void keep(heard one) noexcept {
    if (busy_.exchange(true)) overlapped = true;
    {
      const std::scoped_lock lock{mutex_};
      all_.push_back(one);
    }
    on_any(one);
    busy_ = false;
  }

  mutable std::mutex mutex_;
  std::vector<heard> all_;
  std::atomic<bool> busy_{false};
};

}  // namespace ephemint::test
