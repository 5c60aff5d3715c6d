#include "codec/reply.hpp"

#include "reply_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace ephemint {

using namespace detail;

namespace {

using namespace std::chrono_literals;
using namespace testing_support;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using enum reply_verdict;

const clock::time_point sent{100s};
const auto wall =
    std::chrono::system_clock::time_point{std::chrono::sys_days{std::chrono::year{2026} / 4 / 8}};
const secret key{"TEST_planted_key"};

understood_reply read(int status, std::string_view body, std::string_view retry_after = "",
                      std::string_view request_id = "") {
  reply_reader reader{{{"dashboard.shipengine.com"}, ""}, {key.reveal()}};
  padded_reply padded{status, body};
  padded.reply.retry_after = retry_after;
  padded.reply.request_id = request_id;
  return reader.read(padded.reply, sent, wall);
}

std::string error_body(std::string_view source, std::string_view code, std::string_view message = "words") {
  std::ostringstream out;
  out << R"({"request_id":"7b80b28f-1","errors":[{"error_source":")" << source
      << R"(","error_type":"system","error_code":")" << code << R"(","message":")" << message << R"("}]})";
  return out.str();
}

TEST(Reply, that_keeps_the_contract_is_a_token) {  // behaviours: P1
  const auto understood = read(200, good_body());
  ASSERT_EQ(understood.verdict, minted) << understood.message;
  EXPECT_EQ(understood.token.value(), token);
  EXPECT_EQ(understood.token.redirect_url(), redirect_url);
  EXPECT_EQ(understood.token.expires_at(), sent + 10s);
  EXPECT_EQ(understood.message, "");
}

