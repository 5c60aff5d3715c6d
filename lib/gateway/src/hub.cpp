#include "hub.hpp"

#include <ephemint/observers.hpp>

#include <utility>

namespace ephemint::inline v0::gateway {
namespace {

/// The client's options, with the gateway's metrics beside the observer that was asked for.
client_options observed(const client_options& given, const std::shared_ptr<metrics>& seen) {
  client_options options = given;
  options.observer = seen;
  if (given.observer)
    options.observer =
        std::make_shared<observers>(std::vector<std::shared_ptr<observer>>{seen, given.observer});
  return options;
}

}  // namespace

hub::hub(asio::any_io_executor executor, asio::any_io_executor clients_executor, server_options options)
    : link_keys{std::move(options.link_keys)},
      bearers{std::move(options.bearers)},
      executor_{std::move(executor)},
      options_{std::move(options)},
      metrics_{std::make_shared<metrics>()},
      client_{std::move(clients_executor), observed(options_.client, metrics_)},
      limits_{options_.per_account} {
  if (options_.more_metrics) metrics_->add(options_.more_metrics);
}

}  // namespace ephemint::inline v0::gateway
