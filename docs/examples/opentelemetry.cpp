// Built only if CMake finds opentelemetry-cpp. The library itself doesn't use it.
#include "example.hpp"

#include <ephemint/observer.hpp>

#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <opentelemetry/exporters/ostream/span_exporter_factory.h>
#include <opentelemetry/sdk/trace/processor.h>
#include <opentelemetry/sdk/trace/simple_processor_factory.h>
#include <opentelemetry/sdk/trace/tracer_provider.h>
#include <opentelemetry/sdk/trace/tracer_provider_factory.h>
#include <opentelemetry/trace/tracer.h>

namespace asio = boost::asio;
namespace trace = opentelemetry::trace;
using opentelemetry::common::SteadyTimestamp;
using opentelemetry::common::SystemTimestamp;
using opentelemetry::nostd::string_view;

namespace {

string_view view(std::string_view text) { return {text.data(), text.size()}; }

// region: time
/// The times of a report are those of `ephemint::clock`: only how long ago they were means the same to
/// others.
trace::StartSpanOptions starting_at(ephemint::clock::time_point time, const trace::SpanContext& parent) {
  using namespace std::chrono;
  const auto ago = ephemint::clock::now() - time;
  trace::StartSpanOptions options;
  options.start_system_time =
      SystemTimestamp{system_clock::now() - duration_cast<system_clock::duration>(ago)};
  options.start_steady_time = SteadyTimestamp{steady_clock::now() - ago};
  options.parent = parent;
  return options;
}

trace::EndSpanOptions ending_after(ephemint::clock::duration took, const trace::StartSpanOptions& start) {
  trace::EndSpanOptions options;
  options.end_steady_time =
      SteadyTimestamp{std::chrono::nanoseconds{start.start_steady_time.time_since_epoch()} + took};
  return options;
}
// endregion

/// What is remembered of a request until its mint has ended.
struct request {
  ephemint::attempt_outcome outcome;
  int http_status;
  ephemint::clock::time_point sent_at;
  ephemint::clock::duration took;
};

// region: observer
/// Makes spans when a mint has ended: one for the mint, and below it one for each request.
class span_observer final : public ephemint::observer {
 public:
  span_observer(opentelemetry::nostd::shared_ptr<trace::Tracer> tracer, std::string url, std::string host,
                int port)
      : tracer_{std::move(tracer)}, url_{std::move(url)}, host_{std::move(host)}, port_{port} {}

  /// Under whose span a mint's stand; its `tag` goes into the request. To be kept until the mint's result is
  /// there.
  class caller {
   public:
    caller(span_observer& spans, const trace::SpanContext& context)
        : spans_{spans}, tag_{spans.join(context)} {}
    caller(const caller&) = delete;
    caller& operator=(const caller&) = delete;
    ~caller() { spans_.leave(tag_); }
    std::uint64_t tag() const { return tag_; }

   private:
    span_observer& spans_;
    std::uint64_t tag_;
  };

  void on_attempt(const ephemint::attempt_report& r) noexcept override {
    const std::scoped_lock lock{mutex_};
    if (const auto mint = open_.find(r.tag); mint != open_.end())
      mint->second.requests.push_back({r.outcome, r.http_status, r.sent_at, r.took});
  }

  void on_mint(const ephemint::mint_report& r) noexcept override {
    const std::scoped_lock lock{mutex_};
    if (const auto mint = open_.find(r.tag); mint != open_.end()) write(r, mint->second);
  }

 private:
  struct mint {
    trace::SpanContext caller;
    std::vector<request> requests;
  };

  std::uint64_t join(const trace::SpanContext& context) {
    const std::scoped_lock lock{mutex_};
    open_.insert({++last_, mint{context, {}}});
    return last_;
  }
  void leave(std::uint64_t tag) {
    const std::scoped_lock lock{mutex_};
    open_.erase(tag);
  }

