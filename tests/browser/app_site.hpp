#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::test {

/// A partner's application, as far as browsers see it: pages in clear on a free port of 127.0.0.1, on a
/// thread of its own. The same pages at two sites, since browsers take `localhost` for another than
/// `127.0.0.1`.
class app_site {
 public:
  app_site();
  app_site(const app_site&) = delete;
  app_site& operator=(const app_site&) = delete;
  ~app_site();

  /// From now on the page's body is this; all others are 404.
  void show(const std::string& path, std::string body);
  /// `http://HOST:PORT`, with `localhost` or `127.0.0.1` for the host.
  std::string at(std::string_view host) const;

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace ephemint::test
