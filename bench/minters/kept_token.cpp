#include "kept_token.hpp"

#include <string_view>

namespace ephemint::bench {

const char* token_reader::read(int status, const std::string& body, kept_token& into) {
  if (status != 200) return "a status other than 200";
  simdjson::dom::element reply;
  if (parser_.parse(body).get(reply) != simdjson::SUCCESS) return "a reply that isn't JSON";
  std::string_view token, redirect_url;
  if (reply["token"].get(token) != simdjson::SUCCESS ||
      reply["redirect_url"].get(redirect_url) != simdjson::SUCCESS)
    return "a reply without token or redirect_url";
  into.token = token;
  into.redirect_url = redirect_url;
  return nullptr;
}

}  // namespace ephemint::bench