  void write(const ephemint::mint_report&, const mint&);
  void write(const request&, int resends, const trace::SpanContext& parent);

  opentelemetry::nostd::shared_ptr<trace::Tracer> tracer_;
  const std::string url_, host_;
  const int port_;
  std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, mint> open_;
};
// endregion

// region: spans
void span_observer::write(const ephemint::mint_report& r, const mint& all) {
  auto start = starting_at(ephemint::clock::now() - r.took, all.caller);
  start.kind = trace::SpanKind::kInternal;
  const auto span = tracer_->StartSpan("mint", start);
  for (std::size_t i = 0; i < r.waited.size(); ++i) {
    const std::string name = "ephemint.waited." + std::string{to_string(ephemint::wait_reason(i))};
    span->SetAttribute(name, std::chrono::duration<double>{r.waited[i]}.count());
  }
  if (r.error) {
    span->SetAttribute("error.type", view(to_string(*r.error)));
    span->SetStatus(trace::StatusCode::kError);
  }
  int resends = 0;
  for (const request& one : all.requests) write(one, resends++, span->GetContext());
  span->End(ending_after(r.took, start));
}

void span_observer::write(const request& one, int resends, const trace::SpanContext& parent) {
  auto start = starting_at(one.sent_at, parent);
  start.kind = trace::SpanKind::kClient;
  const auto span = tracer_->StartSpan("POST",
                                       {{"http.request.method", "POST"},
                                        {"url.full", url_},
                                        {"server.address", host_},
                                        {"server.port", port_}},
                                       start);
  if (resends > 0) span->SetAttribute("http.request.resend_count", resends);
  if (one.http_status != 0) span->SetAttribute("http.response.status_code", one.http_status);
  // A token that came too late was a good reply all the same.
  using outcome = ephemint::attempt_outcome;
  if (one.outcome != outcome::minted && one.outcome != outcome::too_old) {
    const std::string type =
        one.http_status >= 400 ? std::to_string(one.http_status) : std::string{to_string(one.outcome)};
    span->SetAttribute("error.type", type);
    span->SetStatus(trace::StatusCode::kError);
  }
  span->End(ending_after(one.took, start));
}
// endregion

// region: login
/// A login within a request that the server has a span for.
asio::awaitable<void> log_in(ephemint::client& minter, span_observer& spans, trace::Span& server_span) {
  const span_observer::caller here{spans, server_span.GetContext()};
  ephemint::mint_request request{.account = "se-1"};
  request.tag = here.tag();
  const auto minted = co_await minter.mint(std::move(request));
  std::cout << (minted ? "minted" : to_string(minted.error())) << '\n';
}
// endregion

asio::awaitable<void> serve_one(ephemint::sandbox::server& api,
                                opentelemetry::nostd::shared_ptr<trace::Tracer> tracer) {
  const std::string url = api.base_url();
  const auto spans = std::make_shared<span_observer>(tracer, url + "/v1/tokens/ephemeral", "localhost",
                                                     std::stoi(url.substr(url.rfind(':') + 1)));
  ephemint::client_options options = example::options_for(api);
  options.observer = spans;
  ephemint::client minter{co_await asio::this_coro::executor, std::move(options)};
  trace::StartSpanOptions as_server;
  as_server.kind = trace::SpanKind::kServer;
  const auto server_span = tracer->StartSpan("GET /login", as_server);
  co_await log_in(minter, *spans, *server_span);
  server_span->End();
}

}  // namespace

int main() {
  namespace sdk = opentelemetry::sdk::trace;
  const std::shared_ptr<trace::TracerProvider> provider =
      sdk::TracerProviderFactory::Create(sdk::SimpleSpanProcessorFactory::Create(
          opentelemetry::exporter::trace::OStreamSpanExporterFactory::Create()));
  ephemint::sandbox::server api;
  api.add_fault({.count = 1, .status = 503});
  asio::io_context context;
  example::run(serve_one(api, provider->GetTracer("ephemint")), context);
}
