#include "faces.hpp"
#include "hub.hpp"
#include "problem.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace ephemint::inline v0::gateway {
namespace {

/// Whether somebody new should come. What the API does isn't asked: one outage would take all gateways out of
/// service at once, and with them the page that tells customers to wait.
reply readiness(hub& of) {
  std::string reasons;
  const auto add = [&reasons](bool holds, std::string_view reason) {
    if (holds) reasons += fmt::format("{}\"{}\"", reasons.empty() ? "" : ",", reason);
  };
  add(of.draining, "draining");
  add(of.minter().stats().key_refused, "key refused");
  add(!of.warm, "warming up");
  const bool ready = reasons.empty();
  return {.status = ready ? 200u : 503u,
          .content_type = "application/json",
          .body = fmt::format(R"({{"ready":{},"reasons":[{}]}})", ready, reasons)};
}

/// For whoever runs the gateway: by machines, to be asked as often as they like.
class admin_face final : public face {
 public:
  explicit admin_face(hub& of) : hub_{of} {}

  std::string_view name() const noexcept override { return "admin"; }

  asio::awaitable<reply> answer(exchange& of) override {
    const std::string_view path = of.path();
    for (const std::string_view route : {"healthz", "readyz", "metrics"})
      if (path.substr(0, 1) == "/" && path.substr(1) == route) of.log.route = route;
    if (of.log.route == "none") co_return refusal_of(of, 404, "there are /healthz, /readyz and /metrics");
    if (of.asked.method() != http::verb::get) {
      reply refused = refusal_of(of, 405, "the route takes GET");
      refused.headers.emplace_back(http::field::allow, "GET");
      co_return refused;
    }
    if (of.log.route == "readyz") co_return readiness(hub_);
    if (of.log.route == "metrics")
      co_return reply{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                      .body = metrics_text(hub_.seen(), hub_.counts(clock::now()))};
    co_return reply{.content_type = "text/plain; charset=utf-8",
                    .body = "ok\n"};  // whatever else: the loop turns
  }

  reply refusal(unsigned status, std::string_view why) override { return refusal_reply(status, why); }

 private:
  hub& hub_;
};

}  // namespace

std::string metrics_text(const metrics& seen, const gateway_counts& counts) {
  std::string text = seen.prometheus_text();
  text +=
      "# HELP ephemint_gateway_answers_total Requests to the gateway, by listener and by the answer's "
      "status; "
      "0: nobody waited for it any more.\n# TYPE ephemint_gateway_answers_total counter\n";
  for (const auto& [of, count] : counts.answered)
    text += fmt::format("ephemint_gateway_answers_total{{listener=\"{}\",status=\"{}\"}} {}\n", of.first,
                        of.second, count);
  text += fmt::format(
      "# HELP ephemint_gateway_tickets Tickets of login links that are remembered now.\n"
      "# TYPE ephemint_gateway_tickets gauge\nephemint_gateway_tickets {}\n"
      "# HELP ephemint_gateway_waiting Customers that the waiting page was shown to, and who wait now.\n"
      "# TYPE ephemint_gateway_waiting gauge\nephemint_gateway_waiting {}\n",
      counts.tickets, counts.waiting);
  return text;
}

std::unique_ptr<face> make_admin_face(hub& of) { return std::make_unique<admin_face>(of); }

}  // namespace ephemint::inline v0::gateway
