#include "scripted_names.hpp"

#include <atomic>
#include <mutex>
#include <utility>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace ephemint::test {
namespace {

std::mutex mutex;
std::vector<std::string> scripted;
std::atomic<int> asked = 0;

struct answer {
  addrinfo info{};
  sockaddr_storage where{};
};

addrinfo* answer_with(const std::string& text, addrinfo* next) {
  auto* made = new answer;
  auto& four = reinterpret_cast<sockaddr_in&>(made->where);
  auto& six = reinterpret_cast<sockaddr_in6&>(made->where);
  const bool is_six = inet_pton(AF_INET6, text.c_str(), &six.sin6_addr) == 1;
  if (!is_six) inet_pton(AF_INET, text.c_str(), &four.sin_addr);
  made->where.ss_family = is_six ? AF_INET6 : AF_INET;
  made->info = {.ai_flags = 0,
                .ai_family = made->where.ss_family,
                .ai_socktype = SOCK_STREAM,
                .ai_protocol = IPPROTO_TCP,
                .ai_addrlen = static_cast<socklen_t>(is_six ? sizeof six : sizeof four),
                .ai_addr = reinterpret_cast<sockaddr*>(&made->where),
                .ai_canonname = nullptr,
                .ai_next = next};
  return &made->info;
}

}  // namespace

void names_lead_to(std::vector<std::string> addresses) {
  const std::lock_guard lock{mutex};
  scripted = std::move(addresses);
  asked = 0;
}

int look_ups() { return asked; }

}  // namespace ephemint::test

extern "C" {

int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo** result) {
  using namespace ephemint::test;
  ++asked;
  const std::lock_guard lock{mutex};
  *result = nullptr;
  for (auto text = scripted.rbegin(); text != scripted.rend(); ++text) *result = answer_with(*text, *result);
  return *result ? 0 : EAI_AGAIN;
}

void freeaddrinfo(addrinfo* list) noexcept {
  while (list != nullptr) {
    auto* const first = reinterpret_cast<ephemint::test::answer*>(list);  // its first member
    list = list->ai_next;
    delete first;
  }
}

}  // extern "C"
