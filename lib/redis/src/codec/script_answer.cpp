#include "codec/script_text.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace ephemint::inline v0::redis {

namespace {

using status = store_answer::status;
using mode = store_answer::mode;

// Larger than any number in an answer: the script limits its input.
constexpr std::int64_t absurd = 10'000'000'000'000'000;
// The longest time span apart from ages is a pause.
constexpr std::int64_t longest_wait = 24 * 3'600'000;

template <class Word, std::size_t size>
using vocabulary = std::array<std::pair<std::string_view, Word>, size>;

constexpr vocabulary<status, 7> statuses{{{"ok", status::ok},
                                          {"lost", status::lost},
                                          {"gone", status::gone},
                                          {"stale", status::stale},
                                          {"version", status::version},
                                          {"window", status::window},
                                          {"full", status::full}}};
constexpr vocabulary<mode, 5> modes{{{"open", mode::open},
                                     {"pause", mode::pause},
                                     {"recover", mode::recover},
                                     {"probing", mode::probing},
                                     {"probe", mode::probe}}};

/// Reads a reply from its first element to its last. An error never repeats the store's text, only where it
/// was wrong.
class reader {
 public:
  explicit reader(const std::vector<store_value>& values) : values_{values} {}

  template <class Word, std::size_t size>
  Word word(const vocabulary<Word, size>& known) {
    const std::string& said = text();
    for (const auto& [name, word] : known)
      if (name == said) return word;
    throw wrong("is an unknown word");
  }

  std::string name() {
    const std::string& said = text();
    if (said.empty() || said.size() > 40) throw wrong("must be 1 to 40 characters");
    for (const char c : said)
      if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
            c == '-'))
        throw wrong("holds a character that isn't one of a name's");
    return said;
  }

  std::int64_t integer(std::int64_t least, std::int64_t most) {
    const auto* value = std::get_if<std::int64_t>(&next());
    if (value == nullptr) throw wrong("must be a number");
    if (*value < least || *value > most) throw wrong("is out of range");
    return *value;
  }
  std::uint64_t count() { return static_cast<std::uint64_t>(integer(0, absurd)); }
  bool flag() { return integer(0, 1) == 1; }
  milliseconds span(std::int64_t most = longest_wait) { return milliseconds{integer(0, most)}; }

  void end() const {
    if (at_ != values_.size()) throw_length();
  }

 private:
  const store_value& next() {
    if (at_ == values_.size()) throw_length();
    return values_[at_++];
  }
  const std::string& text() {
    const auto* value = std::get_if<std::string>(&next());
    if (value == nullptr) throw wrong("must be text");
    return *value;
  }
  std::runtime_error wrong(std::string_view why) const {
    return std::runtime_error{fmt::format("the store's answer isn't the script's: element {} {}", at_, why)};
  }
  [[noreturn]] void throw_length() const {
    throw std::runtime_error{
        fmt::format("the store's answer isn't the script's: it has {} elements", values_.size())};
  }

  const std::vector<store_value>& values_;
  std::size_t at_ = 0;
};

void read_grant(reader& from, store_answer& answer) {
  answer.members = static_cast<std::uint64_t>(from.integer(0, 1'000'000));
  answer.limit = static_cast<double>(from.integer(1, absurd));
  answer.counted = from.count();
  answer.free = from.integer(-absurd, absurd);
  answer.logins = from.count();
  answer.background = from.count();
  const std::int64_t ask = from.integer(-1, longest_wait);
  if (ask >= 0) answer.ask_again = milliseconds{ask};
  answer.pause_left = from.span();
  answer.now = from.word(modes);
}

void read_refusals(reader& from, store_answer& answer) {
  answer.learned_revision = from.count();
  answer.grows = from.flag();
  answer.key_refused = from.flag();
  answer.key_revision = from.count();
  answer.key_probe = from.flag();
  answer.key_refused_for = from.span(absurd);
  answer.key_retry = from.span();
}

}  // namespace

store_answer answer_of(const std::vector<store_value>& values) {
  reader from{values};
  store_answer answer;
  answer.what = from.word(statuses);
  if (answer.what == status::version || answer.what == status::window) {
    answer.theirs = from.count();
  } else {
    answer.epoch = from.name();
    answer.revision = from.count();
    if (answer.what == status::full) answer.ask_again = from.span();
    if (answer.what == status::ok) {
      read_grant(from, answer);
      read_refusals(from, answer);
    }
  }
  from.end();
  return answer;
}

}  // namespace ephemint::inline v0::redis