TEST(Reply, to_a_request_for_the_token_alone_needs_no_redirect_url) {  // behaviours: P1
  const auto read_bare = [](const std::string& body) {
    reply_reader reader{{{"dashboard.shipengine.com"}, ""}, {key.reveal()}};
    padded_reply padded{200, body};
    return reader.read(padded.reply, sent, wall, true);
  };
  for (const char* body : {R"({"token":"abc"})", R"({"token":"abc","redirect_url":null})"}) {
    const auto understood = read_bare(body);
    ASSERT_EQ(understood.verdict, minted) << understood.message;
    EXPECT_EQ(understood.token.value(), "abc");
    EXPECT_EQ(understood.token.redirect_url(), "");
    EXPECT_EQ(read(200, body).verdict, malformed);
  }
  const auto unasked = read_bare(good_body());
  ASSERT_EQ(unasked.verdict, minted);
  EXPECT_EQ(unasked.token.redirect_url(), redirect_url) << "checked, and so of use";
  for (const char* body : {R"({"token":"abc","redirect_url":"https://evil.example/?token=abc"})",
                           R"({"token":"abc","redirect_url":"https://dashboard.shipengine.com/?token=abd"})",
                           R"({"token":"abc","redirect_url":""})", R"({"token":"abc","redirect_url":7})",
                           R"({"token":"abc","redirect_url":null,"redirect_url":null})",
                           R"({"redirect_url":"https://dashboard.shipengine.com/?token=abc"})", "{}"})
    EXPECT_EQ(read_bare(body).verdict, malformed) << body;
}

TEST(Reply, may_have_members_that_we_do_not_know) {  // behaviours: P1
  for (const char* more : {R"(,"x":1,"nested":{"token":7,"redirect_url":[]})", R"(,"errors":[])",
                           R"(,"errors":null)", R"(,"request_id":"abc")", R"(,"request_id":7)", " \r\n\t"})
    EXPECT_EQ(read(200, good_body(more)).verdict, minted) << more;
  EXPECT_EQ(read(201, good_body()).verdict, minted);
  EXPECT_EQ(read(200, " \n" + good_body() + "\n").verdict, minted);
}

TEST(Reply, spelled_by_escapes_is_the_same_reply) {  // behaviours: P1
  const auto understood = read(200, R"({"\u0074oken":"a\u0062c","redirect_url":)"
                                    R"("https:\/\/dashboard.shipengine.com\/?t=abc"})");
  ASSERT_EQ(understood.verdict, minted) << understood.message;
  EXPECT_EQ(understood.token.value(), "abc");
}

std::string nested(int levels) {  // the object itself is one
  return good_body(",\"x\":" + std::string(levels - 1, '[') + '1' + std::string(levels - 1, ']'));
}

TEST(Reply, that_breaks_the_contract_is_malformed) {  // behaviours: P1, P2, P3, P4
  const std::string bad_token = "its token is empty, too long, or has characters that no token has";
  const struct {
    std::string body, fault;
  } cases[] = {
      {"", "it is empty"},
      {" ", "it isn't valid JSON"},
      {"<html>502</html>", "it isn't valid JSON"},
      {"{", "it isn't valid JSON"},
      {good_body().substr(0, good_body().size() - 1), "it isn't valid JSON"},
      {good_body() + "x", "it isn't valid JSON"},
      {good_body() + good_body(), "it isn't valid JSON"},
      {good_body(","), "it isn't valid JSON"},
      {good_body(R"(,"x":tru)"), "it isn't valid JSON"},
      {good_body(R"(,"x":01)"), "it isn't valid JSON"},
      {good_body(R"(,"x":"\ud800")"), "it isn't valid JSON"},
      {good_body(",\"x\":\"\n\""), "it isn't valid JSON"},
      {good_body(",\"x\":\"\xff\""), "it isn't valid JSON"},
      {good_body(",\"x\":\"\xc0\xaf\""), "it isn't valid JSON"},
      {good_body(",\"x\":\"\xed\xa0\x80\""), "it isn't valid JSON"},
      {"\xef\xbb\xbf" + good_body(), "it begins with a byte order mark"},
      {std::string{"{\0\"\0t\0", 6}, "it isn't valid JSON"},
      {"\xff\xfe{", "it isn't valid JSON"},
      {good_body() + std::string(1, '\0'), "it isn't valid JSON"},
      {nested(17), "it is nested too deeply"},
      {std::string(30'000, '[') + std::string(30'000, ']'), "it is nested too deeply"},
      {std::string(60'000, '['), "it isn't valid JSON"},
      {good_body(",\"x\":\"" + std::string(64 * 1024, 'x') + '"'), "it is too long"},
      {"[]", "it isn't a JSON object"},
      {"null", "it isn't a JSON object"},
      {'"' + token + '"', "it isn't a JSON object"},
      {"{}", "it has no token"},
      {R"({"Token":"x"})", "it has no token"},
      {R"({"data":)" + good_body() + '}', "it has no token"},
      {R"({"token":"abc"})", "it has no redirect_url"},
      {R"({"token":7})", "its token isn't a string"},
      {R"({"token":null,"redirect_url":"x"})", "its token isn't a string"},
      {R"({"token":"abc","redirect_url":null})", "it has no redirect_url"},
      {R"({"token":"abc","redirect_url":7})", "its redirect_url isn't a string"},
      {good_body(R"(,"token":"abc")"), "it has two tokens"},
      {good_body(R"(,"\u0074oken":")" + token + '"'), "it has two tokens"},
      {good_body(R"(,"token":7)"), "it has two tokens"},
      {good_body(R"(,"redirect_url":"abc")"), "it has two redirect_urls"},
      {good_body(R"(,"errors":{})"), "its errors aren't a list"},
      {good_body(R"(,"errors":[1,"x"])"), "it lists errors"},
      {R"({"token":"","redirect_url":"x"})", bad_token},
      {R"({"token":"a b","redirect_url":"x"})", bad_token},
      {R"({"token":"a\u0000","redirect_url":"x"})", bad_token},
      {R"({"token":"a\r\nX: y","redirect_url":"x"})", bad_token},
      {R"({"token":")" + std::string(4097, 'x') + R"(","redirect_url":"x"})", bad_token},
      {R"({"token":"abc","redirect_url":"http://dashboard.shipengine.com/?t=abc"})",
       "its redirect_url isn't an https URL"},
      {R"({"token":"abc","redirect_url":"https://evil.example/?t=abc"})",
       "its redirect_url names a host that redirect_hosts doesn't allow"},
      {R"({"token":"abc","redirect_url":"https://dashboard.shipengine.com/?t=other"})",
       "its redirect_url doesn't hold its token"},
  };
  for (const auto& c : cases) {
    const auto understood = read(200, c.body, "", "from-header");
    EXPECT_EQ(understood.verdict, malformed) << c.body.substr(0, 200);
    EXPECT_EQ(understood.message, "the reply can't be used (HTTP 200): " + c.fault) << c.body.substr(0, 200);
    EXPECT_EQ(understood.http_status, 200);
    EXPECT_EQ(understood.request_id, "from-header");
    EXPECT_EQ(understood.token.value(), "");
  }
  EXPECT_EQ(read(200, nested(16)).verdict, minted);
}

TEST(Reply, with_a_long_token_is_fine) {  // behaviours: P2
  const std::string longest(4096, 'x');
  EXPECT_EQ(read(200, R"({"token":")" + longest +
                          R"(","redirect_url":"https://dashboard.shipengine.com/?t=)" + longest + "\"}")
                .verdict,
            minted);
}

TEST(Reply, every_status_has_a_verdict) {
  const struct {
    int status;
    reply_verdict verdict;
  } cases[] = {
      {100, malformed},    {101, malformed},    {202, malformed},    {203, malformed},    {204, malformed},
      {206, malformed},    {299, malformed},    {300, rejected},     {301, rejected},     {302, rejected},
      {303, rejected},     {304, rejected},     {307, rejected},     {308, rejected},     {400, rejected},
      {401, server_error}, {402, rejected},     {403, server_error}, {404, rejected},     {408, elsewhere},
      {409, rejected},     {418, rejected},     {421, elsewhere},    {422, rejected},     {425, elsewhere},
      {429, rate_limited}, {499, rejected},     {500, server_error}, {501, server_error}, {502, server_error},
      {503, server_error}, {504, server_error}, {599, server_error}, {0, malformed},      {99, malformed},
      {600, malformed},    {999, malformed},    {-1, malformed},
  };
  for (const auto& c : cases)
    for (const std::string& body : {std::string{}, std::string{"<html><body>Bad gateway</body></html>"},
                                    std::string{"{}"}, good_body()}) {
      const auto understood = read(c.status, body, "", "id-1");
      EXPECT_EQ(understood.verdict, c.verdict) << c.status << ' ' << body;
      EXPECT_EQ(understood.http_status, c.status);
      EXPECT_EQ(understood.request_id, "id-1");
      EXPECT_NE(understood.message, "");
      EXPECT_EQ(understood.token.value(), "");
    }
}

TEST(Reply, message_says_what_to_look_at) {
  const struct {
    int status;
    std::string body, message;
  } cases[] = {
      {302, "",
       "the API answered with a redirect (HTTP 302), and those are never followed: is the base URL right?"},
      {400, "", "the API rejected the request (HTTP 400), and gave no reason"},
      {400, error_body("shipengine", "invalid_identifier"),
       "the API rejected the request (HTTP 400): invalid_identifier"},
      {400, error_body("shipengine", "brand_new"), "the API rejected the request (HTTP 400): see its errors"},
      {404, error_body("shipengine", "unspecified"),
       "the API rejected the request (HTTP 404): see its errors"},
      {401, error_body("shipengine", "unauthorized"), "the API refused the key (HTTP 401): unauthorized"},
      {401, error_body("shipengine", "unspecified"), "the API refused the key (HTTP 401): see its errors"},
      {401, "",
       "something in front of the API refused the request (HTTP 401): its reply has no API error, as a "
       "gateway's or a firewall's"},
      {429, "", "the API's rate limit is reached (HTTP 429)"},
      {503, "<html>", "the API failed (HTTP 503), and gave no reason"},
      {503, error_body("shipengine", "unknown"), "the API failed (HTTP 503): see its errors"},
      {408, "", "the API didn't take the request on this connection (HTTP 408), and gave no reason"},
      {421, error_body("shipengine", "unspecified"),
       "the API didn't take the request on this connection (HTTP 421): see its errors"},
      {202, "", "the reply can't be used (HTTP 202): its status is neither 200 nor 201"},
  };
  for (const auto& c : cases) EXPECT_EQ(read(c.status, c.body).message, c.message);
}

TEST(Reply, is_rate_limited_at_any_status_if_the_api_says_so) {  // behaviours: R2
  const auto body = error_body("shipengine", "rate_limit_exceeded");
  for (const int status : {200, 400, 401, 403, 429, 500, 503}) {
    const auto understood = read(status, body, "2");
    EXPECT_EQ(understood.verdict, rate_limited) << status;
    EXPECT_EQ(understood.retry_after, clock::duration{2s});
  }
  // The Java SDK takes a 429 without Retry-After for success.
  for (const std::string other : {"", "<html>Too many requests</html>", "{}", "{\"errors\":[]}"}) {
    EXPECT_EQ(read(429, other).verdict, rate_limited) << other;
    EXPECT_EQ(read(429, other).retry_after, std::nullopt);
  }
}

TEST(Reply, of_a_carriers_limit_is_not_ours) {  // behaviours: R3
  for (const char* source : {"carrier", "order_source"}) {
    const auto body = error_body(source, "rate_limit_exceeded");
    EXPECT_EQ(read(429, body, "60").verdict, throttled);
    EXPECT_EQ(read(429, body, "60").retry_after, clock::duration{60s});
    EXPECT_EQ(read(400, body).verdict, rejected);
    EXPECT_EQ(read(503, body).verdict, server_error);
    EXPECT_EQ(read(200, body).verdict, rejected);
  }
  // The source must be known: an unknown one could be the API itself.
  EXPECT_EQ(read(429, error_body("brand_new", "rate_limit_exceeded")).verdict, rate_limited);
  EXPECT_EQ(read(429, error_body("carrier", "unspecified")).verdict, rate_limited);
}

TEST(Reply, that_refuses_the_key_is_the_apis_own) {
  EXPECT_EQ(read(401, error_body("shipengine", "unauthorized")).verdict, key_refused);
  EXPECT_EQ(read(403, error_body("shipengine", "forbidden")).verdict, key_refused);
  EXPECT_EQ(read(403, error_body("carrier", "forbidden")).verdict, rejected);
  EXPECT_EQ(read(401, error_body("order_source", "unauthorized")).verdict, rejected);
}

TEST(Reply, that_is_about_its_connection_is_no_rejection) {  // behaviours: R15
  for (const int status : {408, 421, 425}) {
    EXPECT_EQ(read(status, "").verdict, elsewhere) << status;
    EXPECT_EQ(read(status, error_body("shipengine", "unspecified")).verdict, elsewhere) << status;
    EXPECT_EQ(read(status, error_body("shipengine", "rate_limit_exceeded")).verdict, rate_limited) << status;
  }
  for (const int status : {400, 404, 407, 409, 410, 422, 424, 426, 431})
    EXPECT_EQ(read(status, "").verdict, rejected) << status;
}

TEST(Reply, says_how_long_to_wait_where_a_new_try_is_worth_it) {  // behaviours: R13, R14
  for (int status = 200; status < 600; ++status) {
    // A 401 or 403 without an API error is from a gateway.
    const bool worth_it = status == 401 || status == 403 || status == 408 || status == 421 || status == 425 ||
                          status == 429 || status >= 500;
    const auto told = worth_it ? std::optional<clock::duration>{7s} : std::nullopt;
    EXPECT_EQ(read(status, "", "7").retry_after, told) << status;
    EXPECT_EQ(read(status, "", "Wed, 08 Apr 2026 00:00:07 GMT").retry_after, told) << status;
    EXPECT_EQ(read(status, "", "1775645147").retry_after, std::nullopt) << status;
  }
}

TEST(Reply, without_a_body_that_can_be_read_keeps_its_status) {  // behaviours: P4
  for (const int status : {200, 400, 401, 408, 429, 503}) {
    reply_reader reader{{{"dashboard.shipengine.com"}, ""}, {key.reveal()}};
    padded_reply padded{status, ""};
    padded.reply.body_fault = "a body of 70000 bytes; 65536 are taken at most";
    padded.reply.request_id = "id-1";
    const auto understood = reader.read(padded.reply, sent, wall);
    EXPECT_EQ(understood.verdict, status == 200 ? malformed : read(status, "").verdict) << status;
    EXPECT_EQ(understood.http_status, status);
    EXPECT_EQ(understood.request_id, "id-1");
    EXPECT_EQ(understood.message, status == 200
                                      ? "the reply can't be used (HTTP 200): a body of 70000 bytes; "
                                        "65536 are taken at most"
                                      : read(status, "").message);
  }
}

// behaviours: R8
TEST(Reply, that_refuses_without_an_api_error_accuses_nobodys_key) {
  for (const int status : {401, 403})
    for (const std::string body :
         {"", "<html><body>Request blocked</body></html>", "{}", R"({"message":"Forbidden"})",
          R"({"errors":[]})", R"({"errors":"none"})", R"({"errors":[{}])", "[]", "null"}) {
      const auto understood = read(status, body);
      EXPECT_EQ(understood.verdict, server_error) << body;
      EXPECT_EQ(understood.http_status, status);
    }
}

TEST(Reply, with_errors_is_a_failure_even_at_200) {  // behaviours: P4
  const auto understood = read(200, good_body(R"(,"errors":[{"error_code":"unspecified"}])"));
  EXPECT_EQ(understood.verdict, rejected);
  EXPECT_EQ(understood.http_status, 200);
  ASSERT_EQ(understood.api_errors.size(), 1u);
  EXPECT_EQ(understood.api_errors[0].code, api_error_code::unspecified);
  EXPECT_EQ(understood.token.value(), "");
}

TEST(ApiErrors, are_read_member_by_member) {
  const auto understood = read(400, R"({"request_id":"aa3d8e8e-462b","errors":[
      {"error_source":"carrier","error_type":"validation","error_code":"invalid_field_value","message":"m",
       "carrier_id":"se-28529731","carrier_code":"dhl_express","field_name":"shipment.ship_to","new":{}},
      7, {}]})");
  EXPECT_EQ(understood.request_id, "aa3d8e8e-462b");
  ASSERT_EQ(understood.api_errors.size(), 2u);
  const auto& first = understood.api_errors[0];
  EXPECT_EQ(first.source, api_error_source::carrier);
  EXPECT_EQ(first.type, api_error_type::validation);
  EXPECT_EQ(first.code, api_error_code::invalid_field_value);
  EXPECT_EQ(first.message, "m");
  EXPECT_EQ(first.carrier_id, "se-28529731");
  EXPECT_EQ(first.carrier_code, "dhl_express");
  EXPECT_EQ(first.field_name, "shipment.ship_to");
  EXPECT_EQ(understood.api_errors[1].code, api_error_code::other);
  EXPECT_EQ(understood.api_errors[1].code.text(), "");
}

TEST(ApiErrors, every_code_of_the_reference_is_known) {  // behaviours: P6
  for (int number = 1; number <= static_cast<int>(api_error_code::funding_source_error); ++number) {
    const auto code = static_cast<api_error_code>(number);
    const auto understood = read(400, error_body("carrier", to_string(code)));
    ASSERT_EQ(understood.api_errors.size(), 1u);
    EXPECT_EQ(understood.api_errors[0].code, code);
    EXPECT_EQ(understood.api_errors[0].code.text(), to_string(code));
  }
}

TEST(ApiErrors, keep_the_text_of_unknown_values) {  // behaviours: P6
  const auto understood = read(400, R"({"errors":[{"error_source":"moon\n","error_type":7,"error_code":")" +
                                        std::string(99, 'x') + R"("}]})");
  ASSERT_EQ(understood.api_errors.size(), 1u);
  EXPECT_EQ(understood.api_errors[0].source.text(), "moon\\x0a");
  EXPECT_EQ(understood.api_errors[0].type.text(), "");
  EXPECT_EQ(understood.api_errors[0].code.text(), std::string(61, 'x') + "...");
}

