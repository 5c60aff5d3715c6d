#include "example.hpp"

#include <ephemint/log_observer.hpp>

#include <iostream>
#include <memory>
#include <string_view>
#include <utility>

#ifdef EXAMPLE_WITH_SPDLOG
#include <spdlog/spdlog.h>
#endif
#ifdef EXAMPLE_WITH_BOOST_LOG
#include <boost/log/trivial.hpp>
#endif
#include <syslog.h>

namespace asio = boost::asio;

namespace {

using ephemint::severity;

// region: stream
/// Writes the lines unchanged.
std::shared_ptr<ephemint::observer> log_to(std::ostream& out) {
  return std::make_shared<ephemint::log_observer>(
      [&out](severity how, std::string_view line) { out << to_string(how) << ": " << line << '\n'; });
}
// endregion

#ifdef EXAMPLE_WITH_SPDLOG
// region: spdlog
std::shared_ptr<ephemint::observer> log_to_spdlog() {
  return std::make_shared<ephemint::log_observer>([](severity how, std::string_view line) {
    spdlog::log(spdlog::level::from_str(std::string{to_string(how)}), "{}", line);
  });
}
// endregion
#endif

#ifdef EXAMPLE_WITH_BOOST_LOG
// region: boost_log
std::shared_ptr<ephemint::observer> log_to_boost() {
  namespace trivial = boost::log::trivial;
  return std::make_shared<ephemint::log_observer>([](severity how, std::string_view line) {
    constexpr trivial::severity_level levels[] = {trivial::debug, trivial::info, trivial::warning,
                                                  trivial::error};
    BOOST_LOG_STREAM_WITH_PARAMS(trivial::logger::get(),
                                 (boost::log::keywords::severity = levels[static_cast<int>(how)]))
        << line;
  });
}
// endregion
#endif

// region: syslog
std::shared_ptr<ephemint::observer> log_to_syslog() {
  return std::make_shared<ephemint::log_observer>([](severity how, std::string_view line) {
    constexpr int levels[] = {LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERR};
    ::syslog(levels[static_cast<int>(how)], "%.*s", static_cast<int>(line.size()), line.data());
  });
}
// endregion

asio::awaitable<void> mint_some(ephemint::sandbox::server& api) {
  ephemint::client_options options = example::options_for(api);
  options.observer = log_to(std::cout);
  ephemint::client minter{co_await asio::this_coro::executor, std::move(options)};
  for (const char* account : {"se-1", "se-2", "se-3"}) co_await minter.mint({.account = account});
}

}  // namespace

int main() {
  [[maybe_unused]] const auto elsewhere = log_to_syslog();
#ifdef EXAMPLE_WITH_SPDLOG
  [[maybe_unused]] const auto with_spdlog = log_to_spdlog();
#endif
#ifdef EXAMPLE_WITH_BOOST_LOG
  [[maybe_unused]] const auto with_boost = log_to_boost();
#endif
  ephemint::sandbox::server api;
  api.add_fault({.account = "se-2", .count = 1, .status = 503});
  api.add_fault({.account = "se-3", .count = 1, .status = 503});
  asio::io_context context;
  example::run(mint_some(api), context);
}
