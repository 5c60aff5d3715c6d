#include "codec/store_error.hpp"

#include "codec/store_address.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace ephemint::redis {
namespace {

using kind = store_error::kind;

struct refusal {
  std::string_view error;
  std::string_view command;
  kind what;
  std::string_view message;
};

constexpr std::array refusals{
    refusal{"WRONGPASS invalid username-password pair or user is disabled.", "AUTH", kind::this_server,
            "AUTH was refused (WRONGPASS)"},
    refusal{"ERR invalid password", "AUTH", kind::this_server, "AUTH was refused (ERR)"},
    refusal{"ERR unknown command `AUTH`, with args beginning with: `hush`", "AUTH", kind::this_server,
            "AUTH was refused (ERR)"},
    refusal{"hush", "AUTH", kind::this_server, "AUTH was refused (ERR)"},
    refusal{"HUSH", "SELECT", kind::this_command, "HUSH on SELECT: \"HUSH\""},
    refusal{"NOAUTH Authentication required.", "EVALSHA", kind::this_server, "it wants a password (NOAUTH)"},
    refusal{"NOPERM this user has no permissions to run the 'evalsha' command", "EVALSHA", kind::this_command,
            "NOPERM on EVALSHA"},
    refusal{"ERR The user executing the script can't run this command or subcommand script: 1, on "
            "@user_script:1.",
            "EVAL", kind::this_command, "NOPERM on a command of the script"},
    refusal{"OOM command not allowed when used memory > 'maxmemory'.", "EVALSHA", kind::this_command,
            "OOM: maxmemory reached"},
    refusal{"READONLY You can't write against a read only replica.", "EVALSHA", kind::this_server,
            "it is a read-only replica (READONLY)"},
    refusal{"LOADING Redis is loading the dataset in memory", "INFO", kind::this_server,
            "it is still loading its data (LOADING)"},
    refusal{"MASTERDOWN Link with MASTER is down", "EVALSHA", kind::this_server,
            "it is a replica without its master (MASTERDOWN)"},
    refusal{"CLUSTERDOWN The cluster is down", "EVALSHA", kind::this_server,
            "the cluster is down (CLUSTERDOWN)"},
    refusal{"TRYAGAIN Multiple keys request during rehashing of slot", "EVALSHA", kind::this_command,
            "the cluster is moving the key (TRYAGAIN)"},
    refusal{"BUSY Redis is busy running a script.", "EVALSHA", kind::this_command,
            "it is busy with a script (BUSY)"},
    refusal{"NOSCRIPT No matching script. Please use EVAL.", "EVALSHA", kind::no_script,
            "it doesn't keep the script (NOSCRIPT)"},
    refusal{"ERR DB index is out of range", "SELECT", kind::this_command,
            "ERR on SELECT: \"ERR DB index is out of range\""},
    refusal{"", "EVALSHA", kind::this_command, "ERR on EVALSHA: \"\""},
    refusal{"ERR a\nb\x1b[31m", "EVAL", kind::this_command, "ERR on EVAL: \"ERR a\\x0ab\\x1b[31m\""},
};

TEST(StoreError, SaysWhatItMeansForUsInOneLine) {
  for (const refusal& each : refusals) {
    const store_error read = read_error(each.error, each.command);
    EXPECT_EQ(read.what, each.what) << each.error;
    EXPECT_EQ(read.message, each.message);
  }
}

TEST(StoreError, IsShortHoweverLongTheServersTextIs) {
  EXPECT_LT(read_error("ERR " + std::string(60'000, 'x'), "EVALSHA").message.size(), 120U);
  EXPECT_LT(read_error(std::string(60'000, 'X'), "EVALSHA").message.size(), 120U);
}

TEST(StoreError, FindsTheOtherNode) {
  const std::string moved = "MOVED 3999 127.0.0.1:6381", ask = "ASK 3999 [::1]:7 later";
  EXPECT_EQ(read_error(moved, "EVALSHA").what, kind::moved);
  EXPECT_EQ(read_error(moved, "EVALSHA").elsewhere, "127.0.0.1:6381");
  EXPECT_EQ(read_error(ask, "EVALSHA").what, kind::ask);
  EXPECT_EQ(read_error(ask, "EVALSHA").elsewhere, "[::1]:7");
  EXPECT_EQ(read_error("MOVED", "EVALSHA").elsewhere, "");
  EXPECT_EQ(read_error("MOVED 3999", "EVALSHA").elsewhere, "");
}

struct redirection {
  std::string_view said;
  std::string_view leads_to;  // empty: nowhere
};

TEST(StoreAddress, IsReadFromARedirection) {
  for (const redirection& each :
       {redirection{"127.0.0.1:6381", "127.0.0.1:6381"},
        redirection{"node-2.Cache.example:6379", "node-2.cache.example:6379"},
        redirection{"2001:db8::1:6379", "[2001:db8::1]:6379"}, redirection{":6380", "first.example:6380"},
        redirection{"?:6380", "first.example:6380"}, redirection{"127.0.0.1", ""},
        redirection{"127.0.0.1:", ""}, redirection{"127.0.0.1:0", ""}, redirection{"127.0.0.1:65536", ""},
        redirection{"127.0.0.1:+1", ""}, redirection{"127.0.0.1:63x", ""}, redirection{"a b:1", ""},
        redirection{"a/b:1", ""}, redirection{"user@host:1", ""}, redirection{"0x7f000001:1", ""},
        redirection{"127.1:1", ""}, redirection{"a\nb:1", ""}, redirection{"", ""}}) {
    const auto address = redirected_to(each.said, "first.example");
    EXPECT_EQ(address ? address->text() : "", each.leads_to) << each.said;
  }
  EXPECT_FALSE(redirected_to(std::string(300, 'a') + ":1", "x"));
}

}  // namespace
}  // namespace ephemint::redis
