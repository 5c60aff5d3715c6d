#include "faces.hpp"
#include "hub.hpp"
#include "json_object.hpp"
#include "problem.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace ephemint::inline v0::gateway {
namespace {

/// Why nobody new should come. What the API does isn't among it: one outage would take all gateways out of
/// service at once, and with them the page that tells customers to wait.
std::vector<std::string_view> reasons_against(hub& of) {
  std::vector<std::string_view> reasons;
  if (of.draining) reasons.push_back("draining");
  if (of.minter().stats().key_refused) reasons.push_back("key refused");
  if (!of.warm) reasons.push_back("warming up");
  return reasons;
}

reply readiness(hub& of) {
  const auto reasons = reasons_against(of);
  std::string list;
  for (const std::string_view reason : reasons)
    list += fmt::format("{}\"{}\"", list.empty() ? "" : ",", reason);
  json_object body;
  body.json("ready", reasons.empty() ? "true" : "false").json("reasons", fmt::format("[{}]", list));
  return {.status = reasons.empty() ? 200u : 503u,
          .content_type = "application/json",
          .body = std::move(body).take()};
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
  const auto family = [&text](std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(text), "# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
  };
  family(
      "ephemint_gateway_answers_total", "counter",
      "Requests to the gateway, by listener and by the answer's status; 0: nobody waited for it any more.");
  for (const auto& [of, count] : counts.answered)
    fmt::format_to(std::back_inserter(text),
                   "ephemint_gateway_answers_total{{listener=\"{}\",status=\"{}\"}} {}\n", of.first,
                   of.second, count);
  family("ephemint_gateway_tickets", "gauge", "Tickets of login links that are remembered now.");
  fmt::format_to(std::back_inserter(text), "ephemint_gateway_tickets {}\n", counts.tickets);
  family("ephemint_gateway_waiting", "gauge",
         "Customers that the waiting page was shown to, and who wait now.");
  fmt::format_to(std::back_inserter(text), "ephemint_gateway_waiting {}\n", counts.waiting);
  return text;
}

std::unique_ptr<face> make_admin_face(hub& of) { return std::make_unique<admin_face>(of); }

}  // namespace ephemint::inline v0::gateway
