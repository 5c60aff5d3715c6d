#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::test {

/// A partner's application, as browsers see it: pages without TLS on a free port of 127.0.0.1, served by a
/// thread of its own. The same pages are at two sites, as browsers treat `localhost` and `127.0.0.1` as
/// different sites.
class app_site {
 public:
  app_site();
  app_site(const app_site&) = delete;
  app_site& operator=(const app_site&) = delete;
  ~app_site();

  /// Sets the page's body; all other pages are 404.
  void show(const std::string& path, std::string body);
  /// `http://HOST:PORT`, with `localhost` or `127.0.0.1` for the host.
  std::string at(std::string_view host) const;

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace ephemint::test
