#include "mint_run.hpp"

#include "option_words.hpp"
#include "talk.hpp"
#include "text.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace ephemint::cli {
namespace {

std::optional<account_file> file_of(const mint_arguments& given) {
  if (!given.accounts_file) return std::nullopt;
  return open_accounts(*given.accounts_file);
}

result_format format_of(const mint_arguments& given) {
  if (given.format) return *given.format;
  return terminal_on(STDOUT_FILENO).is_one ? result_format::text : result_format::json;
}

std::optional<std::uint64_t> total_of(const account_feed& accounts) {
  return terminal_on(STDERR_FILENO).redraws ? accounts.left() : std::nullopt;
}

}  // namespace

mint_run::mint_run(const mint_arguments& given)
    : signals_{context_},
      patience_{context_},
      accounts_{context_.get_executor(), given.accounts, file_of(given)},
      out_{context_.get_executor(), STDOUT_FILENO},
      display_{context_.get_executor(), client_, total_of(accounts_)},
      lines_{format_of(given), login_options{given.theme_id, given.redirect_to}, !is_one_account(given),
             given.token_only} {
  try {
    secret key = read_api_key(given.api_key_file);
    rate_ = rate_of(given, key);
    client_options options = to_client_options(given, std::move(key));
    if (given.store.url) {
      store_.emplace(context_.get_executor(), given.store, options.api_key, options.base_url,
                     options.authority_file, rate_);
      store_->say = [this](std::string_view change) {
        display_.clear();
        talk(fmt::format("{}\n", change));
      };
      options.governor = store_->governor();
    }
    if (given.metrics_file) count_into(*given.metrics_file, options);
    many_ = to_many_options(given, options);
    client_.emplace(context_.get_executor(), std::move(options));
    results_.emplace(client_->mint_many(accounts_.source(), many_));
  } catch (const std::invalid_argument& wrong) {
    throw usage_error{in_words_of_the_command(wrong.what(), given)};
  }
}

void mint_run::count_into(const std::string& file, client_options& options) {
  metrics_.emplace(context_.get_executor(), file);
  metrics_->before_talk = [this] { display_.clear(); };
  if (store_) metrics_->counted()->add(store_->series());
  options.observer = metrics_->counted();
}

exit_status mint_run::run() {
  std::exception_ptr thrown;
  out_.before_write = [this] { display_.clear(); };
  out_.on_long_wait = [this] {
    display_.clear();
    talk("waiting for stdout's reader: it has taken no line for 10 s\n");
  };
  // Posted, as the client may be the caller, and this ends it.
  out_.on_failure = [this] { asio::post(context_, [this] { abandon(); }); };
  await_signal();
  display_.start(rate_, client_->options().governor, many_);
  if (metrics_) metrics_->start();
  asio::co_spawn(context_, mint_all(), [&](std::exception_ptr error) {
    thrown = std::move(error);
    context_.stop();
  });
  context_.run();
  display_.stop();
  if (metrics_) metrics_->finish();
  if (store_) leave_store();
  return report(thrown);
}

/// So that the other processes needn't wait until the permits held here expire.
void mint_run::leave_store() {
  signals_.cancel();
  patience_.cancel();
  results_.reset();
  client_.reset();
  store_->leave(context_);
}

asio::awaitable<void> mint_run::mint_all() {
  std::exception_ptr thrown;
  try {
    while (!out_.failure()) {
      // The stream keeps a result until it can be written, and mints it again if it becomes too old by then.
      if (!out_.ready()) co_await out_.until_ready();
      const std::optional<account_result> one = co_await results_->next();
      if (!one) break;
      record(*one);
    }
  } catch (...) {
    thrown = std::current_exception();
  }
  co_await out_.until_written();
  if (thrown) std::rethrow_exception(thrown);
}

void mint_run::record(const account_result& one) {
  std::string talked;
  result_line line;
  const auto failure = lines_.write(one, line, talked);
  out_.add(std::move(line));
  if (!failure) {
    tally_.count_minted();
    display_.minted();
  } else if (!is_left_over(*failure)) {
    tally_.count_failed(*failure);
    display_.failed();
  }
  if (talked.empty()) return;
  display_.clear();
  talk(talked);
}

/// Not a failure: we were told to stop before it was tried.
bool mint_run::is_left_over(const mint_error& failure) const noexcept {
  return stopped_by_ && failure.value() == mint_errc::closed && failure.attempts() == 0;
}

void mint_run::await_signal() {
  signals_.add(SIGINT);
  signals_.add(SIGTERM);
  signals_.async_wait([this](boost::system::error_code error, int signal) {
    if (error) return;
    signals_.clear();  // the next signal kills
    stop_gently(signal);
  });
}

/// Ends the accounts: waiting mints are cancelled, and those on the wire may still finish. All this takes
/// less than the 2 s that a person waits for a program to end: later mints end as `closed`, and results that
/// a slow reader hasn't taken aren't written.
void mint_run::stop_gently(int signal) {
  using namespace std::chrono_literals;
  constexpr std::size_t longest_rest = 64 * 1024 * 1024;  // read in a fraction of a second
  stopped_by_ = signal;
  unread_ = accounts_.left(longest_rest);
  accounts_.stop();
  if (client_) asio::co_spawn(context_, close_client(), asio::detached);
  patience_.expires_after(1600ms);
  patience_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    abandon();
    patience_.expires_after(200ms);
    patience_.async_wait([this](boost::system::error_code late) {
      if (!late) out_.give_up();
    });
  });
}

asio::awaitable<void> mint_run::close_client() { co_await client_->close(); }

/// The output's reader is gone: ends every mint, and with it the wait for the next result.
void mint_run::abandon() {
  accounts_.stop();
  client_.reset();
}

exit_status mint_run::report(std::exception_ptr thrown) {
  const int unwritten = out_.failure().value();
  if (unwritten == EPIPE)  // the reader has read enough: not an error
    return stopped_by_ ? ended_by(*stopped_by_) : exit_status::some_failed;
  if (unwritten != 0 && unwritten != ECANCELED)
    complain(fmt::format("can't write to stdout: {}", out_.failure().message()));
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    complain(error.what());
  }
  if (stopped_by_) complain(words_of_interruption());
  if (tally_.failed() > 0 || terminal_on(STDERR_FILENO).is_one) talk(tally_.summary() + '\n');
  if (stopped_by_) return ended_by(*stopped_by_);
  const bool complete = !thrown && unwritten == 0;
  return complete && tally_.failed() == 0 ? exit_status::all_minted : exit_status::some_failed;
}

/// `interrupted; at least 20 accounts were not tried`
std::string mint_run::words_of_interruption() const {
  const std::uint64_t tried = tally_.minted() + tally_.failed();
  const std::uint64_t not_tried = accounts_.given() - tried + unread_.value_or(0);
  return fmt::format("interrupted; {}{} account{} not tried", unread_ ? "" : "at least ",
                     with_thousands(not_tried), not_tried == 1 ? " was" : "s were");
}

}  // namespace ephemint::cli
