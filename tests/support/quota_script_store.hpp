#pragma once

#include "core/store_call.hpp"
#include "support/redis_server.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ephemint::test {

/// The quota's script in a redis-server of its own. Only its time comes from the test, so that hours pass at
/// once.
class quota_script_store {
 public:
  quota_script_store();

  redis_server& server() noexcept { return server_; }

  /// The store's reply, unparsed.
  redis_reply reply(std::int64_t now_ms, const std::string& key, const std::vector<std::string>& arguments);
  /// Throws `std::runtime_error` if it replies with an error.
  redis::store_answer evaluate(std::int64_t now_ms, const std::string& key, const redis::store_call&);

  /// The key's fields, without those that are 0 or empty.
  std::map<std::string, std::string> fields(const std::string& key);
  void set_fields(const std::string& key, const std::map<std::string, std::string>&);
  void forget(const std::string& key);

 private:
  redis_server server_;
  std::string digest_;
};

}  // namespace ephemint::test
