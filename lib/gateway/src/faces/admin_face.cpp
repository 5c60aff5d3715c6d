#include "faces/problem.hpp"
#include "hub.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace ephemint::inline v0::gateway {
namespace {

/// Whether new requests should come here. An outage of the API doesn't count: it would take all gateways out
/// of service at once, and with them the page that tells customers to wait.
reply readiness(hub& of) {
  std::string reasons;
  const auto add = [&reasons](bool holds, std::string_view reason) {
    if (holds) reasons += fmt::format("{}\"{}\"", reasons.empty() ? "" : ",", reason);
  };
  add(of.draining, "draining");
  add(of.key_is_refused(), "key refused");
  add(!of.warm, "warming up");
  const bool ready = reasons.empty();
  return {.status = ready ? 200u : 503u,
          .content_type = "application/json",
          .body = fmt::format(R"({{"ready":{},"reasons":[{}]}})", ready, reasons)};
}

/// For monitoring, which may ask as often as it likes.
class admin_face final : public face {
 public:
  explicit admin_face(hub& of) : hub_{of} {}

  std::string_view name() const noexcept override { return "admin"; }
  reply refusal(unsigned status, std::string_view why) override { return refusal_reply(status, why); }

  task<reply> answer(exchange& of) override {
    for (const std::string_view route : {"/healthz", "/readyz", "/metrics"})
      if (of.path() == route) of.log.route = route.substr(1);
    if (of.log.route == "none") co_return refusal_of(of, 404, "there are /healthz, /readyz and /metrics");
    if (of.asked.method() != http::verb::get) co_return refusal_of_method(of, "GET");
    if (of.log.route == "readyz") co_return readiness(hub_);
    if (of.log.route == "healthz")  // always 200: the event loop runs
      co_return reply{.content_type = "text/plain; charset=utf-8", .body = "ok\n"};
    hub_.recount();
    co_return reply{.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = hub_.metrics_text()};
  }

 private:
  hub& hub_;
};

}  // namespace

std::unique_ptr<face> make_admin_face(hub& of) { return std::make_unique<admin_face>(of); }

}  // namespace ephemint::inline v0::gateway
