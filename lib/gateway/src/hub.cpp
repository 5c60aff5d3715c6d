#include "hub.hpp"

#include "log_line.hpp"

#include <ephemint/observers.hpp>

#include <fmt/format.h>

#include <utility>

namespace ephemint::inline v0::gateway {
namespace {

/// The client's options, with the gateway's own observers added to the given one.
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
  metrics_->add([this] { return counts_text(); });
  if (options_.more_metrics) metrics_->add(options_.more_metrics);
}

void hub::set_api_key(secret key) {
  client_.set_api_key(std::move(key));
  notes_->forget_key();
}

void hub::record(std::string_view listener, const log_entry& entry, std::chrono::milliseconds took) {
  recount();
  {
    const std::scoped_lock lock{mutex_};
    ++answers_[{listener, entry.status}];
  }
  if (options_.log)
    options_.log(log_line(entry, listener, std::chrono::system_clock::now(), took, options_.log_accounts));
}

void hub::recount() {
  const std::scoped_lock lock{mutex_};
  tickets_known_ = tickets_.size();
  waiting_ = tickets_.waiting(instant::now());
}

std::string hub::counts_text() const {
  const std::scoped_lock lock{mutex_};
  std::string text =
      "# HELP ephemint_gateway_answers_total Requests to the gateway, by listener and by the answer's "
      "status; "
      "0: nobody waited for it any more.\n# TYPE ephemint_gateway_answers_total counter\n";
  for (const auto& [of, count] : answers_)
    text += fmt::format("ephemint_gateway_answers_total{{listener=\"{}\",status=\"{}\"}} {}\n", of.first,
                        of.second, count);
  text += fmt::format(
      "# HELP ephemint_gateway_tickets Tickets of login links that are remembered now.\n"
      "# TYPE ephemint_gateway_tickets gauge\nephemint_gateway_tickets {}\n"
      "# HELP ephemint_gateway_waiting Customers that the waiting page was shown to, and who wait now.\n"
      "# TYPE ephemint_gateway_waiting gauge\nephemint_gateway_waiting {}\n",
      tickets_known_, waiting_);
  return text;
}

}  // namespace ephemint::inline v0::gateway
