#include "net/dial/tls.hpp"
#include "test_authority.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <sys/resource.h>

namespace ephemint::net {
namespace {

/// An environment variable for the time of a test.
class variable {
 public:
  variable(const char* name, const std::string& value) : name_{name} { setenv(name, value.c_str(), 1); }
  ~variable() { unsetenv(name_); }
  variable(const variable&) = delete;
  variable& operator=(const variable&) = delete;

 private:
  const char* name_;
};

std::exception_ptr refusal_of(const endpoint_settings& settings) {
  try {
    const tls_context context{settings};
  } catch (const std::invalid_argument&) {
    return std::current_exception();
  }
  return nullptr;
}

std::string words_of(const std::exception_ptr& refusal) {
  try {
    if (refusal) std::rethrow_exception(refusal);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

std::string complaint_about(const endpoint_settings& settings) { return words_of(refusal_of(settings)); }

std::string file_with(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + name;
  std::ofstream{path} << text;
  return path;
}

endpoint_settings without_system() { return {.host = "localhost", .system_authorities = false}; }

// behaviours: T8
TEST(Authorities, nothing_to_trust_is_an_error_that_names_the_option) {
  EXPECT_EQ(complaint_about(without_system()).substr(0, 24), "system_authorities: off,");
  const variable no_file{"SSL_CERT_FILE", "/nowhere/cert.pem"};
  const variable no_directory{"SSL_CERT_DIR", "/nowhere/certs"};
  endpoint_settings settings{.host = "localhost"};
  EXPECT_EQ(complaint_about(settings).substr(0, 50), "system_authorities: this system has no certificate");
  settings.authority_pem = test::make_root().pem();
  EXPECT_EQ(complaint_about(settings), "");
}

// behaviours: T8
TEST(Authorities, a_system_that_has_only_a_directory_counts) {
  const std::string directory = testing::TempDir() + "authority_directory";
  std::filesystem::create_directories(directory);
  const variable no_file{"SSL_CERT_FILE", "/nowhere/cert.pem"};
  const variable one_directory{"SSL_CERT_DIR", "/nowhere/certs:" + directory};
  const endpoint_settings settings{.host = "localhost"};
  std::filesystem::remove(directory + "/0123abcd.0");
  EXPECT_NE(complaint_about(settings), "");
  std::ofstream{directory + "/0123abcd.0"} << test::make_root().pem();
  EXPECT_EQ(complaint_about(settings), "");
}

// behaviours: T8
TEST(Authorities, a_bad_file_or_text_is_an_error_that_names_the_option) {
  const std::string good = test::make_root().pem();
  const std::string damaged = good.substr(0, 100) + "!!!!" + good.substr(104);
  struct {
    std::string file, pem, said;
  } const table[] = {
      {"/nowhere/root.pem", "",
       "authority_file: cannot read `/nowhere/root.pem`: No such file or directory; "},
      {testing::TempDir(), "", "authority_file: `" + testing::TempDir() + "` is a directory; a PEM file"},
      {file_with("empty.pem", ""), "",
       "authority_file: `" + testing::TempDir() + "empty.pem` holds no certificate"},
      {file_with("text.pem", "no certificate\n"), "", "authority_file: `"},
      {file_with("damaged.pem", damaged), "", "authority_file: certificate 1 is damaged"},
      {file_with("half.pem", good + damaged), "", "authority_file: certificate 2 is damaged"},
      {"", "no certificate", "authority_pem: holds no certificate"},
      {"", damaged, "authority_pem: certificate 1 is damaged"},
  };
  for (const auto& each : table) {
    endpoint_settings settings = without_system();
    settings.authority_file = each.file;
    settings.authority_pem = each.pem;
    EXPECT_EQ(complaint_about(settings).substr(0, each.said.size()), each.said);
  }
}

// behaviours: T8
TEST(Authorities, a_file_that_no_descriptor_is_left_for_says_so) {
  endpoint_settings settings = without_system();
  settings.authority_file = file_with("unread.pem", test::make_root().pem());
  EXPECT_EQ(complaint_about(settings), "");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 3;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto refusal = refusal_of(settings);  // a sanitizer that looks at it needs descriptors
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  const std::string said = words_of(refusal);
  EXPECT_NE(said.find("unread.pem`: Too many open files"), std::string::npos) << said;
}

// behaviours: T9
TEST(TlsContextDeathTest, an_openssl_that_can_make_none_says_why_in_its_own_words) {
  GTEST_FLAG_SET(death_test_style,
                 "threadsafe");  // a process of its own: OpenSSL reads its configuration once
  const variable broken{"OPENSSL_CONF", file_with("broken.cnf",
                                                  "openssl_conf = all\n[all]\nproviders = some\n"
                                                  "[some]\nnone_such = section\n[section]\n"
                                                  "activate = 1\n")};
  EXPECT_EXIT((std::fputs(complaint_about(without_system()).c_str(), stderr), std::exit(0)),
              testing::ExitedWithCode(0), "OpenSSL can't make a TLS context: error:.*; its configuration");
}

TEST(Authorities, file_and_text_add_up) {
  endpoint_settings settings = without_system();
  settings.authority_file = file_with("root.pem", test::make_root().pem() + test::make_root("Second").pem());
  settings.authority_pem = test::make_root("Third").pem();
  EXPECT_EQ(complaint_about(settings), "");
}

}  // namespace
}  // namespace ephemint::net
