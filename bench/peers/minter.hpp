#pragma once

#include "workload.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::bench {

/// Where and as whom to mint. The key is a stand-in: the server takes any.
struct target {
  std::string base_url;  ///< `https://127.0.0.1:PORT`
  std::string ca_file;
  std::size_t connections = 16;  ///< or streams of one connection, where the client multiplexes

  static constexpr std::string_view path = "/v1/tokens/ephemeral";
  static constexpr std::string_view api_key = "TEST_benchmark0123456789";
  static constexpr std::string_view user_agent = "ephemint-bench/1";
};

/// A client that does the job: POST with `API-Key` and `On-Behalf-Of` over a verified TLS connection, the
/// JSON of the reply parsed, token and `redirect_url` kept.
///
/// All of them work on one thread. Connections stand from one `run` to the next.
class minter {
 public:
  virtual ~minter() = default;

  /// Makes the mints of `load`, as many at a time as there are connections.
  virtual void run(workload& load) = 0;
  /// Connections made so far.
  virtual std::uint64_t dials() const = 0;
};

std::unique_ptr<minter> make_ephemint(const target&);            ///< `client::async_mint` with callbacks
std::unique_ptr<minter> make_ephemint_on_strand(const target&);  ///< the same without `single_threaded`
std::unique_ptr<minter> make_ephemint_coroutine(const target&);  ///< `co_await client::mint`
std::unique_ptr<minter> make_curl(const target&);                ///< libcurl's multi interface, HTTP/1.1
std::unique_ptr<minter> make_curl_http2(const target&);          ///< the same, streams of one connection
std::unique_ptr<minter> make_beast_call(const target&);  ///< Beast's SSL example: a connection for each call
std::unique_ptr<minter> make_beast_pool(const target&);  ///< the same pieces, with idle streams kept

std::string libcurl_version();

/// A client of this program.
struct known_minter {
  std::string_view name;
  std::unique_ptr<minter> (*make)(const target&);
  bool http2;    ///< it is to be sent to the server's HTTP/2 port
  bool counted;  ///< its own code allocates by `operator new`, so that counting those calls says something
};
const std::vector<known_minter>& known_minters();

}  // namespace ephemint::bench
