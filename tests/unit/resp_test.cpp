#include "codec/resp.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::redis {
namespace {

using kind = resp_value::kind;
using namespace std::string_view_literals;

/// A reply as text, for comparisons: `[1 "a" +OK -ERR no nil]`.
std::string shown(const resp_value& value) {
  switch (value.what) {
    case kind::nil:
      return "nil";
    case kind::integer:
      return std::to_string(value.integer);
    case kind::text:
      return '"' + value.text + '"';
    case kind::status:
      return '+' + value.text;
    case kind::error:
      return '-' + value.text;
    case kind::array:
      break;
  }
  std::string text = "[";
  for (const resp_value& each : value.elements) text += (text.size() > 1 ? " " : "") + shown(each);
  return text + ']';
}

/// All replies in `bytes`, fed in pieces of that size, and what is wrong with the rest.
std::string read(std::string_view bytes, std::size_t piece = 4096) {
  resp_reader reader;
  std::string all;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.feed(bytes.substr(at, piece));
    while (const auto reply = reader.next()) all += shown(*reply) + ';';
  }
  return all + std::string{reader.problem()};
}

struct example {
  std::string_view bytes;
  std::string_view means;
};

constexpr std::array examples{
    example{"+OK\r\n", "+OK;"},
    example{"-NOSCRIPT No matching script.\r\n", "-NOSCRIPT No matching script.;"},
    example{":0\r\n", "0;"},
    example{":-42\r\n", "-42;"},
    example{":9223372036854775807\r\n", "9223372036854775807;"},
    example{"$0\r\n\r\n", "\"\";"},
    example{"$-1\r\n", "nil;"},
    example{"*-1\r\n", "nil;"},
    example{"*0\r\n", "[];"},
    example{"$6\r\na\r\nb\0c\r\n"sv, "\"a\r\nb\0c\";"sv},
    example{"*3\r\n$2\r\nok\r\n:7\r\n$-1\r\n", "[\"ok\" 7 nil];"},
    example{"*2\r\n*2\r\n:1\r\n*0\r\n*1\r\n$1\r\nx\r\n", "[[1 []] [\"x\"]];"},
    example{"*3\r\n*1\r\n:1\r\n*1\r\n:2\r\n*3\r\n:3\r\n:4\r\n$3\r\nabc\r\n", "[[1] [2] [3 4 \"abc\"]];"},
    example{"*2\r\n+a\r\n-b c\r\n", "[+a -b c];"},
    example{"+OK\r\n:1\r\n$1\r\nz\r\n", "+OK;1;\"z\";"},
};

TEST(Resp, ReadsWhatServersSay) {
  for (const example& each : examples) EXPECT_EQ(read(each.bytes), each.means) << each.bytes;
}

TEST(Resp, ReadsItInPiecesOfAnySize) {
  for (const example& each : examples)
    for (std::size_t piece = 1; piece <= each.bytes.size(); ++piece)
      EXPECT_EQ(read(each.bytes, piece), each.means) << each.bytes << " in pieces of " << piece;
}

TEST(Resp, HasNothingToGiveBeforeAReplyIsWhole) {
  for (const example& each : examples)
    for (std::size_t size = 0; size < each.bytes.size(); ++size) {
      resp_reader reader;
      reader.feed(each.bytes.substr(0, size));
      std::string all;
      while (const auto reply = reader.next()) all += shown(*reply) + ';';
      EXPECT_TRUE(std::string_view{each.means}.starts_with(all)) << each.bytes;
      EXPECT_LT(all.size(), each.means.size());
      EXPECT_EQ(reader.problem(), "");
    }
}

constexpr std::string_view too_long = "it sent a reply of more than 64 KiB";
constexpr std::string_view broken = "it broke the protocol";
constexpr std::string_view other_protocol = "it answered in a protocol that wasn't asked for";

TEST(Resp, RefusesALengthAtItsHead) {
  for (const std::string_view head : {"$536870912\r\n", "$65537\r\n", "$9223372036854775807\r\n",
                                      "*2\r\n:1\r\n$536870912\r\n", "*1\r\n*1\r\n$70000\r\n"})
    for (std::size_t piece : {std::size_t{1}, head.size()}) EXPECT_EQ(read(head, piece), too_long) << head;
}

