#include "limiter.hpp"

#include "check.hpp"
#include "text.hpp"

#include <algorithm>
#include <stdexcept>

namespace ephemint::inline v0::sandbox {

std::optional<clock::duration> fixed_window::ask(clock::time_point now) {
  if (idle(now)) {
    opened_ = now;
    admitted_ = 0;
  }
  if (admitted_ < limit_.requests) {
    ++admitted_;
    return std::nullopt;
  }
  return *opened_ + limit_.window - now;
}

bool fixed_window::idle(clock::time_point now) const { return !opened_ || now - *opened_ >= limit_.window; }

std::optional<clock::duration> sliding_window::ask(clock::time_point now) {
  while (!counted_.empty() && now - counted_.front() >= limit_.window) counted_.pop_front();
  const bool admitted = counted_.size() < limit_.requests;
  if (admitted || limit_.count_rejected) counted_.push_back(now);
  if (admitted) return std::nullopt;
  if (counted_.size() > limit_.requests) counted_.pop_front();
  return counted_.empty() ? limit_.window : counted_.front() + limit_.window - now;
}

bool sliding_window::idle(clock::time_point now) const {
  return counted_.empty() || now - counted_.back() >= limit_.window;
}

token_bucket::token_bucket(const rate_limit& limit)
    : limit_{limit},
      size_{static_cast<double>(limit.burst == 0 ? limit.requests : limit.burst)},
      level_{size_} {}

double token_bucket::level_at(clock::time_point now) const {
  if (!last_) return level_;
  const double windows =
      std::chrono::duration<double>(now - *last_) / std::chrono::duration<double>(limit_.window);
  return std::min(size_, level_ + windows * static_cast<double>(limit_.requests));
}

std::optional<clock::duration> token_bucket::ask(clock::time_point now) {
  constexpr double rounding = 1e-6;  // a permit that is due at this moment counts as available
  level_ = level_at(now);
  last_ = now;
  if (level_ >= 1 - rounding) {
    level_ -= 1;
    return std::nullopt;
  }
  if (limit_.count_rejected) level_ = std::max(level_ - 1, -size_);
  if (limit_.requests == 0) return limit_.window;
  const auto windows = (1 - level_) / static_cast<double>(limit_.requests);
  return std::chrono::ceil<clock::duration>(windows *
                                            std::chrono::duration<double, std::milli>(limit_.window));
}

bool token_bucket::idle(clock::time_point now) const { return level_at(now) >= size_; }

limiter::count limiter::fresh() const {
  switch (limit_.kind) {
    case limiter_kind::fixed_window:
      return fixed_window{limit_};
    case limiter_kind::token_bucket:
      return token_bucket{limit_};
    default:
      return sliding_window{limit_};
  }
}

limiter::count& limiter::count_of(std::string_view whose, clock::time_point now) {
  if (const auto found = counts_.find(whose); found != counts_.end()) return found->second;
  if (counts_.size() >= sweep_at_) {
    const auto idle = [now](const auto& entry) {
      return std::visit([now](const auto& count) { return count.idle(now); }, entry.second);
    };
    std::erase_if(counts_, idle);
    sweep_at_ = std::max<std::size_t>(1024, 2 * counts_.size());
  }
  return counts_.emplace(whose, fresh()).first->second;
}

std::optional<clock::duration> limiter::ask(clock::time_point now, std::string_view api_key,
                                            std::string_view account) {
  if (limit_.kind == limiter_kind::none) return std::nullopt;
  count& counted = count_of(limit_.scope == limit_scope::per_account ? account : api_key, now);
  return std::visit([now](auto& count) { return count.ask(now); }, counted);
}

std::optional<std::string> retry_after(const rate_limit& limit, clock::duration wait) {
  switch (limit.retry_after) {
    case retry_after_mode::missing:
      return std::nullopt;
    case retry_after_mode::text:
      return limit.retry_after_text;
    case retry_after_mode::exact:
      break;
  }
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait);
  return std::to_string(std::max<std::chrono::seconds::rep>(1, seconds.count()));
}

rate_limit parse_rate_limit(std::string_view text, limiter_kind kind) {
  rate_limit limit{.kind = kind};
  if (text == "none") return {};
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos)
    throw std::invalid_argument{in_quotes(text) +
                                " is not a rate limit: give N/DURATION, such as 200/60s, or none"};
  limit.requests = parse_number(text.substr(0, slash));
  limit.window = parse_duration(text.substr(slash + 1));
  check(limit);
  return limit;
}

}  // namespace ephemint::inline v0::sandbox
