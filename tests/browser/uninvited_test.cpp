#include "browser/login_fixture.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <utility>

namespace ephemint::test {
namespace {

using testing::Each;

/// Requests that a browser makes without a person who wants to log in. None mints, none spends the link.
class uninvited_request : public login_fixture {
 protected:
  /// Shows a page of the application that makes such a request, until the gateway has refused it; then the
  /// person clicks.
  void expect_refused_then_click(const std::string& link, const std::string& body, std::string_view host) {
    SCOPED_TRACE(fmt::format("{} at {}", body, host));
    const std::size_t before = statuses().size();
    show_app(fmt::format("{}<a id=open href='{}'>Carriers</a>", body, link), host);
    const std::vector<int> seen = statuses_of(before + 1);
    EXPECT_THAT(std::vector<int>(seen.begin() + static_cast<std::ptrdiff_t>(before), seen.end()), Each(403));
    EXPECT_EQ(api().stats().requests, 0u);
    browser().console();  // it reports what was refused
    browser().click("#open");
    EXPECT_EQ(portal_account(), "se-1");
    EXPECT_EQ(statuses().back(), 302);
    EXPECT_EQ(api().stats().minted, 1u);
    api().reset_stats();
  }
};

constexpr std::string_view speculation_rule =
    R"(<script type=speculationrules>{{"{}":[{{"source":"list","urls":["{}"],"eagerness":"immediate"}}]}}</script>)";

// behaviours: G10
TEST_F(uninvited_request, speculation_burns_nothing) {
  start_gateway();
  for (const auto& [what, host] : {std::pair{"prefetch", "localhost"}, std::pair{"prefetch", "127.0.0.1"},
                                   std::pair{"prerender", "localhost"}}) {
    const std::string link = link_for("se-1");
    expect_refused_then_click(link, fmt::format(speculation_rule, what, link), host);
  }
}

// behaviours: G10
TEST_F(uninvited_request, part_of_a_page_burns_nothing) {
  start_gateway();
  for (const std::string_view element :
       {"<img src='{}'>", "<script src='{}'></script>", "<link rel=stylesheet href='{}'>",
        "<link rel=prefetch href='{}'>", "<iframe src='{}'></iframe>", "<object data='{}'></object>",
        "<embed src='{}'>", "<video src='{}'></video>"}) {
    const std::string link = link_for("se-1");
    expect_refused_then_click(link, fmt::format(fmt::runtime(element), link), "localhost");
  }
}

// behaviours: G10
TEST_F(uninvited_request, fetch_reads_nothing_and_mints_nothing) {
  start_gateway();
  const std::string link = link_for("se-1");
  show_app("nothing yet");
  for (const std::string_view options :
       {"{}", "{method:'HEAD'}", "{method:'POST'}", "{method:'PUT'}", "{mode:'no-cors'}",
        "{mode:'no-cors',method:'HEAD'}", "{mode:'no-cors',method:'POST',body:'x'}",
        "{credentials:'include'}", "{redirect:'manual'}"}) {
    SCOPED_TRACE(options);
    const std::size_t before = statuses().size();
    const std::string read = browser().evaluate(
        fmt::format("return fetch('{}', {}).then(a => a.text()).catch(e => '')", link, options));
    EXPECT_EQ(read, "");
    if (options.find("'PUT'") == options.npos)
      statuses_of(before + 1);  // for that one the browser sends OPTIONS first
  }
  EXPECT_THAT(statuses(), Each(testing::AnyOf(403, 405)));
  EXPECT_EQ(api().stats().requests, 0u);
  browser().console();
  browser().go(link);
  EXPECT_EQ(portal_account(), "se-1");
}

// behaviours: G16
TEST_F(uninvited_request, pages_are_shown_in_no_frame) {
  start_gateway([](gateway::server_options& o) { o.confirm = true; });
  show_app(fmt::format("<iframe src='{}'></iframe>", link_for("se-1")));
  statuses_of(1);
  browser().wait_until("document.readyState === 'complete'");
  // If a page must not be framed, the frame has an opaque origin, and no content that anybody could click.
  EXPECT_EQ(browser().evaluate("try { return frames[0].document.body.innerText } catch (e) { return '' }"),
            "");
  EXPECT_THAT(statuses(), Each(403));
  EXPECT_EQ(api().stats().requests, 0u);
  browser().console();
}

}  // namespace
}  // namespace ephemint::test
