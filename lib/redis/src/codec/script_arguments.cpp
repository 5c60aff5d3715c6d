#include "codec/script_text.hpp"

#include <algorithm>
#include <cmath>

namespace ephemint::inline v0::redis {

namespace {

// The most entries that the script takes in one report.
constexpr std::size_t most_uses = 4096;

std::string number(milliseconds span) { return std::to_string(std::max(span, milliseconds{}).count()); }

std::string number(const std::optional<milliseconds>& span) { return span ? number(*span) : std::string{}; }

std::string flags_of(const store_call& call) {
  std::string flags;
  if (call.calm) flags += 'c';
  if (call.used_own_share) flags += 'f';
  if (call.bye) flags += 'b';
  if (call.probe_succeeded) flags += 'p';
  if (call.probe_undone) flags += 'u';
  if (call.key_probe) flags += 'k';
  return flags;
}

std::string word_of(store_call::key_word word) {
  switch (word) {
    case store_call::key_word::nothing:
      return {};
    case store_call::key_word::refused:
      return "refused";
    case store_call::key_word::minted:
      return "minted";
    case store_call::key_word::undone:
      return "undone";
  }
  return {};
}

/// The limit in thousandths, so that growth by less than a permit isn't lost.
std::string learned_of(const std::optional<double>& limit) {
  if (!limit || !(*limit >= 0)) return {};
  return std::to_string(std::llround(std::min(*limit, 1e9) * 1000));
}

/// Merges neighbours that the script would count in about the same cell. A merged entry gets the younger age,
/// so that no use leaves the window too soon. The order stays, as the script skips the uses that it knows by
/// their number.
std::vector<dated_uses> fewer(const std::vector<dated_uses>& uses, milliseconds cell) {
  std::vector<dated_uses> merged;
  for (const dated_uses& u : uses) {
    if (u.count == 0) continue;
    if (!merged.empty() && merged.back().age / cell == u.age / cell) {
      merged.back().age = std::min(merged.back().age, u.age);
      merged.back().count += u.count;
    } else {
      merged.push_back(u);
    }
  }
  return merged;
}

}  // namespace

std::vector<dated_uses> uses_to_report(const store_call& call) {
  milliseconds cell{1};
  std::vector<dated_uses> uses = fewer(call.uses, cell);
  if (uses.size() > 256) uses = fewer(uses, cell = std::max(cell, call.window / 1000));
  while (uses.size() > most_uses) {
    std::vector<dated_uses> half;
    for (std::size_t i = 0; i < uses.size(); i += 2) {
      half.push_back(uses[i]);
      if (i + 1 == uses.size()) break;
      half.back().age = std::min(half.back().age, uses[i + 1].age);
      half.back().count += uses[i + 1].count;
    }
    uses = std::move(half);
  }
  return uses;
}

std::vector<std::string> arguments_of(const store_call& call) {
  const std::vector<dated_uses> uses = uses_to_report(call);
  std::vector<std::string> words{
      call.member,
      std::to_string(call.seq),
      call.epoch_seen,
      std::to_string(call.revision_seen),
      call.spare_epoch,
      std::to_string(call.quota),
      number(call.window),
      std::to_string(call.held),
      std::to_string(call.confirmed),
      std::to_string(call.want_logins),
      std::to_string(call.want_background),
      std::to_string(call.want_spare),
      std::to_string(call.logins_sent),
      number(call.lease),
      flags_of(call),
      number(call.retry_after),
      number(call.refused_grant_age),
      learned_of(call.learned),
      std::to_string(call.learned_seen),
      call.key_tag,
      word_of(call.key),
      std::to_string(call.key_seen),
  };
  words.reserve(words.size() + 2 * uses.size());
  for (const dated_uses& u : uses) {
    words.push_back(number(u.age));
    words.push_back(std::to_string(u.count));
  }
  return words;
}

}  // namespace ephemint::inline v0::redis
