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
#include <unistd.h>

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
  // Processes of their own: OpenSSL reads its configuration once.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const std::string begin = "openssl_conf = all\n[all]\n";
  const std::string tls = begin + "ssl_conf = tls\n[tls]\nsystem_default = settings\n[settings]\n";
  const struct {
    std::string configuration;
    const char* words;
  } table[] = {
      {begin + "providers = some\n[some]\nnone_such = it\n[it]\nactivate = 1\n", "error:.*"},
      {begin + "providers = some\n[some]\nbase = it\n[it]\nactivate = 1\n", "library has no ciphers"},
      {begin + "alg_section = rules\n[rules]\ndefault_properties = fips=yes\n", "library has no ciphers"},
      {tls + "CipherString = NONE_SUCH\n", "no cipher match"},
      {tls + "Groups = none_such\n", "invalid argument"},
      {tls + "MaxProtocol = TLSv1.1\n", "no protocols available"},
      {tls + "Ciphersuites =\nCipherString = NULL\n", "no ciphers available"},
  };
  for (const auto& each : table) {
    const variable broken{"OPENSSL_CONF", file_with("broken.cnf", each.configuration)};
    EXPECT_EXIT((std::fputs(complaint_about(without_system()).c_str(), stderr), std::exit(0)),
                testing::ExitedWithCode(0),
                std::string{"OpenSSL can't make a TLS context: .*"} + each.words + ".*; its configuration")
        << each.configuration;
  }
}

// behaviours: T8
TEST(AuthoritiesDeathTest, a_file_that_may_not_be_read_says_so) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // another process: it gives its rights away
  endpoint_settings settings = without_system();
  settings.authority_file = file_with("secret.pem", test::make_root().pem());
  std::filesystem::permissions(settings.authority_file, std::filesystem::perms::none);
  const auto complain_as_nobody = [&] {
    constexpr uid_t nobody = 65534;
    if (geteuid() == 0 && seteuid(nobody) != 0) std::exit(1);
    std::fputs(complaint_about(settings).c_str(), stderr);
    std::exit(0);
  };
  EXPECT_EXIT(complain_as_nobody(), testing::ExitedWithCode(0),
              "authority_file: cannot read `.*secret.pem`: Permission denied");
  std::filesystem::remove(settings.authority_file);
}

TEST(Authorities, file_and_text_add_up) {
  endpoint_settings settings = without_system();
  settings.authority_file = file_with("root.pem", test::make_root().pem() + test::make_root("Second").pem());
  settings.authority_pem = test::make_root("Third").pem();
  EXPECT_EQ(complaint_about(settings), "");
}

}  // namespace
}  // namespace ephemint::net