TEST(ApiErrors, are_capped_and_cleaned) {  // behaviours: P7
  std::string many = R"({"errors":[)";
  for (int i = 0; i < 500; ++i) many += R"({"message":"a\nb\u001b[31m\u202e\u0000"},)";
  many.back() = ']';
  const auto understood = read(400, many + '}');
  EXPECT_EQ(understood.api_errors.size(), 16u);
  EXPECT_EQ(understood.api_errors[0].message, "a\\x0ab\\x1b[31m\\xe2\\x80\\xae\\x00");
  const auto longest = read(400, error_body("carrier", "unknown", std::string(60'000, 'm')));
  EXPECT_EQ(longest.api_errors[0].message, std::string(509, 'm') + "...");
}

TEST(RequestId, comes_from_the_body_or_the_header) {  // behaviours: P5
  const struct {
    std::string in_body, in_header, id;
  } cases[] = {
      {R"("body-1")", "header-1", "body-1"},
      {R"("body-1")", "", "body-1"},
      {"null", "header-1", "header-1"},
      {"7", "header-1", "header-1"},
      {R"("")", "header-1", "header-1"},
      {R"("two words")", "header-1", "header-1"},
      {R"("line\nbreak")", "header-1", "header-1"},
      {R"("é")", "header-1", "header-1"},
      {'"' + std::string(128, 'i') + '"', "h", std::string(128, 'i')},
      {'"' + std::string(129, 'i') + '"', "h", "h"},
      {"null", "two words", ""},
      {"null", std::string(129, 'i'), ""},
      {"null", "", ""},
  };
  for (const auto& c : cases)
    EXPECT_EQ(read(400, R"({"request_id":)" + c.in_body + '}', "", c.in_header).request_id, c.id)
        << c.in_body;
  EXPECT_EQ(read(400, "<html>", "", "header-1").request_id, "header-1");
}

std::string everything_said_by(const understood_reply& reply) {
  std::ostringstream out;
  out << reply.message << ' ' << reply.request_id;
  for (const auto& e : reply.api_errors)
    out << ' ' << e.source.text() << ' ' << e.type.text() << ' ' << e.code.text() << ' ' << e.message << ' '
        << e.carrier_id << ' ' << e.carrier_code << ' ' << e.field_name;
  return out.str();
}

TEST(Secrets, that_a_server_echoes_are_taken_out) {  // behaviours: P7, I5
  std::string echo;
  for (const auto& planted : {std::string{key.reveal()}, token, redirect_url}) {
    const std::string entry = R"({"error_source":")" + planted + R"(","error_type":")" + planted +
                              R"(","error_code":")" + planted + R"(","message":"no )" + planted +
                              R"( here","carrier_id":")" + planted + R"(","carrier_code":")" + planted +
                              R"(","field_name":")" + planted + R"("})";
    echo += (echo.empty() ? "" : ",") + entry;
  }
  for (const int status : {200, 400, 401, 429, 500}) {
    const auto understood =
        read(status,
             good_body(R"(,"request_id":"id-)" + std::string{key.reveal()} + R"(","errors":[)" + echo + ']'),
             "", key.reveal());
    const auto said = everything_said_by(understood);
    EXPECT_THAT(said, Not(HasSubstr("planted_key")));
    EXPECT_THAT(said, Not(HasSubstr(token)));
    EXPECT_EQ(understood.request_id, "");
    ASSERT_EQ(understood.api_errors.size(), 3u);
    EXPECT_EQ(understood.api_errors[0].message, "no [redacted] here");
    EXPECT_EQ(understood.api_errors[2].message, "no [redacted] here");
  }
}

TEST(Secrets, of_a_refused_reply_are_in_no_message) {  // behaviours: I5
  for (const std::string url : {"https://evil.example/?planted", "planted", "https://planted@x/", ""}) {
    const auto understood = read(200, R"({"token":"planted","redirect_url":")" + url + "\"}");
    EXPECT_EQ(understood.verdict, malformed);
    EXPECT_THAT(everything_said_by(understood), Not(HasSubstr("planted")));
  }
}

