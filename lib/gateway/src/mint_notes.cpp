#include "mint_notes.hpp"

#include <new>

namespace ephemint::inline v0::gateway {

void mint_notes::on_mint(const mint_report& over) noexcept {
  const std::scoped_lock lock{mutex_};
  const auto one = open_.find(over.tag);
  if (one == open_.end()) return;
  one->second.attempts = over.attempts;
  try {
    one->second.request_id = over.request_id;
  } catch (const std::bad_alloc&) {  // then it isn't known
  }
}

noted_mint::noted_mint(mint_notes& all) : all_{all} {
  const std::scoped_lock lock{all_.mutex_};
  tag_ = ++all_.last_tag_;
  all_.open_.try_emplace(tag_);
}

noted_mint::~noted_mint() {
  const std::scoped_lock lock{all_.mutex_};
  all_.open_.erase(tag_);
}

mint_note noted_mint::note() const {
  const std::scoped_lock lock{all_.mutex_};
  return all_.open_.at(tag_);
}

}  // namespace ephemint::inline v0::gateway