TEST(Resp, RefusesAReplyThatGoesOnAndOn) {
  EXPECT_EQ(read('+' + std::string(70'000, 'x')), too_long);
  EXPECT_EQ(read(':' + std::string(70'000, '1')), too_long);
  // Whole, but too long, and all of it at once.
  EXPECT_EQ(read('+' + std::string(70'000, 'x') + "\r\n", 1'000'000), too_long);
  std::string array = "*1000\r\n";
  for (int i = 0; i < 1000; ++i) array += "$100\r\n" + std::string(100, 'y') + "\r\n";
  EXPECT_EQ(read(array), too_long);
}

TEST(Resp, TakesAReplyOfTheGreatestLength) {
  const std::string text(65'000, 'x');
  EXPECT_EQ(read("$65000\r\n" + text + "\r\n"), '"' + text + "\";");
}

TEST(Resp, CountsEachReplyByItself) {
  const std::string reply = "$60000\r\n" + std::string(60'000, 'x') + "\r\n";
  EXPECT_EQ(read(reply + reply + reply + "+OK\r\n").substr(3 * 60'003), "+OK;");
}

TEST(Resp, RefusesArraysOfTooManyElements) {
  EXPECT_EQ(read("*1025\r\n"), "it announced an array of too many elements");
  EXPECT_EQ(read("*2147483647\r\n"), "it announced an array of too many elements");
  EXPECT_EQ(read("*1\r\n*1000000\r\n"), "it announced an array of too many elements");
  EXPECT_EQ(read("*1024\r\n"), "");
}

TEST(Resp, RefusesArraysThatAreNestedTooDeeply) {
  EXPECT_EQ(read("*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"), "[[[[1]]]];");
  EXPECT_EQ(read("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"), "its arrays are nested too deeply");
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "*1\r\n";
  EXPECT_EQ(read(deep), "its arrays are nested too deeply");
}

TEST(Resp, RefusesWhatIsNoReply) {
  for (const std::string_view bytes : {"HTTP/1.1 400 Bad Request\r\n", "\r\n", "!", "$x\r\n", "*x\r\n",
                                       ":1x\r\n", "*-2\r\n", "$-2\r\n", "*1\r\nx", "\x16\x03\x01"})
    EXPECT_EQ(read(bytes), broken) << bytes;
  EXPECT_EQ(read(std::string_view{"\0\0\0", 3}), broken);
}

/// Some releases of hiredis accept these; our reader must refuse them with any release. (They also read `_`
/// as nil, which does no harm.)
TEST(Resp, RefusesTheKindsOfTheThirdProtocol) {
  for (const std::string_view bytes : {",1.5\r\n", "#t\r\n", "%1\r\n:1\r\n:2\r\n", "~1\r\n:1\r\n",
                                       ">1\r\n:1\r\n", "=5\r\ntxt:a\r\n", "(123\r\n"}) {
    const std::string problem = read(bytes);
    EXPECT_TRUE(problem == broken || problem == other_protocol) << bytes << ": " << problem;
  }
}

TEST(Resp, GivesNothingMoreOnceSomethingIsWrong) {
  resp_reader reader;
  reader.feed("+OK\r\n?\r\n+OK\r\n");
  EXPECT_TRUE(reader.next());
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.problem(), broken);
  reader.feed("+OK\r\n");
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.problem(), broken);
}

std::string command(std::vector<std::string_view> words) { return std::string{resp_command(words).reveal()}; }

TEST(RespCommand, SaysEachWordWithItsLength) {
  EXPECT_EQ(command({"PING"}), "*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(command({"AUTH", "user", "pa ss"}), "*3\r\n$4\r\nAUTH\r\n$4\r\nuser\r\n$5\r\npa ss\r\n");
  EXPECT_EQ(command({"SET", "", "\r\n\0"sv}), "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$3\r\n\r\n\0\r\n"sv);
  EXPECT_EQ(command({"A", std::string_view{}}), "*2\r\n$1\r\nA\r\n$0\r\n\r\n");
}

}  // namespace
}  // namespace ephemint::redis
