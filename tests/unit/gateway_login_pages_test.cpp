#include "faces/login_pages.hpp"
#include "tickets/signing.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ephemint::gateway {
namespace {

using namespace std::chrono_literals;

bool page_says(const reply& page, std::string_view text) { return page.body.find(text) != page.body.npos; }

/// The text between two strings of a page; empty if there is none.
std::string between_words(const std::string& body, std::string_view begin, std::string_view end) {
  const std::size_t from = body.find(begin);
  if (from == body.npos) return {};
  return body.substr(from + begin.size(), body.find(end, from) - from - begin.size());
}

std::string header_of(const reply& page, http::field name) {
  for (const auto& [field, value] : page.headers)
    if (field == name) return value;
  return {};
}

/// Every page that there is.
std::vector<std::pair<const char*, reply>> all_pages(const login_pages& pages) {
  std::vector<std::pair<const char*, reply>> all;
  all.emplace_back("waiting", pages.waiting(13s, 41, ""));
  all.emplace_back("busy", pages.busy(""));
  all.emplace_back("dead", pages.dead(403));
  all.emplace_back("unable", pages.unable(502));
  all.emplace_back("limited", pages.unable(429, 7s));
  all.emplace_back("unopened", pages.unopened());
  all.emplace_back("confirm", pages.confirm("a.b.c"));
  for (const unsigned status : {400, 404, 405, 408, 413, 415, 431, 500})
    all.emplace_back("other", pages.other(status));
  return all;
}

std::string base64(const std::array<unsigned char, 32>& hash) {
  std::array<unsigned char, 45> text{};
  EVP_EncodeBlock(text.data(), hash.data(), 32);
  return {text.begin(), text.end() - 1};
}

// behaviours: G16
TEST(gateway_login_pages, each_page_is_whole_and_allows_nothing_but_its_style) {
  const login_pages pages{server_options{.back_url = "https://app.example/carriers"}};
  for (const auto& [name, page] : all_pages(pages)) {
    SCOPED_TRACE(name);
    EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
    EXPECT_TRUE(page.body.starts_with("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"));
    EXPECT_TRUE(page_says(page, "name=\"viewport\""));
    for (const char* const never : {"<script", "src=", "@import", "url(", "<link", " style=", "onclick"})
      EXPECT_FALSE(page_says(page, never)) << never;
    const std::string style = between_words(page.body, "<style>", "</style>");
    EXPECT_FALSE(style.empty());
    const std::string form =
        name == std::string_view{"confirm"} ? "'self' https://dashboard.shipengine.com" : "'none'";
    EXPECT_EQ(page.content_policy, "default-src 'none'; style-src 'sha256-" + base64(sha256(style)) +
                                       "'; base-uri 'none'; frame-ancestors 'none'; form-action " + form);
    const std::string title = between_words(page.body, "<title>", "</title>");
    EXPECT_EQ(between_words(page.body, "<h1>", "</h1>"), title);
    EXPECT_FALSE(title.empty());
  }
}

// behaviours: G11
TEST(gateway_login_pages, waiting_page_says_place_and_wait_and_goes_on) {
  const login_pages pages{server_options{}};
  const reply page = pages.waiting(13s, 41, "");
  EXPECT_EQ(page.status, 503u);
  EXPECT_EQ(header_of(page, http::field::retry_after), "13");
  EXPECT_TRUE(page_says(page, "<meta http-equiv=\"refresh\" content=\"13\">"));
  EXPECT_TRUE(page_says(page, "Opening your carrier portal…"));
  EXPECT_TRUE(page_says(page, "role=\"status\""));
  EXPECT_TRUE(
      page_says(page, "number 42 in line; this takes about 13 seconds. This page goes on by itself."));
  EXPECT_TRUE(page_says(page, "animation-duration:13s"));
  EXPECT_TRUE(page_says(page, "prefers-reduced-motion"));
  EXPECT_TRUE(page_says(page, "prefers-color-scheme:dark"));
}

TEST(gateway_login_pages, waits_are_said_in_words) {
  const login_pages pages{server_options{}};
  const std::pair<std::chrono::seconds, const char*> rows[] = {
      {1s, "about 1 second."},   {2s, "about 2 seconds."},   {90s, "about 90 seconds."},
      {91s, "about 2 minutes."}, {240s, "about 4 minutes."}, {241s, "about 5 minutes."}};
  for (const auto& [wait, words] : rows)
    EXPECT_TRUE(page_says(pages.waiting(wait, 0, ""), words)) << wait.count();
}

TEST(gateway_login_pages, page_after_a_form_goes_on_by_address) {
  const login_pages pages{server_options{}};
  EXPECT_TRUE(page_says(pages.waiting(3s, 0, "/login/a.b.c"), "content=\"3;url=/login/a.b.c\""));
  EXPECT_TRUE(page_says(pages.busy("/login/a.b.c"), "content=\"1;url=/login/a.b.c\""));
  EXPECT_TRUE(page_says(pages.busy(""), "content=\"1\""));
}

// behaviours: G15
TEST(gateway_login_pages, what_is_put_into_pages_is_escaped) {
  const std::pair<const char*, const char*> rows[] = {
      {"\"><script>alert(1)</script>", "&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;"},
      {"' onload='x", "&#39; onload=&#39;x"},
      {"&amp;", "&#38;amp;"},
      {"</title><h1>", "&#60;/title&#62;&#60;h1&#62;"},
      {"a\xc3\xa4", "a\xc3\xa4"},
  };
  for (const auto& [hostile, escaped] : rows) {
    SCOPED_TRACE(hostile);
    EXPECT_EQ(html_escaped(hostile), escaped);
    const login_pages pages{server_options{.back_url = std::string{"https://app.example/"} + hostile}};
    const std::string link = std::string{"<a class=\"act\" href=\"https://app.example/"} + escaped + "\">";
    EXPECT_TRUE(page_says(pages.dead(403), link));
    EXPECT_TRUE(page_says(pages.unable(502), link));
    EXPECT_TRUE(page_says(pages.confirm(hostile), std::string{"value=\""} + escaped + "\">"));
    EXPECT_TRUE(page_says(pages.waiting(3s, 0, hostile), std::string{"url="} + escaped + "\">"));
  }
}

TEST(gateway_login_pages, dead_page_without_a_back_url_says_where_to_go) {
  const reply page = login_pages{server_options{}}.dead(403);
  EXPECT_TRUE(page_says(page, "go back to the page"));
  EXPECT_FALSE(page_says(page, "<a "));
  EXPECT_FALSE(page_says(page, "refresh"));
}

// behaviours: G12
TEST(gateway_login_pages, form_may_lead_to_every_redirect_host) {
  struct row {
    const char* base_url;
    std::vector<std::string> hosts;
    const char* action;
  };
  const row rows[] = {
      {"https://api.shipengine.com", {}, "'self' https://dashboard.shipengine.com"},
      {"https://localhost:4711/prefix", {}, "'self' https://dashboard.shipengine.com https://localhost:4711"},
      {"https://127.0.0.1:4711", {}, "'self' https://dashboard.shipengine.com https://127.0.0.1:4711"},
      {"https://[::1]:4711", {}, "'self' https://dashboard.shipengine.com https://[::1]:4711"},
      {"https://api.example.com", {"a.example", "b.example"}, "'self' https://a.example https://b.example"},
      {"https://api.example.com", {"a.example; script-src *"}, "'self'"},
  };
  for (const auto& r : rows) {
    server_options options;
    options.client.base_url = r.base_url;
    options.client.redirect_hosts = r.hosts;
    const std::string policy = login_pages{options}.confirm("a.b.c").content_policy;
    EXPECT_EQ(policy.substr(policy.find("form-action ") + 12), r.action) << r.base_url;
  }
}

}  // namespace
}  // namespace ephemint::gateway
