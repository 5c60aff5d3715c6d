#pragma once

#include "codec/reply.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace ephemint::testing_support {

using namespace detail;

/// A reply whose body ends where its padding ends, so that the address sanitizer detects reads past it.
class padded_reply {
 public:
  padded_reply(int status, std::string_view body) : text_{new char[body.size() + padding]} {
    body.copy(text_.get(), body.size());
    for (std::size_t i = 0; i < padding; ++i)
      text_[body.size() + i] = '"';  // bytes that harm a reader that reads too far
    reply.status = status;
    reply.body = {text_.get(), body.size()};
  }

  http_reply reply;

 private:
  static constexpr std::size_t padding = 64;
  std::unique_ptr<char[]> text_;
};

inline const std::string token = "eyJhbGciOiJIUzI1NiJ9.eyJhY2NvdW50Ijoic2UtMSJ9.c2lnbmF0dXJl";
inline const std::string redirect_url = "https://dashboard.shipengine.com/api/directlogin?token=" + token;

inline std::string good_body(std::string_view more = "") {
  return R"({"token":")" + token + R"(","redirect_url":")" + redirect_url + '"' + std::string{more} + '}';
}

}  // namespace ephemint::testing_support
