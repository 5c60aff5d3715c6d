#include "shell/keys_in_use.hpp"

#include <string_view>
#include <utility>

namespace ephemint::inline v0::detail {

keys_in_use::keys_in_use(std::shared_ptr<core::key_state> state, const checked_options& checked)
    : state_{std::move(state)},
      checked_{checked},
      now_{state_->current()},
      writer_{writer_of(now_, checked_.target)},
      bare_writer_{writer_of(now_, checked_.bare_target)},
      reader_{checked_.redirects, {now_.text->reveal()}} {}

request_writer keys_in_use::writer_of(const core::key_state::held_key& key, const std::string& target) const {
  return {checked_.host_header, target, *key.text, checked_.user_agent};
}

void keys_in_use::take_up(core::key_state::held_key next) {
  request_writer writer = writer_of(next, checked_.target);
  request_writer bare_writer = writer_of(next, checked_.bare_target);
  std::vector<std::string_view> texts{next.text->reveal(), now_.text->reveal()};
  for (const auto& key : before_) texts.push_back(key.text->reveal());
  before_.reserve(before_.size() + 1);
  // From here on nothing throws.
  before_.push_back(std::exchange(now_, std::move(next)));
  writer_ = std::move(writer);
  bare_writer_ = std::move(bare_writer);
  reader_.look_for(std::move(texts));
}

void keys_in_use::forget_before() {
  reader_.look_for({now_.text->reveal()});
  before_.clear();
}

}  // namespace ephemint::inline v0::detail
