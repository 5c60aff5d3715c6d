// Login links, from their request to what the browser gets: the face alone, with a client of its own against
// a sandbox.
#include "hub.hpp"
#include "support/gateway_run.hpp"
#include "support/scripted_governor.hpp"

#include <ephemint/gateway/login_link.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::gateway {
namespace {

using namespace std::chrono_literals;
using test::faulty;
using test::options_for;
using test::scripted_governor;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* login_origin = "https://login.example.com";
constexpr const char* login_key = "0123456789abcdef0123456789abcdef";

using header_lines = std::vector<std::pair<std::string, std::string>>;

/// One request, and its outcome.
struct visit {
  request asked;
  log_entry log{};
  asio::cancellation_signal gone{};
  std::optional<reply> answer{};

  unsigned status() const { return answer->status; }
  const std::string& body() const { return answer->body; }
  std::string header(http::field name) const {
    for (const auto& [field, value] : answer->headers)
      if (field == name) return value;
    return {};
  }
  std::string location() const { return header(http::field::location); }
  std::chrono::seconds retry_after() const {
    return std::chrono::seconds{std::stoi("0" + header(http::field::retry_after))};
  }
  /// The browser has it, or has gone.
  void tell(bool handed_over) const {
    if (answer->told) answer->told(handed_over);
  }
};

/// A login listener's face, and the links that lead to it.
class login_world {
 public:
  using setting = std::function<void(server_options&)>;

  explicit login_world(setting set = {}, sandbox::server_options api_options = {}) : api{api_options} {
    server_options options;
    options.client = options_for(api);
    options.client.rate.reset();
    options.client.governor = governor;
    options.client.max_attempts = 1;
    options.per_account.requests = 0;
    options.public_url = login_origin;
    options.link_keys = link_keys();
    if (set) set(options);
    shared.emplace(context.get_executor(), context.get_executor(), std::move(options));
    face_ = make_login_face(*shared);
  }
  ~login_world() {
    face_.reset();
    shared.reset();
    context.restart();
    context.run_for(10s);
    EXPECT_TRUE(context.stopped()) << "work is left on the context";
  }

  static std::vector<link_key> link_keys() { return parse_link_keys(std::string{"k1 "} + login_key + "\n"); }
  /// The target that a browser asks for.
  static std::string link(login_link to = {.account = "se-1"}, std::chrono::milliseconds ago = 0ms) {
    const std::string url =
        make_login_link(to, link_keys().front(), login_origin, std::chrono::system_clock::now() - ago);
    return url.substr(std::string_view{login_origin}.size());
  }

