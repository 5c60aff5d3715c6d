#include <ephemint/observers.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace ephemint {
namespace {

/// Records which observer gets which call.
class listener final : public observer {
 public:
  listener(std::string name, std::vector<std::string>& heard) : name_{std::move(name)}, heard_{heard} {}

  void on_client(const client_view&) noexcept override { hear("client"); }
  void on_attempt(const attempt_report&) noexcept override { hear("attempt"); }
  void on_mint(const mint_report&) noexcept override { hear("mint"); }
  void on_connection(const connection_report&) noexcept override { hear("connection"); }
  void on_quota(const quota_report&) noexcept override { hear("quota"); }

 private:
  void hear(const std::string& what) { heard_.push_back(name_ + ' ' + what); }

  std::string name_;
  std::vector<std::string>& heard_;
};

TEST(observers, each_hears_each_report_in_their_order) {
  std::vector<std::string> heard;
  observers both{{std::make_shared<listener>("first", heard), std::make_shared<listener>("second", heard)}};
  both.on_client({});
  both.on_attempt({});
  both.on_mint({});
  both.on_connection({});
  both.on_quota({});
  EXPECT_THAT(heard, testing::ElementsAre("first client", "second client", "first attempt", "second attempt",
                                          "first mint", "second mint", "first connection",
                                          "second connection", "first quota", "second quota"));
}

}  // namespace
}  // namespace ephemint
