#include "net/dial/session_cache.hpp"

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

void session_cache::put(session_pointer session) {
  if (sessions_.size() == max_sessions) sessions_.pop_front();
  sessions_.push_back(std::move(session));
}

session_pointer session_cache::take() {
  while (!sessions_.empty()) {
    session_pointer newest = std::move(sessions_.back());
    sessions_.pop_back();
    if (!alive(*newest)) continue;
    if (SSL_SESSION_get_protocol_version(newest.get()) < TLS1_3_VERSION) {
      SSL_SESSION_up_ref(newest.get());
      sessions_.emplace_back(newest.get());
    }
    return newest;
  }
  return nullptr;
}

}  // namespace ephemint::inline v0::net
