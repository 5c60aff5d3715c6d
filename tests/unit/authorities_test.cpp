#include "net/dial/tls.hpp"
#include "test_authority.hpp"

#include <gtest/gtest.h>
#include <openssl/opensslv.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ephemint::net {
namespace {

using namespace std::chrono_literals;

/// Sets an environment variable during a test.
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

#ifndef EPHEMINT_ADDRESS_SANITIZER  // with it comes UBSan, which looks at types through a pipe
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
  const auto refusal = refusal_of(settings);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  const std::string said = words_of(refusal);
  EXPECT_NE(said.find("unread.pem`: Too many open files"), std::string::npos) << said;
}
#endif

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
#if OPENSSL_VERSION_NUMBER < 0x30500000L  // later versions ignore an unknown group
    {tls + "Groups = none_such\n", "invalid argument"},
#endif
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
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // another process, as it drops its privileges
  endpoint_settings settings = without_system();
  settings.authority_file = file_with("secret.pem", test::make_root().pem());
  std::filesystem::permissions(settings.authority_file, std::filesystem::perms::none);
  const auto complain_as_nobody = [&] {
    constexpr uid_t nobody = 65534;
    if (geteuid() == 0 && seteuid(nobody) != 0) _exit(1);
    std::fputs(complaint_about(settings).c_str(), stderr);
    _exit(0);  // a sanitizer that looks for leaks needs these privileges
  };
  EXPECT_EXIT(complain_as_nobody(), testing::ExitedWithCode(0),
              "authority_file: cannot read `.*secret.pem`: Permission denied");
  std::filesystem::remove(settings.authority_file);
}

// --- a file that is replaced

/// The authorities of a context of their own.
struct trusting {
  explicit trusting(const endpoint_settings& settings)
      : context{SSL_CTX_new(TLS_client_method())}, who{*context, settings} {}

  bool trusts(const test::identity& root) const {
    X509_STORE* const store = SSL_CTX_get_cert_store(context.get());
    const STACK_OF(X509_OBJECT)* all = X509_STORE_get0_objects(store);
    for (int i = 0; i < sk_X509_OBJECT_num(all); ++i) {
      const X509* const each = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
      if (each && X509_cmp(each, root.certificate.get()) == 0) return true;
    }
    return false;
  }

  test::openssl_pointer<SSL_CTX> context;
  authorities who;
};

constexpr clock::time_point start{std::chrono::hours{1}};

// behaviours: T10
TEST(Authorities, a_replaced_file_is_read_again_at_most_once_in_ten_seconds) {
  const test::identity old = test::make_root("Old"), next = test::make_root("Next"),
                       last = test::make_root("Last");
  endpoint_settings settings = without_system();
  settings.authority_file = file_with("rotating.pem", old.pem());
  trusting t{settings};
  ASSERT_TRUE(t.who.may_change());
  EXPECT_FALSE(t.who.read_again(start)) << "it is the same";
  file_with("rotating.pem", next.pem());
  EXPECT_FALSE(t.who.read_again(start + 10s - 1ns));
  EXPECT_TRUE(t.trusts(old));
  EXPECT_TRUE(t.who.read_again(start + 10s));
  EXPECT_FALSE(t.trusts(old));
  EXPECT_TRUE(t.trusts(next));
  file_with("rotating.pem", next.pem() + last.pem());
  EXPECT_FALSE(t.who.read_again(start + 20s - 1ns));
  EXPECT_TRUE(t.who.read_again(start + 20s));
  EXPECT_TRUE(t.trusts(next));
  EXPECT_TRUE(t.trusts(last));
}

// behaviours: T10
TEST(Authorities, a_file_is_replaced_in_any_way) {
  namespace files = std::filesystem;
  const std::string path = testing::TempDir() + "mounted.pem";
  const struct {
    const char* name;
    void (*put)(const std::string& pem, const std::string& path);
  } table[] = {
      {"written over", [](const std::string& pem, const std::string& to) { std::ofstream{to} << pem; }},
      {"renamed over",
       [](const std::string& pem, const std::string& to) { files::rename(file_with("new.pem", pem), to); }},
      {"symlink swapped",  // as Kubernetes does
       [](const std::string& pem, const std::string& to) {
         static int version = 0;
         const std::string real = file_with("version" + std::to_string(++version) + ".pem", pem);
         files::remove(to + ".link");
         files::create_symlink(real, to + ".link");
         files::rename(to + ".link", to);
       }},
  };
  for (const auto& each : table) {
    SCOPED_TRACE(each.name);
    const test::identity old = test::make_root("Old"), next = test::make_root("Next");
    files::remove(path);
    each.put(old.pem(), path);
    endpoint_settings settings = without_system();
    settings.authority_file = path;
    trusting t{settings};
    each.put(next.pem(), path);
    EXPECT_TRUE(t.who.read_again(start));
    EXPECT_TRUE(t.trusts(next));
    EXPECT_FALSE(t.trusts(old));
  }
}

