#include "net/dial/session_cache.hpp"

#include <algorithm>
#include <ctime>
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

bool alive(const SSL_SESSION& session) {
  return SSL_SESSION_is_resumable(&session) == 1 &&
         begin_of(session) + SSL_SESSION_get_timeout(&session) > std::time(nullptr);
}

}  // namespace

void session_cache::put(session_pointer session) noexcept {
  if (size_ == max_sessions)
    std::move(sessions_.begin() + 1, sessions_.end(), sessions_.begin());
  else
    ++size_;
  sessions_[size_ - 1] = std::move(session);
}

session_pointer session_cache::take() noexcept {
  while (size_ != 0) {
    session_pointer& newest = sessions_[size_ - 1];
    if (alive(*newest) && SSL_SESSION_get_protocol_version(newest.get()) < TLS1_3_VERSION &&
        SSL_SESSION_up_ref(newest.get()) == 1)
      return session_pointer{newest.get()};
    session_pointer taken = std::move(newest);
    --size_;
    if (alive(*taken)) return taken;
  }
  return nullptr;
}

}  // namespace ephemint::inline v0::net
