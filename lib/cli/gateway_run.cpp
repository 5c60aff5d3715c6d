#include "gateway_run.hpp"

#include "option_words.hpp"
#include "text.hpp"

#include <boost/system/error_code.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace ephemint::cli {
namespace {

std::string ready_line(const gateway::server_addresses& at) {
  std::string line;
  const std::pair<std::string_view, const std::string&> faces[] = {
      {"listen", at.backend}, {"login", at.login}, {"admin", at.admin}};
  for (const auto& [name, address] : faces) {
    if (address.empty()) continue;
    line += fmt::format("{}\"{}\":", line.empty() ? '{' : ',', name);
    append_json_string(line, address);
  }
  return line + "}\n";
}

/// Whether all of it was written. Gives up if the reader takes nothing for a second.
bool print_line(std::string_view text) {
  while (!text.empty()) {
    pollfd room{STDOUT_FILENO, POLLOUT, 0};
    if (::poll(&room, 1, 1000) == 0) return false;
    const ssize_t size = ::write(STDOUT_FILENO, text.data(), text.size());
    if (size > 0)
      text.remove_prefix(static_cast<std::size_t>(size));
    else if (errno != EINTR && errno != EAGAIN)
      return false;
  }
  return true;
}

}  // namespace

gateway::server_options load(gateway_arguments& given, boost::asio::io_context& context,
                             std::optional<quota_store>& store, const talker& warn) {
  look_for_credentials(given);
  check_quota_store(given.store, given.rate);
  gateway::server_options options = std::move(given.server);
  secret key = read_api_key(given.api_key_file, warn);
  const quota rate = rate_of(given, key);
  options.client = to_client_options(given, std::move(key), warn);
  if (given.link_key_file) options.link_keys = read_link_keys(*given.link_key_file, warn);
  if (given.bearer_file) options.bearers = read_bearers(*given.bearer_file, warn);
  if (!given.store.url) return options;
  store.emplace(context.get_executor(), given.store, options.client.api_key, options.client.base_url,
                options.client.authority_file, rate);
  options.client.governor = store->governor();
  options.more_metrics = store->series();
  return options;
}

gateway_run::gateway_run(gateway_arguments given)
    : signals_{context_, SIGINT, SIGTERM, SIGHUP}, delay_{context_}, given_{std::move(given)} {
  try {
    start();
  } catch (const std::invalid_argument& wrong) {
    throw usage_error{in_words_of_the_command(wrong.what())};
  } catch (const std::system_error& error) {
    throw usage_error{error.what()};  // for instance if it can't listen
  }
}

void gateway_run::start() {
  place_listeners(given_, take_activated_sockets());
  drain_delay_ = drain_delay_of(given_);
  gateway::server_options options =
      load(given_, context_, store_, [this](std::string_view warning) { log_.say(warning); });
  if (store_) store_->say = [this](std::string_view change) { log_.say(change); };
  options.log = [this](std::string_view line) { log_.write(line); };
  server_.emplace(context_.get_executor(), std::move(options));
}

exit_status gateway_run::run() {
  await_signal();
  tell_ready();
  run_whatever_fails();
  server_.reset();
  context_.restart();
  context_.poll();  // logs the requests that were cut off
  if (store_ && !told_twice_) store_->leave(context_);
  log_.say("stopped");
  return exit_status::all_minted;
}

/// An exception from a handler for which there was no memory ends only that handler.
void gateway_run::run_whatever_fails() {
  while (true) try {
      context_.run();
      return;
    } catch (const std::bad_alloc&) {
    }
}

void gateway_run::tell_ready() {
  const std::string line = ready_line(server_->addresses());
  if (!print_line(line)) log_.say("the line that says where it listens can't be written to stdout");
  log_.say(fmt::format("started: {}", std::string_view{line}.substr(0, line.size() - 1)));
  manager_.notify("READY=1\nSTATUS=serving");
}

void gateway_run::await_signal() {
  signals_.async_wait([this](boost::system::error_code error, int signal) {
    if (error) return;
    await_signal();
    take(signal);
  });
}

void gateway_run::take(int signal) {
  if (signal == SIGHUP) return read_again();
  if (!std::exchange(stopping_, true)) return stop(signal);
  told_twice_ = true;
  log_.say("told twice to stop: out now");
  context_.stop();
}

/// Those that send logins here are told first, as they need time to send them elsewhere.
void gateway_run::stop(int signal) {
  server_->drain();
  manager_.notify("STOPPING=1\nSTATUS=draining");
  const auto delay = signal == SIGTERM ? drain_delay_ : drain_delay_.zero();
  log_.say(
      fmt::format("stopping: serving on for {} ms, then until what is under way has ended", delay.count()));
  delay_.expires_after(delay);
  delay_.async_wait([this](boost::system::error_code error) {
    if (!error) close();
  });
}

void gateway_run::close() {
  server_->async_close([this](result<void>) { context_.stop(); });
}

void gateway_run::read_again() {
  const talker warn = [this](std::string_view warning) { log_.say(warning); };
  manager_.notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_microseconds()));
  if (given_.api_key_file)
    read_again("API key", [&] { server_->set_api_key(read_api_key(given_.api_key_file, warn)); });
  else
    log_.say("the API key came from the environment: there is nothing to read again");
  if (given_.link_key_file)
    read_again("link keys", [&] { server_->set_link_keys(read_link_keys(*given_.link_key_file, warn)); });
  if (given_.bearer_file)
    read_again("bearers", [&] { server_->set_bearers(read_bearers(*given_.bearer_file, warn)); });
  manager_.notify("READY=1");
}

void gateway_run::read_again(std::string_view what, const std::function<void()>& read) {
  try {
    read();
    log_.say(fmt::format("{}: read again", what));
  } catch (const std::exception& wrong) {
    log_.say(fmt::format("{}: kept as before: {}", what, in_words_of_the_command(wrong.what())));
  }
}

}  // namespace ephemint::cli