  std::unique_ptr<visit> begin(http::verb method, const std::string& target, const header_lines& headers = {},
                               const std::string& body = {}) {
    auto v = std::make_unique<visit>();
    v->asked.method(method);
    v->asked.target(target);
    for (const auto& [name, value] : headers) v->asked.insert(name, value);
    v->asked.body() = body;
    asio::co_spawn(context, run_visit(*v), [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
    return v;
  }
  void finish(const visit& v) {
    run_until([&v] { return v.answer.has_value(); });
  }
  template <class Done>
  void run_until(Done done) {
    context.restart();
    const auto limit = clock::now() + 20s;
    while (!done() && clock::now() < limit) context.run_one_for(50ms);
    ASSERT_TRUE(done()) << "hangs";
  }

  std::unique_ptr<visit> get(const std::string& target, const header_lines& headers = {}) {
    auto v = begin(http::verb::get, target, headers);
    finish(*v);
    return v;
  }
  /// The confirm page's button.
  std::unique_ptr<visit> press(const std::string& target, header_lines headers = {}) {
    headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    auto v = begin(http::verb::post, "/login", headers, "ticket=" + target.substr(7));
    finish(*v);
    return v;
  }

  std::uint64_t minted() const { return api.stats().requests; }

  sandbox::server api;
  std::shared_ptr<scripted_governor> governor = std::make_shared<scripted_governor>();
  asio::io_context context;
  std::optional<hub> shared;

 private:
  asio::awaitable<void> run_visit(visit& v) {
    exchange of{v.asked, v.log, v.gone.slot()};
    auto answering = test::answer_of(*face_, of);
    v.answer = co_await std::move(answering);
  }

  std::unique_ptr<face> face_;
};

const header_lines persons_click{{"Sec-Fetch-Dest", "document"},
                                 {"Sec-Fetch-Mode", "navigate"},
                                 {"Sec-Fetch-Site", "cross-site"},
                                 {"Sec-Fetch-User", "?1"}};

// behaviours: G1
TEST(GatewayLogin, click_is_led_to_the_accounts_portal) {
  login_world world;
  const auto v =
      world.get(world.link({.account = "se-42", .redirect_to = portal_page::billing}), persons_click);
  EXPECT_EQ(v->status(), 302u);
  EXPECT_THAT(v->location(), StartsWith(world.api.base_url() + "/"));
  EXPECT_THAT(v->location(), HasSubstr("redirect_to=billing"));
  EXPECT_EQ(world.api.stats().requests_by_account.count("se-42"), 1u);
  EXPECT_EQ(v->log.route, "login");
  EXPECT_EQ(v->log.code, "");
  EXPECT_EQ(v->log.account, "se-42");
  EXPECT_FALSE(v->log.request_id.empty());
  ASSERT_TRUE(v->log.remaining);
  EXPECT_GT(*v->log.remaining, 5s);
}

TEST(GatewayLogin, browser_that_says_nothing_of_itself_is_served) {
  login_world world;
  EXPECT_EQ(world.get(world.link())->status(), 302u);
}

struct refused_row {
  const char* name;
  http::verb method;
  std::string path;  // T: the ticket's
  header_lines headers;
  unsigned status;
  const char* code;
};

// behaviours: G8, G10
TEST(GatewayLogin, what_is_no_click_mints_nothing_and_spends_nothing) {
  using http::verb;
  const refused_row rows[] = {
      {"root", verb::get, "/", {}, 404, "not_found"},
      {"no ticket's path", verb::get, "/login", {}, 404, "not_found"},
      {"health", verb::get, "/healthz", {}, 404, "not_found"},
      {"metrics", verb::get, "/metrics", {}, 404, "not_found"},
      {"sidecar's route", verb::post, "/v1/tokens", {}, 404, "not_found"},
      {"icon", verb::get, "/favicon.ico", {}, 404, "not_found"},
      {"other case", verb::get, "/LOGIN/T", {}, 404, "not_found"},
      {"no confirm page", verb::post, "/login", {}, 404, "not_found"},
      {"head", verb::head, "/login/T", {}, 405, "method_not_allowed"},
      {"post", verb::post, "/login/T", {}, 405, "method_not_allowed"},
      {"options", verb::options, "/login/T", {}, 405, "method_not_allowed"},
      {"query", verb::get, "/login/T?a=b", {}, 400, "ill_formed"},
      {"empty query", verb::get, "/login/T?", {}, 400, "ill_formed"},
      {"empty ticket", verb::get, "/login/", {}, 403, "refused"},
      {"slash behind", verb::get, "/login/T/", {}, 403, "refused"},
      {"forged", verb::get, "/login/T0", {}, 403, "refused"},
      {"encoded", verb::get, "/login/%65T", {}, 403, "refused"},
      {"prefetch", verb::get, "/login/T", {{"Sec-Purpose", "prefetch"}}, 403, "prefetch"},
      {"prerender", verb::get, "/login/T", {{"Sec-Purpose", "prefetch;prerender"}}, 403, "prefetch"},
      {"prefetch with more",
       verb::get,
       "/login/T",
       {{"sec-purpose", "x, Prefetch;anonymous-client-ip"}},
       403,
       "prefetch"},
      {"old prefetch", verb::get, "/login/T", {{"Purpose", "prefetch"}}, 403, "prefetch"},
      {"loud prefetch", verb::get, "/login/T", {{"PURPOSE", "PREFETCH"}}, 403, "prefetch"},
      {"second line",
       verb::get,
       "/login/T",
       {{"Sec-Purpose", "x"}, {"Sec-Purpose", "prefetch"}},
       403,
       "prefetch"},
      {"image",
       verb::get,
       "/login/T",
       {{"Sec-Fetch-Dest", "image"}, {"Sec-Fetch-Mode", "no-cors"}},
       403,
       "not_navigation"},
      {"frame",
       verb::get,
       "/login/T",
       {{"Sec-Fetch-Dest", "iframe"}, {"Sec-Fetch-Mode", "navigate"}},
       403,
       "not_navigation"},
      {"fetch",
       verb::get,
       "/login/T",
       {{"Sec-Fetch-Dest", "empty"}, {"Sec-Fetch-Mode", "cors"}},
       403,
       "not_navigation"},
      {"no-cors",
       verb::get,
       "/login/T",
       {{"Sec-Fetch-Dest", "document"}, {"Sec-Fetch-Mode", "no-cors"}},
       403,
       "not_navigation"},
      {"mode alone", verb::get, "/login/T", {{"Sec-Fetch-Mode", "cors"}}, 403, "not_navigation"},
  };
  login_world world;
  const std::string ticket = world.link().substr(7);
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    std::string target = row.path;
    if (const auto at = target.find("/T"); at != target.npos) target.replace(at + 1, 1, ticket);
    if (const auto at = target.find("%65T"); at != target.npos)
      target.replace(at, 4, "%65" + ticket.substr(1));
    const auto v = world.begin(row.method, target, row.headers);
    world.finish(*v);
    EXPECT_EQ(v->status(), row.status);
    EXPECT_EQ(v->log.code, row.code);
    EXPECT_EQ(v->header(http::field::allow), row.status == 405 ? "GET" : "");
    EXPECT_THAT(v->body(), Not(HasSubstr(ticket)));
    EXPECT_THAT(v->body(), Not(HasSubstr("http-equiv")));
    EXPECT_FALSE(v->answer->told);
  }
  EXPECT_EQ(world.minted(), 0u);
  EXPECT_EQ(world.get("/login/" + ticket)->status(), 302u);
}

// behaviours: G9
TEST(GatewayLogin, ticket_is_spent_by_handing_over_alone) {
  login_world world;
  const std::string link = world.link();
  world.get(link)->tell(false);
  const auto second = world.get(link);
  EXPECT_EQ(second->status(), 302u);
  second->tell(true);
  const auto third = world.get(link);
  EXPECT_EQ(third->status(), 403u);
  EXPECT_EQ(third->log.code, "spent");
  EXPECT_EQ(third->log.account, "se-1");
  EXPECT_EQ(world.minted(), 2u);
}

// behaviours: G9
TEST(GatewayLogin, second_request_at_once_waits_for_the_first) {
  login_world world;
  const std::string link = world.link();
  const auto first = world.begin(http::verb::get, link), second = world.begin(http::verb::get, link);
  world.finish(*first);
  world.finish(*second);
  EXPECT_EQ(first->status(), 302u);
  EXPECT_EQ(second->status(), 409u);
  EXPECT_EQ(second->log.code, "busy");
  EXPECT_THAT(second->body(), HasSubstr("<meta http-equiv=\"refresh\" content=\"1\">"));
  EXPECT_EQ(world.get(link)->status(), 409u) << "written, but not told yet";
  first->tell(true);
  EXPECT_EQ(world.get(link)->status(), 403u);
  EXPECT_EQ(world.minted(), 1u);
}

// behaviours: G14
TEST(GatewayLogin, browser_that_goes_takes_its_mint_along) {
  login_world world{{}, faulty({"stall,count=1"})};
  const std::string link = world.link();
  const auto v = world.begin(http::verb::get, link);
  world.run_until([&world] { return world.minted() == 1; });
  v->gone.emit(asio::cancellation_type::terminal);
  world.finish(*v);
  EXPECT_EQ(v->log.code, "cancelled");
  EXPECT_FALSE(v->answer->told);
  EXPECT_EQ(world.get(link)->status(), 302u) << "the ticket was used up";
}

// behaviours: G7
TEST(GatewayLogin, reloads_that_reached_the_api_count_for_their_account) {
  login_world world{[](server_options& o) { o.per_account = {6, 60s, 3}; }, faulty({"stall"})};
  const std::string link = world.link();
  for (std::uint64_t reload = 1; reload <= 3; ++reload) {
    const auto v = world.begin(http::verb::get, link);
    world.run_until([&] { return world.minted() == reload; });
    v->gone.emit(asio::cancellation_type::terminal);
    world.finish(*v);
    EXPECT_EQ(v->log.code, "cancelled");
  }
  const auto held_back = world.get(link);
  EXPECT_EQ(held_back->status(), 429u);
  EXPECT_EQ(world.minted(), 3u);
}

// behaviours: G15
TEST(GatewayLogin, dead_links_all_look_the_same) {
  login_world world;
  const std::string spent = world.link();
  world.get(spent)->tell(true);
  const auto other_key = parse_link_keys(std::string{"k1 "} + login_key + "x\n");
  const std::string forged = make_login_link({.account = "se-1"}, other_key.front(), login_origin);
  const std::string abroad =
      make_login_link({.account = "se-1"}, world.link_keys().front(), "https://elsewhere.example");
  const auto expired = world.get(world.link({.account = "se-1", .max_age = 5s}, 6s));
  EXPECT_EQ(expired->log.code, "expired");
  EXPECT_EQ(expired->status(), 403u);
  for (const std::string& target :
       {spent, forged.substr(25), abroad.substr(25), std::string{"/login/x.y.z"}}) {
    const auto v = world.get(target);
    EXPECT_EQ(v->status(), 403u);
    EXPECT_EQ(v->body(), expired->body());
  }
  EXPECT_THAT(expired->body(), HasSubstr("This link can't be used any more"));
  EXPECT_EQ(world.minted(), 1u);
}

// behaviours: G11
TEST(GatewayLogin, long_wait_is_a_place_in_line) {
  login_world world;
  world.governor->not_before = clock::now() + 13s;
  world.governor->pace = 2s;
  std::vector<std::string> links;
  for (int i = 0; i < 5; ++i) {
    links.push_back(world.link());
    const auto v = world.get(links.back());
    EXPECT_EQ(v->status(), 503u);
    EXPECT_EQ(v->log.code, "waiting");
    EXPECT_FALSE(v->answer->told);
    const auto wait = 13s + 2s * i;
    EXPECT_GE(v->retry_after(), wait - 1s);
    EXPECT_LE(v->retry_after(), wait + wait / 10 + 1s);
    const std::string seconds = std::to_string(v->retry_after().count());
    EXPECT_THAT(v->body(), HasSubstr("<meta http-equiv=\"refresh\" content=\"" + seconds + "\">"));
    EXPECT_THAT(v->body(), HasSubstr("number " + std::to_string(i + 1) + " in line"));
  }
  const auto again = world.get(links[2]);
  EXPECT_THAT(again->body(), HasSubstr("number 3 in line")) << "a reload neither loses nor gains";
  EXPECT_EQ(world.minted(), 0u);
  EXPECT_EQ(world.shared->tickets().waiting({clock::now() + 12s, wall_clock::now() + 12s}), 5u)
      << "nobody is late yet";
  world.governor->open();
  for (const auto& link : links) EXPECT_EQ(world.get(link)->status(), 302u);
}

TEST(GatewayLogin, short_wait_is_waited_for) {
  login_world world;
  world.governor->not_before = clock::now() + 300ms;
  EXPECT_EQ(world.get(world.link())->status(), 302u);
}

// behaviours: G11
TEST(GatewayLogin, ticket_that_waits_outlives_its_exp) {
  login_world world;
  const auto made = clock::now();
  const std::string link = world.link({.account = "se-1", .max_age = 2s}, 1s);
  world.governor->not_before = made + 3s;
  EXPECT_EQ(world.get(link)->status(), 503u);
  world.context.restart();
  while (clock::now() < made + 1100ms) world.context.run_one_for(20ms);
  world.governor->open();
  EXPECT_EQ(world.get(link)->status(), 302u);
}

TEST(GatewayLogin, line_that_outlasts_a_ticket_is_not_joined) {
  login_world world;
  world.governor->not_before = clock::now() + 290s;
  const auto v = world.get(world.link({.account = "se-1"}, 30s));
  EXPECT_EQ(v->status(), 503u);
  EXPECT_GE(v->retry_after(), 289s);
  EXPECT_THAT(v->body(), Not(HasSubstr("http-equiv")));
  EXPECT_EQ(world.shared->tickets().waiting(instant::now()), 0u);
}

struct failure_row {
  const char* fault;
  unsigned status;
  const char* code;
  bool goes_on;
};

// behaviours: G3, G11
TEST(GatewayLogin, mint_that_fails_leaves_the_ticket_open) {
  const failure_row rows[] = {
      {"status=503", 503, "server_error", true},
      {"status=500", 503, "server_error", true},
      {"reset=before", 503, "connect_failed", true},
      {"status=429,retry_after=7", 503, "rate_limited", true},
      {"stall", 503, "timed_out", true},
      {"status=404", 422, "rejected", false},
      {"status=401", 502, "unauthorized", false},
      {"body=malformed", 502, "bad_response", false},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.fault);
    login_world world{[](server_options& o) {
                        o.per_account = {1, 60s, 1};
                        o.deadline = 300ms;
                      },
                      faulty({row.fault})};
    const std::string link = world.link();
    const auto v = world.get(link);
    EXPECT_EQ(v->status(), row.status);
    EXPECT_EQ(v->log.code, row.code);
    EXPECT_FALSE(v->log.why.empty());
    EXPECT_EQ(v->body().find("http-equiv") != std::string::npos, row.goes_on);
    EXPECT_EQ(v->retry_after() > 0s, row.goes_on);
    world.api.clear_faults();
    world.governor->open();
    if (row.code == std::string_view{"unauthorized"}) continue;  // the key stays refused for a while
    const auto next = world.get(link);
    EXPECT_EQ(next->status(), 302u) << next->log.code << ' ' << next->log.why;
  }
}

// behaviours: G3
TEST(GatewayLogin, refused_key_is_told_to_each_click_and_nobody_waits_for_it) {
  login_world world{[](server_options& o) {
    o.client.governor.reset();
    o.client.api_key = secret{"TEST_of_nobody"};
  }};
  for (int i = 0; i < 8; ++i) {
    const auto v = world.get(world.link({.account = "se-" + std::to_string(i)}));
    EXPECT_EQ(v->status(), 502u);
    EXPECT_EQ(v->log.code, "unauthorized");
    EXPECT_EQ(v->body().find("http-equiv"), std::string::npos);
  }
}

// behaviours: G9
TEST(GatewayLogin, without_room_to_remember_it_no_ticket_is_opened) {
  login_world world;
  const instant now = instant::now();
  int taken = 0;
  while (world.shared->tickets().open("another-" + std::to_string(taken), now, now.wall + 1h,
                                      now.wall + 1h) == ticket_book::admission::opened)
    ++taken;
  EXPECT_EQ(taken, 100'000);
  const auto v = world.get(world.link());
  EXPECT_EQ(v->status(), 503u);
  EXPECT_EQ(v->log.code, "full");
  EXPECT_GE(v->retry_after(), 1s);
  EXPECT_EQ(world.minted(), 0u);
}

// behaviours: G7
TEST(GatewayLogin, impatient_account_is_held_back_alone) {
  login_world world{[](server_options& o) { o.per_account = {2, 60s, 1}; }};
  world.get(world.link())->tell(true);
  const std::string link = world.link();
  const auto v = world.get(link);
  EXPECT_EQ(v->status(), 429u);
  EXPECT_EQ(v->log.code, "account_limited");
  EXPECT_GE(v->retry_after(), 29s);
  EXPECT_LE(v->retry_after(), 30s);
  EXPECT_THAT(v->body(), Not(HasSubstr("http-equiv")));
  EXPECT_EQ(world.get(world.link({.account = "se-2"}))->status(), 302u);
  EXPECT_EQ(world.minted(), 2u);
}

// behaviours: G7
TEST(GatewayLogin, waiting_costs_nothing_of_the_accounts_limit) {
  login_world world{[](server_options& o) { o.per_account = {1, 60s, 1}; }};
  const std::string link = world.link();
  world.governor->not_before = clock::now() + 5s;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(world.get(link)->status(), 503u);
  world.governor->open();
  EXPECT_EQ(world.get(link)->status(), 302u);
}

// behaviours: G12
TEST(GatewayLogin, confirm_page_does_nothing_until_its_button_is_pressed) {
  login_world world{[](server_options& o) { o.confirm = true; }};
  const std::string link = world.link();
  for (int scans = 0; scans < 2; ++scans) {
    const auto page = world.get(link, persons_click);
    EXPECT_EQ(page->status(), 200u);
    EXPECT_EQ(page->log.code, "confirm");
    EXPECT_THAT(page->body(), HasSubstr("<form method=\"post\" action=\"/login\">"));
    EXPECT_THAT(page->body(), HasSubstr("name=\"ticket\" value=\"" + link.substr(7) + "\""));
    EXPECT_THAT(page->answer->content_policy,
                HasSubstr("form-action 'self' https://dashboard.shipengine.com " + world.api.base_url()));
  }
  EXPECT_EQ(world.minted(), 0u);
  const auto pressed = world.press(link, {{"Sec-Fetch-Site", "same-origin"}});
  EXPECT_EQ(pressed->status(), 303u);
  EXPECT_THAT(pressed->location(), StartsWith(world.api.base_url()));
  pressed->tell(true);
  const auto again = world.press(link);
  EXPECT_EQ(again->status(), 403u);
  EXPECT_EQ(again->log.code, "spent");
  const auto page = world.get(link, persons_click);
  EXPECT_EQ(page->status(), 403u) << "a button that can do nothing";
  EXPECT_EQ(page->log.code, "spent");
}

// behaviours: G12
TEST(GatewayLogin, confirm_refuses_what_its_button_would_not_send) {
  login_world world{[](server_options& o) { o.confirm = true; }};
  const std::string link = world.link(), ticket = link.substr(7);
  const std::string form = "application/x-www-form-urlencoded";
  struct row {
    const char* name;
    http::verb method;
    std::string target, type, body, site;
    unsigned status;
    const char* code;
  };
  const row rows[] = {
      {"cross-site", http::verb::post, "/login", form, "ticket=" + ticket, "cross-site", 403, "cross_site"},
      {"JSON", http::verb::post, "/login", "application/json", "ticket=" + ticket, "", 415,
       "unsupported_media_type"},
      {"no type", http::verb::post, "/login", "", "ticket=" + ticket, "", 415, "unsupported_media_type"},
      {"more", http::verb::post, "/login", form, "ticket=" + ticket + "&redirect_to=x", "", 400,
       "ill_formed"},
      {"twice", http::verb::post, "/login", form, "ticket=" + ticket + "&ticket=" + ticket, "", 400,
       "ill_formed"},
      {"other name", http::verb::post, "/login", form, "token=" + ticket, "", 400, "ill_formed"},
      {"nothing", http::verb::post, "/login", form, "", "", 400, "ill_formed"},
      {"empty", http::verb::post, "/login", form, "ticket=", "", 403, "refused"},
      {"forged", http::verb::post, "/login", form, "ticket=" + ticket + "x", "", 403, "refused"},
      {"query", http::verb::post, "/login?a", form, "ticket=" + ticket, "", 400, "ill_formed"},
      {"post to the link", http::verb::post, link, form, "ticket=" + ticket, "", 405, "method_not_allowed"},
      {"get of the form", http::verb::get, "/login", "", "", "", 405, "method_not_allowed"},
      {"forged page", http::verb::get, link + "x", "", "", "", 403, "refused"},
      {"expired page", http::verb::get, world.link({.account = "se-1", .max_age = 5s}, 6s), "", "", "", 403,
       "expired"},
  };
  for (const auto& r : rows) {
    SCOPED_TRACE(r.name);
    header_lines headers;
    if (!r.type.empty()) headers.emplace_back("Content-Type", r.type);
    if (!r.site.empty()) headers.emplace_back("Sec-Fetch-Site", r.site);
    const auto v = world.begin(r.method, r.target, headers, r.body);
    world.finish(*v);
    EXPECT_EQ(v->status(), r.status);
    EXPECT_EQ(v->log.code, r.code);
  }
  EXPECT_EQ(world.minted(), 0u);
  EXPECT_EQ(world.press(link)->status(), 303u);
}

// behaviours: G12
TEST(GatewayLogin, waiting_page_goes_on_without_a_second_button) {
  login_world world{[](server_options& o) { o.confirm = true; }};
  const std::string link = world.link();
  world.governor->not_before = clock::now() + 5s;
  const auto v = world.press(link);
  EXPECT_EQ(v->status(), 503u);
  EXPECT_THAT(v->body(), HasSubstr(";url=" + link + "\">"));
  world.governor->open();
  EXPECT_EQ(world.get(link, persons_click)->status(), 200u)
      << "a scanner that comes meanwhile sees the button";
  EXPECT_EQ(world.get(link, {{"Sec-Fetch-Site", "same-origin"}})->status(), 302u);
  EXPECT_EQ(world.get(world.link(), {{"Sec-Fetch-Site", "same-origin"}})->status(), 200u)
      << "nobody pressed that one's button";
}

// behaviours: G13
TEST(GatewayLogin, same_site_alone_if_asked_for) {
  const std::pair<const char*, bool> rows[] = {
      {"cross-site", false}, {"same-site", true}, {"same-origin", true}, {"none", true}};
  login_world strict{[](server_options&o) { o.same_site = true; }}, open;
  for (const auto& [site, taken] : rows) {
    SCOPED_TRACE(site);
    EXPECT_EQ(open.get(open.link(), {{"Sec-Fetch-Site", site}})->status(), 302u);
    const auto v = strict.get(strict.link(), {{"Sec-Fetch-Site", site}});
    EXPECT_EQ(v->status(), taken ? 302u : 403u);
    EXPECT_EQ(v->log.code, taken ? "" : "cross_site");
  }
  EXPECT_EQ(strict.minted(), 3u);
  login_world both{[](server_options& o) { o.same_site = o.confirm = true; }};
  EXPECT_EQ(both.get(both.link(), {{"Sec-Fetch-Site", "cross-site"}})->status(), 200u)
      << "mail is cross-site";
}

// behaviours: G11
TEST(GatewayLogin, crowd_at_once_is_let_in_as_the_quota_has_it) {
  constexpr std::size_t crowd = 50;
  sandbox::server_options api;
  api.limit = {.kind = sandbox::limiter_kind::sliding_window, .requests = 20, .window = 3s};
  login_world world{[](server_options& o) {
                      o.client.governor = nullptr;
                      o.client.rate = quota::declared(20, 3s);
                    },
                    api};
  struct customer {
    std::string link;
    std::unique_ptr<visit> at{};
    clock::time_point told{};  ///< when to come back
    int waited = 0;
    bool in = false;
  };
  std::vector<customer> all(crowd);
  for (customer& one : all) {
    one.link = world.link();
    one.at = world.begin(http::verb::get, one.link);
  }
  std::size_t in = 0;
  clock::duration late{};
  const auto look = [&](customer& one) {
    if (!one.at) {
      if (clock::now() >= one.told) one.at = world.begin(http::verb::get, one.link);
      return;
    }
    if (!one.at->answer) return;
    if (one.at->status() == 302) {
      one.at->tell(true);
      if (one.waited > 0) late = std::max(late, clock::now() - one.told);
      one.in = true;
      ++in;
    } else {
      EXPECT_EQ(one.at->status(), 503u) << one.at->log.code << ' ' << one.at->log.why;
      EXPECT_LE(one.at->retry_after(), ++one.waited == 1 ? 10s : 1s) << "told a wrong time before";
      one.told = clock::now() + one.at->retry_after();
    }
    one.at.reset();
  };
  const auto begun = clock::now();
  world.run_until([&] {
    for (customer& one : all)
      if (!one.in) look(one);
    return in == crowd;
  });
  EXPECT_GE(clock::now() - begun, 6s);
  EXPECT_LE(clock::now() - begun, 11s);
  EXPECT_LE(late, 1s);
  EXPECT_EQ(world.api.stats().rate_limited, 0u);
  EXPECT_EQ(world.minted(), crowd);
}

}  // namespace
}  // namespace ephemint::gateway