// behaviours: I5, X6
TEST(ReplyReader, key_that_was_rotated_away_is_hidden_too) {
  const secret old{"TEST_old_planted"};
  reply_reader reader{{{"dashboard.shipengine.com"}, ""}, {key.reveal(), old.reveal()}};
  const padded_reply echo{401,
                          error_body("shipengine", "unauthorized", "TEST_old_planted, not TEST_planted_key")};
  const auto understood = reader.read(echo.reply, sent, wall);
  ASSERT_EQ(understood.api_errors.size(), 1u);
  EXPECT_EQ(understood.api_errors[0].message, "[redacted], not [redacted]");
}

TEST(ReplyReader, can_be_used_again_after_anything) {
  reply_reader reader{{{"dashboard.shipengine.com"}, ""}};
  const padded_reply good{200, good_body()};
  for (const std::string& body : {std::string{"{"}, std::string(60'000, '['), std::string(70'000, ' '),
                                  std::string{}, good_body(",\"x\":\"" + std::string(50'000, 'x') + '"')}) {
    const padded_reply other{200, body};
    (void)reader.read(other.reply, sent, wall);
    const auto understood = reader.read(good.reply, sent, wall);
    ASSERT_EQ(understood.verdict, minted);
    EXPECT_EQ(understood.token.value(), token);
  }
}

TEST(Reply, cut_anywhere_is_malformed) {  // behaviours: P1
  const auto whole = good_body(R"(,"request_id":"x","errors":[])");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(read(200, whole.substr(0, size)).verdict, malformed) << size;
}

}  // namespace
}  // namespace ephemint
