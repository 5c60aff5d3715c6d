#include "minter.hpp"

#include <ephemint/client.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <exception>
#include <optional>
#include <utility>

namespace ephemint::bench {
namespace {

client_options options_for(const target& where, bool single_threaded) {
  client_options options;
  options.api_key = secret{where.api_key};
  options.base_url = where.base_url;
  options.system_authorities = false;
  options.authority_file = where.ca_file;
  options.rate = quota::unlimited();
  options.max_connections = where.connections;
  options.single_threaded = single_threaded;
  return options;
}

/// What both ways of calling share: a context, and the client on it.
class ephemint_minter : public minter {
 public:
  explicit ephemint_minter(const target& where, bool single_threaded = true)
      : workers_{where.connections}, client_{context_.get_executor(), options_for(where, single_threaded)} {
    // All connections stand before anything is measured, as the others' do: a few would serve everybody here.
    asio::co_spawn(context_, client_.warm_up(workers_), [this](std::exception_ptr) { context_.stop(); });
    context_.run();
  }

  void run(workload& load) final {
    working_ = workers_;
    for (std::size_t i = 0; i < workers_; ++i) start_worker(i, load);
    context_.restart();
    context_.run();  // till the last worker is done: idle connections would keep it
  }
  std::uint64_t dials() const final { return client_.stats().dials; }

 protected:
  virtual void start_worker(std::size_t number, workload& load) = 0;

  /// `kept`: the worker's place for its token, until the next one comes.
  static void finish(workload& load, const ticket& done, mint_result result, mint_result& kept) {
    kept = std::move(result);
    if (kept)
      load.minted(done);
    else
      load.failed(done, kept.error().message());
  }
  void worker_is_done() {
    if (--working_ == 0) context_.stop();
  }

  const std::size_t workers_;
  std::size_t working_ = 0;
  asio::io_context context_{1};
  client client_;
};

class callback_minter : public ephemint_minter {
 public:
  using ephemint_minter::ephemint_minter;

 private:
  struct worker {
    worker(callback_minter& m) : self{m}, timer{m.context_} {}

    void take() {
      current = load->next();
      if (!current) {
        self.worker_is_done();
      } else if (current->due <= clock::now()) {
        mint();
      } else {
        timer.expires_at(current->due);
        timer.async_wait([this](boost::system::error_code) { mint(); });
      }
    }
    void mint() {
      self.client_.async_mint({.account = account_of(*current)}, [this](mint_result result) {
        finish(*load, *current, std::move(result), kept);
        take();
      });
    }

    callback_minter& self;
    asio::steady_timer timer;
    workload* load = nullptr;
    std::optional<ticket> current = {};
    mint_result kept = ephemeral_token{};
  };

  void start_worker(std::size_t number, workload& load) override {
    if (number == crew_.size()) crew_.emplace_back(*this);
    crew_[number].load = &load;
    crew_[number].take();
  }

  std::deque<worker> crew_;
};

class coroutine_minter : public ephemint_minter {
 public:
  using ephemint_minter::ephemint_minter;

 private:
  void start_worker(std::size_t, workload& load) override {
    asio::co_spawn(context_, work(load), asio::detached);
  }

  asio::awaitable<void> work(workload& load) {
    asio::steady_timer timer{context_};
    mint_result kept = ephemeral_token{};
    while (const auto next = load.next()) {
      if (next->due > clock::now()) {
        timer.expires_at(next->due);
        co_await timer.async_wait(asio::use_awaitable);
      }
      auto result = co_await client_.mint({.account = account_of(*next)});
      finish(load, *next, std::move(result), kept);
    }
    worker_is_done();
  }
};

}  // namespace

std::unique_ptr<minter> make_ephemint(const target& where) {
  return std::make_unique<callback_minter>(where);
}
std::unique_ptr<minter> make_ephemint_on_strand(const target& where) {
  return std::make_unique<callback_minter>(where, false);
}
std::unique_ptr<minter> make_ephemint_coroutine(const target& where) {
  return std::make_unique<coroutine_minter>(where);
}

}  // namespace ephemint::bench
