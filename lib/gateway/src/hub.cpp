#include "hub.hpp"

#include <ephemint/observers.hpp>

#include <utility>

namespace ephemint::inline v0::gateway {
namespace {

/// The client's options, with the gateway's own observers beside the one that was asked for.
client_options observed(client_options options, std::vector<std::shared_ptr<observer>> by) {
  if (options.observer) by.push_back(std::move(options.observer));
  options.observer = std::make_shared<observers>(std::move(by));
  return options;
}

}  // namespace

hub::hub(asio::any_io_executor executor, asio::any_io_executor clients_executor, server_options options)
    : link_keys{std::move(options.link_keys)},
      bearers{std::move(options.bearers)},
      executor_{std::move(executor)},
      options_{std::move(options)},
      metrics_{std::make_shared<metrics>()},
      notes_{std::make_shared<mint_notes>()},
      client_{std::move(clients_executor), observed(options_.client, {metrics_, notes_})},
      limits_{options_.per_account} {
  if (options_.more_metrics) metrics_->add(options_.more_metrics);
}

gateway_counts hub::counts(clock::time_point now) {
  return {answered, tickets_.size(), tickets_.waiting(now)};
}

}  // namespace ephemint::inline v0::gateway
