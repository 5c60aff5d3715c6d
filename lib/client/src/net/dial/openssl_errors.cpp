#include "net/dial/openssl_errors.hpp"

#include <openssl/err.h>

#include <array>
#include <new>

namespace ephemint::inline v0::net {

namespace {

bool is_want_of_memory(unsigned long error) noexcept { return ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE; }

}  // namespace

bool openssl_lacks_memory() noexcept {
  return is_want_of_memory(ERR_peek_error()) || is_want_of_memory(ERR_peek_last_error());
}

std::string take_openssl_problem() {
  const unsigned long first = ERR_peek_error();
  bool lacks_memory = first == 0;
  while (const unsigned long error = ERR_get_error()) lacks_memory = lacks_memory || is_want_of_memory(error);
  if (lacks_memory) throw std::bad_alloc{};
  std::array<char, 256> words;
  ERR_error_string_n(first, words.data(), words.size());
  return words.data();
}

}  // namespace ephemint::inline v0::net