// behaviours: T10
TEST(Authorities, a_file_that_is_bad_now_leaves_all_as_it_was_and_says_why) {
  const test::identity old = test::make_root("Old");
  endpoint_settings settings = without_system();
  settings.authority_file = file_with("spoilt.pem", old.pem());
  trusting t{settings};
  clock::time_point now = start;
  for (const auto& [text, said] : {std::pair{"", "holds no certificate"},
                                   std::pair{"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
                                             "certificate 1 is damaged"}}) {
    file_with("spoilt.pem", text);
    EXPECT_FALSE(t.who.read_again(now += 10s));
    EXPECT_NE(t.who.problem().find(said), std::string_view::npos) << t.who.problem();
    EXPECT_TRUE(t.trusts(old));
  }
  std::filesystem::remove(settings.authority_file);
  EXPECT_FALSE(t.who.read_again(now += 10s));
  EXPECT_NE(t.who.problem().find("No such file"), std::string_view::npos) << t.who.problem();
  std::filesystem::create_directory(settings.authority_file);
  EXPECT_FALSE(t.who.read_again(now += 10s));
  EXPECT_NE(t.who.problem().find("is a directory"), std::string_view::npos) << t.who.problem();
  std::filesystem::remove(settings.authority_file);
  ASSERT_EQ(mkfifo(settings.authority_file.c_str(), 0600), 0);
  EXPECT_FALSE(t.who.read_again(now += 10s)) << "and doesn't wait for a writer";
  std::filesystem::remove(settings.authority_file);
  file_with("spoilt.pem", old.pem());
  EXPECT_FALSE(t.who.read_again(now += 10s));
  EXPECT_EQ(t.who.problem(), "");
  EXPECT_TRUE(t.trusts(old));
}

// behaviours: T10
TEST(Authorities, what_else_is_trusted_stays_when_the_file_is_replaced) {
  const test::identity system = test::make_root("System"), text = test::make_root("Text"),
                       file = test::make_root("File"), both = test::make_root("Both");
  const variable system_file{"SSL_CERT_FILE", file_with("system.pem", system.pem())};
  const variable no_directory{"SSL_CERT_DIR", "/nowhere/certs"};
  endpoint_settings settings{.host = "localhost"};
  settings.authority_pem = text.pem() + both.pem();
  settings.authority_file = file_with("beside.pem", file.pem() + both.pem());
  trusting t{settings};
  const test::identity next = test::make_root("Next");
  file_with("beside.pem", next.pem());
  EXPECT_TRUE(t.who.read_again(start));
  for (const test::identity* each : {&system, &text, &both, &next}) EXPECT_TRUE(t.trusts(*each));
  EXPECT_FALSE(t.trusts(file));
}

// behaviours: T10
TEST(Authorities, the_systems_directories_are_looked_into_when_the_file_was_replaced_too) {
  const test::identity system = test::make_root("System");
  const std::string directory = testing::TempDir() + "hashed_directory";
  std::filesystem::create_directories(directory);
  std::ostringstream name;
  name << std::hex << std::setw(8) << std::setfill('0') << X509_subject_name_hash(system.certificate.get());
  std::ofstream{directory + '/' + name.str() + ".0"} << system.pem();
  const variable no_file{"SSL_CERT_FILE", "/nowhere/cert.pem"};
  const variable one_directory{"SSL_CERT_DIR", directory};
  endpoint_settings settings{.host = "localhost"};
  settings.authority_file = file_with("beside_directory.pem", test::make_root().pem());
  trusting t{settings};
  file_with("beside_directory.pem", test::make_root("Next").pem());
  ASSERT_TRUE(t.who.read_again(start));
  const test::identity leaf = test::issue(system, {});
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check{X509_STORE_CTX_new(),
                                                                              &X509_STORE_CTX_free};
  ASSERT_EQ(X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(t.context.get()), leaf.certificate.get(),
                                nullptr),
            1);
  EXPECT_EQ(X509_verify_cert(check.get()), 1);
}

// behaviours: T10
TEST(Authorities, text_in_memory_is_never_read_again) {
  endpoint_settings settings = without_system();
  settings.authority_pem = test::make_root().pem();
  trusting t{settings};
  EXPECT_FALSE(t.who.may_change());
  EXPECT_FALSE(t.who.read_again(start));
}

TEST(Authorities, file_and_text_add_up) {
  endpoint_settings settings = without_system();
  settings.authority_file = file_with("root.pem", test::make_root().pem() + test::make_root("Second").pem());
  settings.authority_pem = test::make_root("Third").pem();
  EXPECT_EQ(complaint_about(settings), "");
}

}  // namespace
}  // namespace ephemint::net
