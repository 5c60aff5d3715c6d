// Replies that break HTTP's rules or limits: each is an error of its own stream, and affects no other.
#include "support/http2_trial.hpp"

#include <functional>
#include <string>
#include <vector>

namespace ephemint::test {
namespace {

using h2::error_code;
using h2::field_list;

/// What a server writes to the mint of se-1, whose neighbours get good replies.
struct odd_reply {
  const char* name;
  std::function<std::string(const frame_request&)> bytes;
  const char* outcome = "bad_response";

  friend void PrintTo(const odd_reply& each, std::ostream* to) { *to << each.name; }
};

/// The fields of a good reply with these before the others, or behind them.
std::function<std::string(const frame_request&)> with(field_list before, field_list behind,
                                                      std::string status = "200") {
  return [=](const frame_request& r) {
    const auto body = good_body(r.account());
    field_list fields{before};
    if (!status.empty()) fields.push_back({":status", status});
    fields.push_back({"content-type", "application/json"});
    fields.insert(fields.end(), behind.begin(), behind.end());
    return reply_of(r.stream, fields, body);
  };
}

/// A good reply but for its `content-length`s.
std::function<std::string(const frame_request&)> with_lengths(std::vector<std::string> lengths) {
  field_list fields;
  for (auto& each : lengths) fields.push_back({"content-length", std::move(each)});
  return with({}, std::move(fields));
}

std::function<std::string(const frame_request&)> with_length_changed_by(int change) {
  return [=](const frame_request& r) {
    const auto body = good_body(r.account());
    return reply_of(r.stream, good_fields(body.size() + static_cast<std::size_t>(change)), body);
  };
}

std::string interim(const frame_request& r, int n) {
  std::string all;
  while (n-- > 0) all += h2::headers(r.stream, h2::block({{":status", "103"}, {"link", "</x>"}}));
  return all;
}

/// HEADERS and DATA of a good reply, and trailers.
std::string trailed(const frame_request& r, const field_list& trailers, bool ends = true) {
  const auto body = good_body(r.account());
  return h2::headers(r.stream, h2::block(good_fields(body.size()))) + h2::data(r.stream, body) +
         h2::headers(r.stream, h2::block(trailers), ends);
}

/// The block in pieces of so many bytes.
std::string in_continuations(std::uint32_t stream, std::string_view block, std::size_t piece) {
  std::string all = h2::open_headers(stream, block.substr(0, piece));
  for (block.remove_prefix(piece); !block.empty(); block.remove_prefix(std::min(piece, block.size())))
    all += h2::continuation(stream, block.substr(0, piece), block.size() <= piece);
  return all;
}

std::string bomb(const frame_request& r) {
  std::string block = h2::literal(":status", "200") + h2::remembered("x-bomb", std::string(4'000, 'b'));
  for (int i = 0; i < 2'000; ++i) block += h2::indexed(62);
  return h2::headers(r.stream, block) + h2::data(r.stream, "{}", true);
}

field_list many_fields(int n) {
  field_list all;
  for (int i = 0; i < n; ++i) all.push_back({"x-field-" + std::to_string(i), "v"});
  return all;
}

const std::vector<odd_reply> odd_replies{
    // RFC 9113 §8.2, §8.3.
    {"no_status", with({}, {}, "")},
    {"two_statuses", with({{":status", "200"}}, {})},
    {"status_of_letters", with({}, {}, "2x0")},
    {"status_of_four_digits", with({}, {}, "2000")},
    {"empty_status_value", with({{":status", ""}}, {}, "")},
    {"status_behind_others", with({{"x-first", "1"}}, {})},
    {"path_in_a_reply", with({{":path", "/"}}, {})},
    {"upper_case_name", with({}, {{"X-Upper", "1"}})},
    {"connection_field", with({}, {{"connection", "close"}})},
    {"transfer_encoding", with({}, {{"transfer-encoding", "chunked"}})},
    {"line_feed", with({}, {{"x-split", "a\nb"}})},
    {"zero_byte", with({}, {{"x-zero", std::string("a\0b", 3)}})},
    {"blank_in_name", with({}, {{"x y", "1"}})},
    {"empty_name", with({}, {{"", "1"}})},
    {"length_of_letters", with_lengths({"12a"})},
    {"two_lengths", with_lengths({"5", "6"})},
    {"length_too_great", with_length_changed_by(5)},
    {"length_too_small", with_length_changed_by(-5)},
    {"length_over_the_limit", with_lengths({"65537"})},
    {"status_101", with({}, {}, "101")},
    {"content_encoding", with({}, {{"content-encoding", "gzip"}})},
    // Limits.
    {"twenty_kilobytes_of_header",
     [](const frame_request& r) {
       const auto block = h2::block(
           {{":status", "200"}, {"x-filler", std::string(12'000, 'f')}, {"x-more", std::string(8'000, 'm')}});
       return in_continuations(r.stream, block, 10'000) + h2::data(r.stream, good_body(r.account()), true);
     }},
    {"two_hundred_fields", with({}, many_fields(200))},
    {"header_bomb", &bomb},
    {"header_that_grew_over_its_blocks",
     [](const frame_request& r) {
       std::string all;
       for (int i = 0; i < 3; ++i)
         all += h2::headers(r.stream, h2::block({{":status", "103"}, {"x-filler", std::string(6'000, 'f')}}));
       return all + good_reply(r);
     }},
    {"mostly_padding",
     [](const frame_request& r) {
       std::string all = h2::headers(r.stream, h2::block({{":status", "200"}}));
       for (int i = 0; i < 600; ++i) all += h2::padded_data(r.stream, " ", 255);
       return all + h2::data(r.stream, good_body(r.account()), true);
     }},
    {"twenty_interim_replies", [](const frame_request& r) { return interim(r, 20) + good_reply(r); }},
    {"interim_reply_that_ends",
     [](const frame_request& r) {
       return h2::headers(r.stream, h2::block({{":status", "103"}}), true);
     }},
    {"trailers_with_a_status",
     [](const frame_request& r) {
       return trailed(r, {{":status", "200"}});
     }},
    {"trailers_without_an_end",
     [](const frame_request& r) {
       return trailed(r, {{"x-trailer", "1"}}, false);
     }},
    {"many_trailers", [](const frame_request& r) { return trailed(r, many_fields(200)); }},
    {"no_content",
     [](const frame_request& r) {
       return h2::headers(r.stream, h2::block({{":status", "204"}}), true);
     }},
    // What is unusual only.
    {"three_interim_replies", [](const frame_request& r) { return interim(r, 3) + good_reply(r); }, "minted"},
    {"trailers",
     [](const frame_request& r) {
       return trailed(r, {{"retry-after", "60"}, {"x-shipengine-requestid", "other"}});
     },
     "minted"},
    {"three_continuations",
     [](const frame_request& r) {
       const auto body = good_body(r.account());
       return in_continuations(r.stream, h2::block(good_fields(body.size())), 20) +
              h2::data(r.stream, body, true);
     },
     "minted"},
    {"continuations_of_one_byte",
     [](const frame_request& r) {
       const auto body = good_body(r.account());
       return in_continuations(r.stream, h2::block(good_fields(body.size())), 1) +
              h2::data(r.stream, body, true);
     },
     "minted"},
    {"no_length",
     [](const frame_request& r) {
       return reply_of(r.stream, {{":status", "200"}}, good_body(r.account()));
     },
     "minted"},
    {"body_in_bytes",
     [](const frame_request& r) {
       std::string all = h2::headers(r.stream, h2::block({{":status", "200"}}));
       for (const char& byte : good_body(r.account())) all += h2::data(r.stream, {&byte, 1});
       return all + h2::data(r.stream, "", true);
     },
     "minted"},
    {"greatest_padding",
     [](const frame_request& r) {
       return h2::headers(r.stream, h2::block({{":status", "200"}})) + h2::padded_data(r.stream, "", 255) +
              h2::padded_data(r.stream, good_body(r.account()), 255, true);
     },
     "minted"},
    {"sixty_kilobytes_and_a_token",
     [](const frame_request& r) {
       const auto body = good_body(r.account(), 60'000);
       std::string all = h2::headers(r.stream, h2::block(good_fields(body.size())));
       for (std::size_t at = 0; at < body.size(); at += 16'000)
         all += h2::data(r.stream, std::string_view{body}.substr(at, 16'000), at + 16'000 >= body.size());
       return all;
     },
     "minted"},
};

class Http2Reply : public testing::TestWithParam<odd_reply> {};

TEST_P(Http2Reply, ends_as_it_should_and_alone) {
  frame_server api{[](frame_peer& p) {
    p.open();
    while (const auto request = p.next_request())
      if (!p.write(request->account() == "se-1" ? GetParam().bytes(*request) : good_reply(*request))) return;
  }};
  // Those behind come on the same connection: its header table and its windows are right still.
  const auto seen = mint_through(options_for(api), {{.mints = 3}, {.mints = 2, .first = 7}});
  EXPECT_EQ(seen.names(0), (std::vector<std::string>{"minted", GetParam().outcome, "minted"}));
  EXPECT_EQ(seen.all(1), (outcomes{{"minted", 2}}));
  EXPECT_EQ(api.requests(), 5);
  EXPECT_EQ(api.connections(), 1);
  EXPECT_EQ(seen.stats.retries, 0u);
}

class Http2ReplyInPieces : public Http2Reply {};

TEST_P(Http2ReplyInPieces, ends_the_same_in_records_of_one_byte) {
  frame_server api{[](frame_peer& p) {
    p.open();
    while (const auto request = p.next_request()) {
      const bool odd = request->account() == "se-1";
      if (!p.write_in_pieces(odd ? GetParam().bytes(*request) : good_reply(*request), odd ? 1 : 16'384))
        return;
    }
  }};
  const auto seen = mint_through(options_for(api), {{.mints = 2}, {.mints = 1, .first = 7}});
  EXPECT_EQ(seen.names(0), (std::vector<std::string>{"minted", GetParam().outcome}));
  EXPECT_EQ(seen.all(1), (outcomes{{"minted", 1}}));
  EXPECT_EQ(api.requests(), 3);
  EXPECT_EQ(api.connections(), 1);
}

/// But for the one whose block comes in pieces already: nghttp2 counts them, and they would be 700 then.
std::vector<odd_reply> replies_for_pieces() {
  std::vector<odd_reply> some{std::begin(odd_replies), std::end(odd_replies)};
  std::erase_if(some,
                [](const odd_reply& r) { return r.name == std::string_view{"continuations_of_one_byte"}; });
  return some;
}

INSTANTIATE_TEST_SUITE_P(All, Http2Reply, testing::ValuesIn(odd_replies),
                         [](const auto& each) { return each.param.name; });
INSTANTIATE_TEST_SUITE_P(All, Http2ReplyInPieces, testing::ValuesIn(replies_for_pieces()),
                         [](const auto& each) { return each.param.name; });

// Of a connection that answered well before: what a fresh one says first is all that is known of it.
TEST(Http2Replies, one_503_is_tried_again_on_the_same_connection) {
  frame_server api{[](frame_peer& p) {
    p.open();
    if (const auto first = p.next_request()) p.write(good_reply(*first));
    if (const auto second = p.next_request())
      p.write(h2::headers(second->stream, h2::block({{":status", "503"}}), true));
    p.serve();
  }};
  const auto seen = mint_through(options_for(api), {{}, {}});
  EXPECT_EQ(seen.all(0), (outcomes{{"minted", 1}}));
  EXPECT_EQ(seen.all(1), (outcomes{{"minted", 1}}));
  EXPECT_EQ(seen.stats.retries, 1u);
  EXPECT_EQ(api.requests(), 3);
  EXPECT_EQ(api.connections(), 1);
}

TEST(Http2Replies, interleaved_by_few_bytes_and_last_first_go_to_whom_they_belong) {
  frame_server api{[](frame_peer& p) {
    p.open();
    auto eight = p.next_requests(8);
    std::vector<std::string> bodies;
    for (auto each = eight.rbegin(); each != eight.rend(); ++each) {
      p.write(h2::headers(each->stream, h2::block({{":status", "200"}})));
      bodies.push_back(good_body(each->account()));
    }
    constexpr std::size_t few = 7;
    for (std::size_t at = 0; at < 400; at += few) {
      std::string turn;
      for (std::size_t i = 0; i < bodies.size(); ++i)
        if (at < bodies[i].size())
          turn += h2::data(eight[bodies.size() - 1 - i].stream, std::string_view{bodies[i]}.substr(at, few),
                           at + few >= bodies[i].size());
      p.write(turn);
    }
  }};
  const auto seen = mint_through(options_for(api), {{.mints = 8}});
  EXPECT_EQ(seen.all(), (outcomes{{"minted", 8}}));
  EXPECT_EQ(api.connections(), 1);
}

// What such a server could also do, and no client can see: put the token of one account into the stream of
// another. A reply belongs to the request of its stream, and to nothing else.

TEST(Http2Replies, second_one_behind_the_end_changes_nothing) {
  for (const bool is_data : {true, false}) {
    frame_server api{[=](frame_peer& p) {
      p.open();
      while (const auto request = p.next_request()) {
        const auto reply = good_reply(*request);
        const auto more = is_data ? h2::data(request->stream, "more", true)
                                  : good_reply({request->stream, {{"on-behalf-of", "se-other"}}});
        if (!p.write(reply + more)) return;
      }
    }};
    const auto seen = mint_through(options_for(api), {{.mints = 2}, {}});
    EXPECT_EQ(seen.all(0), (outcomes{{"minted", 2}}));
    EXPECT_EQ(seen.all(1), (outcomes{{"minted", 1}}));
    EXPECT_LE(api.requests(), 6);
  }
}

TEST(Http2Replies, body_over_the_limit_is_reset_and_its_connection_goes_on) {
  frame_server api{[](frame_peer& p) {
    p.open();
    if (const auto first = p.next_request()) p.write(good_reply(*first));
    const auto request = p.next_request();
    if (!request) return;
    p.write(h2::headers(request->stream, h2::block({{":status", "200"}})));
    // Not one byte more than the stream's window, unless that is given.
    const std::string part(16'384, ' ');
    for (int i = 0; i < 4; ++i) p.write(h2::data(request->stream, part));
    while (p.seen().resets(request->stream).empty()) {
      const auto frame = p.next_frame();
      if (!frame) return;
      if (frame->type == h2::frame_type::window_update && frame->stream == request->stream)
        p.write(h2::data(request->stream, " "));
    }
    p.serve();
  }};
  const auto seen = mint_through(options_for(api), {{}, {}, {}});
  EXPECT_EQ(seen.all(0), (outcomes{{"minted", 1}}));
  EXPECT_EQ(seen.all(1), (outcomes{{"bad_response", 1}}));
  EXPECT_EQ(seen.all(2), (outcomes{{"minted", 1}}));
  EXPECT_EQ(api.connections(), 1);
  EXPECT_EQ(api.finish().front().resets(), std::vector{error_code::cancel});
}

}  // namespace
}  // namespace ephemint::test
