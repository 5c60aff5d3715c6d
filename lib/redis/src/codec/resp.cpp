#include "codec/resp.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

#include <hiredis/hiredis.h>

namespace ephemint::inline v0::redis {

/// A reply while it is being read. hiredis says what comes next, and to which array it belongs. Its own
/// object functions aren't used, as they trust the length that an array announces.
struct growing_reply {
  std::optional<resp_value> root;
  std::string_view problem;
  bool out_of_memory = false;

  void* refuse(std::string_view why) noexcept {
    if (problem.empty()) problem = why;
    return nullptr;
  }

  /// Adds the value to its array. An array that is still being read is always its parent's last element, so
  /// it isn't moved before it is complete.
  void* add(const redisReadTask& task, resp_value value) noexcept {
    try {
      if (task.parent == nullptr) return &root.emplace(std::move(value));
      auto& siblings = static_cast<resp_value*>(task.parent->obj)->elements;
      return &siblings.emplace_back(std::move(value));
    } catch (const std::bad_alloc&) {
      out_of_memory = true;
      return nullptr;
    }
  }
};

struct reader_deleter {
  void operator()(redisReader* reader) const noexcept {
    // As far as hiredis gives access to its buffer. It moves the buffer only after more than 1 KiB of
    // complete replies.
    wipe(reader->buf, reader->len);
    ::redisReaderFree(reader);
  }
};

namespace {

using kind = resp_value::kind;

constexpr std::string_view not_resp2 = "it answered in a protocol that wasn't asked for";

growing_reply& reply_of(const redisReadTask* task) noexcept {
  return *static_cast<growing_reply*>(task->privdata);
}

std::size_t depth_of(const redisReadTask* task) noexcept {
  std::size_t depth = 1;
  while ((task = task->parent) != nullptr) ++depth;
  return depth;
}

void* add_text(const redisReadTask* task, char* text, std::size_t size) noexcept {
  growing_reply& reply = reply_of(task);
  resp_value value;
  switch (task->type) {
    case REDIS_REPLY_STRING:
      value.what = kind::text;
      break;
    case REDIS_REPLY_STATUS:
      value.what = kind::status;
      break;
    case REDIS_REPLY_ERROR:
      value.what = kind::error;
      break;
    default:
      return reply.refuse(not_resp2);
  }
  try {
    value.text.assign(text, size);
  } catch (const std::bad_alloc&) {
    reply.out_of_memory = true;
    return nullptr;
  }
  return reply.add(*task, std::move(value));
}

/// Releases of hiredis use different types for the number of elements.
template <class Count>
void* add_array(const redisReadTask* task, Count count) noexcept {
  growing_reply& reply = reply_of(task);
  if (task->type != REDIS_REPLY_ARRAY) return reply.refuse(not_resp2);
  if (static_cast<unsigned long long>(count) > resp_reader::most_elements)
    return reply.refuse("it announced an array of too many elements");
  if (depth_of(task) > resp_reader::deepest) return reply.refuse("its arrays are nested too deeply");
  return reply.add(*task, {.what = kind::array});
}

void* add_integer(const redisReadTask* task, long long value) noexcept {
  return reply_of(task).add(*task, {.what = kind::integer, .integer = value});
}

void* add_nil(const redisReadTask* task) noexcept { return reply_of(task).add(*task, {}); }

template <class... What>
void* refuse_other(const redisReadTask* task, What...) noexcept {
  return reply_of(task).refuse(not_resp2);
}

/// Later releases know more types of values. For a type without a function they would return something that
/// isn't a pointer.
template <class Functions>
Functions functions_of_ours() noexcept {
  Functions made{};
  made.createString = &add_text;
  made.createArray = &add_array;
  made.createInteger = &add_integer;
  made.createNil = &add_nil;
  made.freeObject = [](void*) {};
  if constexpr (requires { made.createDouble; }) made.createDouble = &refuse_other;
  if constexpr (requires { made.createBool; }) made.createBool = &refuse_other;
  return made;
}

redisReplyObjectFunctions functions = functions_of_ours<redisReplyObjectFunctions>();

/// The length that a text announces, if its head is complete and valid. `bytes` begin after the type.
std::optional<unsigned long long> announced_length(std::string_view bytes) noexcept {
  const auto end = bytes.find("\r\n");
  if (end == bytes.npos) return std::nullopt;
  unsigned long long length = 0;
  for (const char c : bytes.substr(0, end)) {
    if (c < '0' || c > '9' || length > resp_reader::longest_reply) break;
    length = length * 10 + static_cast<unsigned long long>(c - '0');
  }
  return length;
}

}  // namespace

secret resp_command(std::span<const std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  texts.reserve(words.size());
  sizes.reserve(words.size());
  for (const std::string_view word : words) {
    texts.push_back(word.empty() ? "" : word.data());
    sizes.push_back(word.size());
  }
  char* bytes = nullptr;
  const auto size = static_cast<long long>(
      ::redisFormatCommandArgv(&bytes, static_cast<int>(words.size()), texts.data(), sizes.data()));
  if (size < 0) throw std::bad_alloc{};
  const auto count = static_cast<std::size_t>(size);
  const auto done = [count](char* from) {
    wipe(from, count);
    ::redisFreeCommand(from);
  };
  const std::unique_ptr<char, decltype(done)> owner{bytes, done};
  return secret{{bytes, count}};
}

struct resp_reader::parser {
  growing_reply growing;
  std::unique_ptr<redisReader, reader_deleter> reader;
  std::string_view problem;
  std::size_t fed = 0;  ///< since the last complete reply

  std::string_view unread() const noexcept { return {reader->buf + reader->pos, reader->len - reader->pos}; }
};

resp_reader::resp_reader() : parser_{std::make_unique<parser>()} {
  parser_->reader.reset(::redisReaderCreateWithFunctions(&functions));
  if (!parser_->reader) throw std::bad_alloc{};
  parser_->reader->privdata = &parser_->growing;
}

resp_reader::~resp_reader() = default;

void resp_reader::feed(std::string_view bytes) {
  if (!parser_->problem.empty() || bytes.empty()) return;
  if (::redisReaderFeed(parser_->reader.get(), bytes.data(), bytes.size()) != REDIS_OK)
    throw std::bad_alloc{};
  parser_->fed += bytes.size();
}

std::optional<resp_value> resp_reader::next() {
  parser& p = *parser_;
  if (!p.problem.empty()) return std::nullopt;
  void* whole = nullptr;
  const int result = ::redisReaderGetReply(p.reader.get(), &whole);
  const bool refused = !p.growing.problem.empty();  // hiredis would take it for a lack of memory
  if (!refused && (p.growing.out_of_memory || p.reader->err == REDIS_ERR_OOM)) throw std::bad_alloc{};
  if (result != REDIS_OK) {
    p.problem = refused ? p.growing.problem : "it broke the protocol";
    return std::nullopt;
  }
  const std::size_t left = p.unread().size();
  if (whole == nullptr) {
    // Unread bytes inside an array belong to a text whose head may have come.
    const auto length = announced_length(p.unread());
    if (p.fed > longest_reply || (length && *length > longest_reply))
      p.problem = "it sent a reply of more than 64 KiB";
    return std::nullopt;
  }
  const std::size_t size = p.fed - std::min(p.fed, left);
  p.fed = left;
  if (size > longest_reply) {
    p.problem = "it sent a reply of more than 64 KiB";
    return std::nullopt;
  }
  return std::exchange(p.growing.root, std::nullopt);
}

std::string_view resp_reader::problem() const noexcept { return parser_->problem; }

}  // namespace ephemint::inline v0::redis
