#include "support/quota_script_store.hpp"

#include "codec/script_text.hpp"

#include <stdexcept>
#include <utility>

namespace ephemint::test {

namespace {

/// The script, but with the time in two more keys instead of its one call of the clock.
std::string with_time_given() {
  std::string text{redis::quota_script()};
  const std::string look = "redis.call('TIME')";
  const std::size_t at = text.find(look);
  if (at == std::string::npos || text.find(look, at + 1) != std::string::npos)
    throw std::logic_error{"the script must look at the clock once"};
  return text.replace(at, look.size(), "{KEYS[2], KEYS[3]}");
}

}  // namespace

quota_script_store::quota_script_store() : digest_{server_.ask_text({"SCRIPT", "LOAD", with_time_given()})} {}

redis_reply quota_script_store::reply(std::int64_t now_ms, const std::string& key,
                                      const std::vector<std::string>& arguments) {
  std::vector<std::string> words{
      "EVALSHA", digest_, "3", key, std::to_string(now_ms / 1000), std::to_string(now_ms % 1000 * 1000)};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return server_.ask(words);
}

redis::store_answer quota_script_store::evaluate(std::int64_t now_ms, const std::string& key,
                                                 const redis::store_call& call) {
  const redis_reply got = reply(now_ms, key, redis::arguments_of(call));
  if (got.what != redis_reply::kind::array) throw std::runtime_error{"not an array: " + got.text};
  std::vector<redis::store_value> values;
  for (const redis_reply& element : got.elements) {
    if (element.what == redis_reply::kind::integer)
      values.emplace_back(element.integer);
    else
      values.emplace_back(element.text);
  }
  return redis::answer_of(values);
}

std::map<std::string, std::string> quota_script_store::fields(const std::string& key) {
  std::map<std::string, std::string> all;
  const redis_reply got = server_.ask({"HGETALL", key});
  for (std::size_t i = 0; i + 1 < got.elements.size(); i += 2)
    all[got.elements[i].text] = got.elements[i + 1].text;
  std::erase_if(all, [](const auto& field) { return field.second.empty() || field.second == "0"; });
  return all;
}

void quota_script_store::set_fields(const std::string& key, const std::map<std::string, std::string>& all) {
  forget(key);
  if (all.empty()) return;
  std::vector<std::string> words{"HSET", key};
  for (const auto& [name, value] : all) {
    words.push_back(name);
    words.push_back(value);
  }
  server_.ask(words);
}

void quota_script_store::forget(const std::string& key) { server_.ask({"DEL", key}); }

}  // namespace ephemint::test
