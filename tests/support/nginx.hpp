#pragma once

#include "command.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace ephemint::test {

/// An nginx on loopback that answers every request over HTTP/2 with a token, which names the request's
/// account; see `token_of`. Ends with this object.
class nginx {
 public:
  /// Where it is installed, if it is.
  static std::optional<std::string> program();

  /// `lines` are added to its `http` block. Returns when it accepts connections; throws `std::runtime_error`
  /// with its output if it doesn't start.
  explicit nginx(const std::string& lines = {});
  nginx(const nginx&) = delete;
  nginx& operator=(const nginx&) = delete;

  std::string base_url() const { return "https://localhost:" + std::to_string(port_); }
  std::string authority_pem() const { return authority_pem_; }
  static std::string token_of(const std::string& account) { return "e30." + account + ".c2ln"; }

 private:
  /// Removed with its contents when this object is destroyed.
  struct directory {
    directory();
    directory(const directory&) = delete;
    directory& operator=(const directory&) = delete;
    ~directory();
    std::string path;
  };

  std::string write_files(const std::string& lines);

  std::uint16_t port_;
  std::string authority_pem_;
  directory files_;
  command running_;
};

}  // namespace ephemint::test
