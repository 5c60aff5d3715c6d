#include "result_lines.hpp"

#include "option_words.hpp"
#include "text.hpp"

#include <ephemint/secret.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace ephemint::cli {
namespace {

using std::chrono::milliseconds;

void append_number(std::string& out, std::int64_t number) {
  const fmt::format_int text{number};
  out.append(text.data(), text.size());
}

/// `,"name":"text"`, or nothing if there is none.
void append_text(std::string& out, std::string_view name_part, std::string_view text) {
  if (text.empty()) return;
  out += name_part;
  append_json_string(out, text);
}

void append_api_error(std::string& out, const api_error& error) {
  const std::size_t begin = out.size();
  append_text(out, ",\"error_source\":", error.source.text());
  append_text(out, ",\"error_type\":", error.type.text());
  append_text(out, ",\"error_code\":", error.code.text());
  append_text(out, ",\"message\":", error.message);
  if (out.size() == begin)
    out += '{';
  else
    out[begin] = '{';
  out += '}';
}

void append_api_errors(std::string& out, const std::vector<api_error>& errors) {
  if (errors.empty()) return;
  out += ",\"api_errors\":[";
  for (const api_error& error : errors) {
    if (&error != &errors.front()) out += ',';
    append_api_error(out, error);
  }
  out += ']';
}

void append_json_failure(std::string& out, const account_result& failed, const mint_error& error) {
  out += "{\"account\":";
  append_json_string(out, failed.account.str());
  out += ",\"ok\":false,\"error\":\"";
  out += to_string(error.value());
  out += '"';
  append_text(out, ",\"message\":", in_words_of_the_command(error.message()));
  if (error.http_status() != 0) append_number(out += ",\"http_status\":", error.http_status());
  append_text(out, ",\"request_id\":", error.request_id());
  if (error.retry_after())
    append_number(out += ",\"retry_after_ms\":",
                  std::chrono::ceil<milliseconds>(*error.retry_after()).count());
  append_number(out += ",\"attempts\":", std::max(failed.attempts, error.attempts()));
  append_number(out += ",\"latency_ms\":", std::chrono::floor<milliseconds>(failed.latency).count());
  append_api_errors(out, error.api_errors());
  out += "}\n";
}

/// `rejected: the API won't mint for this account: see its errors (HTTP 400, request 7b80…; the API says: no
/// such id)`
std::string why(const mint_error& error) {
  std::string facts;
  const auto add = [&](std::string_view separator, std::string fact) {
    if (!facts.empty()) facts += separator;
    facts += fact;
  };
  if (error.http_status() != 0) add(", ", fmt::format("HTTP {}", error.http_status()));
  if (!error.request_id().empty()) add(", ", fmt::format("request {}", error.request_id()));
  if (!error.api_errors().empty() && !error.api_errors().front().message.empty())
    add("; ", fmt::format("the API says: {}", error.api_errors().front().message));
  const std::string text =
      fmt::format("{}: {}{}", to_string(error.value()), in_words_of_the_command(error.message()),
                  facts.empty() ? facts : fmt::format(" ({})", facts));
  return printable(text);
}

}  // namespace

std::optional<mint_error> result_lines::write(const account_result& one, result_line& line,
                                              std::string& talk) {
  if (!one.result) {
    write_failed(one, one.result.error(), line.text, talk);
    return one.result.error();
  }
  if (token_only_) {
    write_minted(one, {}, line);
    return std::nullopt;
  }
  auto login_url = one.result->login_url({theme_id_, redirect_to_});
  if (!login_url) {
    write_failed(one, login_url.error(), line.text, talk);
    return std::move(login_url).error();
  }
  write_minted(one, *login_url, line);
  wipe(login_url->data(), login_url->size());
  return std::nullopt;
}

void result_lines::write_minted(const account_result& one, std::string_view login_url, result_line& line) {
  const ephemeral_token& token = *one.result;
  std::string& out = line.text;
  // Reserved at once: growing would leave copies of a token in memory.
  out.reserve(2 * (one.account.str().size() + token.value().size() + 2 * login_url.size()) + 256);
  const auto time_belongs_here = [&](time_form form) {
    line.form = form;
    line.time_at = out.size();
    line.expires_at = token.expires_at();
  };
  if (format_ == result_format::url) {
    if (several_) (out += one.account.str()) += '\t';
    (out += login_url) += '\n';
    return;
  }
  if (format_ == result_format::text) {
    fmt::format_to(std::back_inserter(out), "{:<24} ", one.account.str());
    time_belongs_here(time_form::words);
    fmt::format_to(std::back_inserter(out), "  {}\n", token_only_ ? token.value() : login_url);
    return;
  }
  out += "{\"account\":";
  append_json_string(out, one.account.str());
  append_json_string(out += ",\"ok\":true,\"token\":", token.value());
  if (!token_only_) {
    append_json_string(out += ",\"redirect_url\":", token.redirect_url());
    append_json_string(out += ",\"login_url\":", login_url);
  }
  time_belongs_here(time_form::members);
  append_number(out += ",\"attempts\":", std::max(one.attempts, 1));
  append_number(out += ",\"latency_ms\":", std::chrono::floor<milliseconds>(one.latency).count());
  out += "}\n";
}

void result_lines::write_failed(const account_result& one, const mint_error& error, std::string& out,
                                std::string& talk) {
  if (format_ == result_format::json) return append_json_failure(out, one, error);
  const bool data = format_ == result_format::text;
  fmt::format_to(std::back_inserter(data ? out : talk), "{:<24} failed      {}\n",
                 printable(one.account.str()), why(error));
}

}  // namespace ephemint::cli
