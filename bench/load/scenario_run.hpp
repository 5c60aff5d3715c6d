#pragma once

#include "harness/measurements.hpp"
#include "harness/process_figures.hpp"
#include "sandbox_process.hpp"
#include "scenario.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace ephemint::bench {

/// The API under load: a sandbox of ours, or an existing server, on whose behaviour the scenario has no
/// influence.
class api_under_load {
 public:
  api_under_load() : sandbox_{std::in_place}, address_{sandbox_->address()} {}
  explicit api_under_load(server_address given) : address_{std::move(given)} {}

  const server_address& address() const noexcept { return address_; }
  sandbox_process* sandbox() noexcept { return sandbox_ ? &*sandbox_ : nullptr; }

 private:
  std::optional<sandbox_process> sandbox_;
  server_address address_;
};

enum class client_kind : std::uint8_t { ephemint, ephemint_http2, naive };

/// As results name it: `ephemint`, `ephemint-h2`, `naive`.
std::string_view name_of(client_kind) noexcept;

/// One scenario's figures.
struct scenario_result {
  scenario asked;
  std::string client;
  measurements calls;
  measurements batch;
  std::chrono::nanoseconds time{};
  std::chrono::nanoseconds batch_time{};
  minter_counts did;
  process_figures used;
  std::uint64_t peak_memory_kib = 0;
  std::optional<sandbox_view> seen = {};  ///< by the sandbox

  std::uint64_t minted() const noexcept { return calls.minted + batch.minted; }
};

/// Throws `std::invalid_argument` for a scenario that the client or the sandbox refuses.
scenario_result run_scenario(const scenario&, api_under_load&, client_kind = client_kind::ephemint);

}  // namespace ephemint::bench
