#include "net/dial/session_cache.hpp"

#include <algorithm>
#include <utility>

namespace ephemint::inline v0::net {

namespace {

std::time_t begin_of(const SSL_SESSION& session) {
#if OPENSSL_VERSION_NUMBER >= 0x30400000L  // the other function is deprecated from here on
  return SSL_SESSION_get_time_ex(&session);
#else
  return static_cast<std::time_t>(SSL_SESSION_get_time(&session));
#endif
}

bool alive(const kept_session& kept, std::time_t now) {
  const SSL_SESSION& session = *kept.session;
  return SSL_SESSION_is_resumable(&session) == 1 && kept.chain.holds(now) &&
         begin_of(session) + SSL_SESSION_get_timeout(&session) > now;
}

}  // namespace

void session_cache::put(kept_session session) noexcept {
  if (size_ == max_sessions)
    std::move(sessions_.begin() + 1, sessions_.end(), sessions_.begin());
  else
    ++size_;
  sessions_[size_ - 1] = std::move(session);
}

kept_session session_cache::take(std::time_t now) noexcept {
  while (size_ != 0) {
    kept_session& newest = sessions_[size_ - 1];
    SSL_SESSION* const session = newest.session.get();
    if (alive(newest, now) && SSL_SESSION_get_protocol_version(session) < TLS1_3_VERSION &&
        SSL_SESSION_up_ref(session) == 1)
      return {session_pointer{session}, newest.chain};
    kept_session taken = std::move(newest);
    --size_;
    if (alive(taken, now)) return taken;
  }
  return {};
}

void session_cache::clear() noexcept {
  while (size_ != 0) sessions_[--size_] = {};
}

}  // namespace ephemint::inline v0::net
