#pragma once

#include "codec/reply.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace ephemint::testing_support {

using namespace detail;

/// A reply whose body ends where its padding ends: reading further is seen by the address sanitizer.
class padded_reply {
 public:
  padded_reply(int status, std::string_view body) : text_{new char[body.size() + padding]} {
    body.copy(text_.get(), body.size());
    for (std::size_t i = 0; i < padding; ++i)
      text_[body.size() + i] = '"';  // not kind to a reader that runs on
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
