#include "core/shared_key.hpp"

#include <utility>

namespace ephemint::inline v0::redis {

using core::add;
using core::key_report;
using core::time_point;

shared_key::shared_key(std::shared_ptr<core::key_state> credential, tag_maker tag_of)
    : credential_{std::move(credential)}, tag_of_{std::move(tag_of)} {}

shared_key::~shared_key() { set_reached(false); }

void shared_key::tell(std::weak_ptr<core::key_watch> watch) noexcept {
  if (credential_) credential_->guard().tell(std::move(watch));
}

void shared_key::set_reached(bool reached) noexcept {
  if (!credential_ || std::exchange(reached_, reached) == reached) return;
  credential_->guard().set_by_grant(reached);
}

shared_key::word shared_key::word_for(const key_report& known) const noexcept {
  if (!known.refused) return refused_there_ ? word::minted : word::nothing;
  return refused_there_ && known.refusals == told_refusals_ ? word::nothing : word::refused;
}

bool shared_key::has_word() const noexcept {
  if (!credential_) return false;
  const key_report known = credential_->guard().report();
  return known.asks || known.version != version_ || word_for(known) != word::nothing;
}

void shared_key::prepare() {
  if (!credential_) return;
  if (credential_->version() != version_) {
    const auto held = credential_->current();
    std::string tag = tag_of_(held.text->reveal());
    next_tag_ = tag;
    tag_.swap(tag);
    version_ = held.version;
    revision_.reset();
    refused_there_ = false;
    told_refusals_ = 0;
  }
  next_tag_ = tag_;
}

void shared_key::write(store_call& call) noexcept {
  out_.reset();
  if (!credential_) return;
  const key_report known = credential_->guard().report();
  if (known.version != version_) return;  // there is a newer key: the next command will use it
  out_ = {known, word_for(known)};
  call.key_tag = std::move(next_tag_);
  call.key = out_->what;
  call.key_seen = revision_.value_or(0);
  call.key_probe = known.asks;
}

bool shared_key::on_answer(time_point now, const store_answer& a) noexcept {
  const auto command = std::exchange(out_, {});
  if (!command || a.what != store_answer::status::ok) return false;
  core::key_guard& guard = credential_->guard();
  const key_report known = guard.report();
  if (known.version != version_ || command->known.version != version_) return false;

  // The command was sent before the latest news: the answer to the next command counts.
  if (known.judged != command->known.judged) return false;

  const std::uint64_t before = revision_.value_or(0);
  const bool newer = revision_ && a.key_revision > before;
  const bool ours = command->what != word::nothing && a.key_revision == before + 1 &&
                    a.key_refused == (command->what == word::refused);
  revision_ = a.key_revision;
  refused_there_ = a.key_refused;
  if (a.key_refused) told_refusals_ = command->known.refusals;
  if (a.key_refused) {
    const bool again = newer && !ours && known.refused;
    guard.adopt_refused(now, add(now, -core::duration{a.key_refused_for}),
                        add(now, core::duration{a.key_retry}), again, version_);
    if (a.key_probe) guard.grant_probe(add(now, core::duration{grant}), version_);
    return true;
  }
  if (!known.refused || !newer) return false;  // if the store has forgotten the refusal, it is told again
  guard.adopt_accepted(version_);
  return true;
}

}  // namespace ephemint::inline v0::redis
