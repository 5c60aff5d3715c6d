#include "http/listening.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <barrier>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace ephemint::gateway {
namespace {

using ephemint::test::temporary_directory;

/// A parsed address as text, or what is wrong with it.
std::string reading_of(const std::string& at) {
  try {
    const socket_address address = parse_address(at);
    return address.text() + (address.is_local() ? " local" : "");
  } catch (const std::invalid_argument& wrong) {
    return wrong.what();
  }
}

unsigned mode_of(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 ? found.st_mode & 07777u : 0;
}

/// Why listening there fails; empty: it doesn't.
std::string fault_at(const std::string& at) {
  try {
    const listening made{{.at = at}, 0600};
    return {};
  } catch (const std::system_error& error) {
    return error.what();
  }
}

bool accepts(const std::string& path) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  path.copy(to.sun_path, sizeof to.sun_path - 1);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = ::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  ::close(socket);
  return connected;
}

/// Leaves a socket file on which no process listens.
void leave_stale(const std::string& path) {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  path.copy(at.sun_path, sizeof at.sun_path - 1);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  ::close(socket);
}

TEST(gateway_listening, addresses_are_read_or_refused) {
  const std::string right =
      " isn't an address; give unix:/path, or a numeric host and a port, like 127.0.0.1:8080 or [::1]:8080";
  const std::string absolute = " isn't an absolute path; give one like unix:/run/ephemint/ephemint.sock";
  const struct {
    std::string at, reading;
  } cases[] = {
      {"unix:/run/e.sock", "unix:/run/e.sock local"},
      {"127.0.0.1:8080", "http://127.0.0.1:8080 local"},
      {"127.8.0.1:1", "http://127.8.0.1:1 local"},
      {"localhost:8080", "http://127.0.0.1:8080 local"},
      {"[::1]:0", "http://[::1]:0 local"},
      {"0.0.0.0:65535", "http://0.0.0.0:65535"},
      {"[::]:80", "http://[::]:80"},
      {"10.1.2.3:80", "http://10.1.2.3:80"},
      {"", "\"\"" + right},
      {"8080", "\"8080\"" + right},
      {":8080", "\":8080\"" + right},
      {"127.0.0.1", "\"127.0.0.1\"" + right},
      {"127.0.0.1:", "\"127.0.0.1:\"" + right},
      {"127.0.0.1:65536", "\"127.0.0.1:65536\"" + right},
      {"127.0.0.1:-1", "\"127.0.0.1:-1\"" + right},
      {"127.0.0.1:80x", "\"127.0.0.1:80x\"" + right},
      {"127.0.0.1: 80", "\"127.0.0.1: 80\"" + right},
      {"127.1:80", "\"127.1:80\"" + right},
      {"::1:80", "\"::1:80\"" + right},
      {"[127.0.0.1]:80", "\"[127.0.0.1]:80\"" + right},
      {"[localhost]:80", "\"[localhost]:80\"" + right},
      {"example.com:80", "\"example.com:80\"" + right},
      {"http://127.0.0.1:80", "\"http://127.0.0.1:80\"" + right},
      {"unix:", "\"unix:\"" + absolute},
      {"unix:e.sock", "\"unix:e.sock\"" + absolute},
      {"unix:@e", "\"unix:@e\"" + absolute},
      {"unix:/run/", "\"unix:/run/\"" + absolute},
      {"unix:/" + std::string(106, 'p'), "unix:/" + std::string(106, 'p') + " local"},
      {"unix:/" + std::string(107, 'p'),
       "\"unix:/" + std::string(107, 'p') + "\" is a path of 108 bytes; give one of at most 107"},
  };
  for (const auto& c : cases) EXPECT_EQ(reading_of(c.at), c.reading) << c.at;
}

TEST(gateway_listening, free_port_is_found) {
  for (const char* at : {"127.0.0.1:0", "localhost:0"}) {
    const listening made{{.at = at}, 0};
    EXPECT_TRUE(made.address().text().starts_with("http://127.0.0.1:"));
    EXPECT_FALSE(made.address().text().ends_with(":0"));
    EXPECT_EQ(made.file(), nullptr);
  }
}

TEST(gateway_listening, taken_port_is_told) {
  const listening first{{.at = "127.0.0.1:0"}, 0};
  const std::string at = first.address().text().substr(7);
  EXPECT_EQ(fault_at(at), "can't listen at http://" + at + ": Address already in use");
}

TEST(gateway_listening, socket_has_its_mode_and_goes) {
  const temporary_directory place;
  const std::string path = place.path() + "/e.sock";
  for (const unsigned mode : {0660u, 0600u, 0666u}) {
    const mode_t before = ::umask(0077);
    {
      const listening made{{.at = "unix:" + path}, mode};
      EXPECT_EQ(mode_of(path), mode);
      EXPECT_TRUE(accepts(path));
      EXPECT_EQ(made.address().text(), "unix:" + path);
    }
    ::umask(before);
    EXPECT_FALSE(std::filesystem::exists(path));
  }
}

TEST(gateway_listening, stale_socket_is_replaced) {
  const temporary_directory place;
  const std::string path = place.path() + "/e.sock";
  leave_stale(path);
  ASSERT_FALSE(accepts(path));
  const listening made{{.at = "unix:" + path}, 0600};
  EXPECT_TRUE(accepts(path));
}

TEST(gateway_listening, living_socket_is_left_alone) {
  const temporary_directory place;
  const std::string path = place.path() + "/e.sock";
  const listening living{{.at = "unix:" + path}, 0600};
  EXPECT_EQ(fault_at("unix:" + path),
            "can't listen at unix:" + path + ": something listens there already: Address already in use");
  EXPECT_TRUE(accepts(path));
}

/// Listens at `path` `rivals` times at once. Returns the error of each, empty if it listens.
std::vector<std::string> faults_of_rivals(const std::string& path, std::size_t rivals) {
  std::vector<std::string> faults(rivals);
  std::vector<std::optional<listening>> made(rivals);
  std::barrier together{static_cast<std::ptrdiff_t>(rivals)};
  const auto rival = [&](std::size_t i) {
    together.arrive_and_wait();
    try {
      made[i].emplace(listen_address{.at = "unix:" + path}, 0600u);
    } catch (const std::system_error& error) {
      faults[i] = error.what();
    }
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < rivals; ++i) threads.emplace_back(rival, i);
  threads.clear();
  EXPECT_TRUE(accepts(path));
  return faults;
}

TEST(gateway_listening, of_those_that_find_a_stale_socket_at_once_one_listens) {
  const temporary_directory place;
  const std::string path = place.path() + "/e.sock";
  for (int round = 0; round < 300; ++round) {
    leave_stale(path);
    const std::vector<std::string> faults = faults_of_rivals(path, 3);
    ASSERT_EQ(std::ranges::count(faults, ""), 1) << "in round " << round;
    for (const std::string& fault : faults)
      EXPECT_TRUE(fault.empty() || fault.ends_with("Address already in use")) << fault;
    ASSERT_TRUE(std::filesystem::is_empty(place.path()));
  }
}

TEST(gateway_listening, socket_that_another_is_making_is_told) {
  const temporary_directory place;
  const std::string path = place.path() + "/e.sock";
  const int lock = ::open((path + ".starting").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(::flock(lock, LOCK_EX), 0);
  EXPECT_EQ(fault_at("unix:" + path),
            "can't listen at unix:" + path + ": another process is about to: Address already in use");
  ::close(lock);
  EXPECT_EQ(fault_at("unix:" + path), "") << "a file that was left is nobody's lock";
  EXPECT_TRUE(std::filesystem::is_empty(place.path()));
}

TEST(gateway_listening, file_that_is_no_socket_stays) {
  const temporary_directory place;
  const std::string path = place.path() + "/e.sock";
  std::ofstream{path} << "dear";
  const std::string fault =
      "can't listen at unix:" + path + ": what is there isn't a socket, and stays: File exists";
  EXPECT_EQ(fault_at("unix:" + path), fault);
  EXPECT_EQ(std::filesystem::file_size(path), 4U);
  const std::string link = place.path() + "/link";
  std::filesystem::create_symlink(path, link);
  EXPECT_NE(fault_at("unix:" + link), "");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
}

TEST(gateway_listening, missing_directory_is_told) {
  EXPECT_EQ(fault_at("unix:/nonexistent/e.sock"),
            "can't listen at unix:/nonexistent/e.sock: No such file or directory");
}

TEST(gateway_listening, anothers_file_stays) {
  const temporary_directory place;
  const std::string path = place.path() + "/e.sock";
  auto first = std::make_unique<listening>(listen_address{.at = "unix:" + path}, 0600u);
  std::filesystem::rename(path, path + ".away");
  const listening second{{.at = "unix:" + path}, 0600};
  first.reset();
  EXPECT_TRUE(accepts(path));
}

TEST(gateway_listening, file_is_removed_once) {
  const temporary_directory place;
  const std::string path = place.path() + "/e.sock";
  const listening first{{.at = "unix:" + path}, 0600};
  first.file()->remove();
  EXPECT_FALSE(std::filesystem::exists(path));
  leave_stale(path);
  first.file()->remove();
  EXPECT_TRUE(std::filesystem::exists(path)) << "whatever number it has";
}

TEST(gateway_listening, descriptor_that_was_handed_over_keeps_its_file) {
  const temporary_directory place;
  const std::string path = place.path() + "/e.sock";
  listening made{{.at = "unix:" + path}, 0640};
  {
    const listening taken{{.at = "unix:/not/looked/at", .descriptor = made.release()}, 0600};
    EXPECT_EQ(taken.address().text(), "unix:" + path);
    EXPECT_EQ(taken.file(), nullptr);
    EXPECT_EQ(mode_of(path), 0640U);
  }
  EXPECT_FALSE(accepts(path)) << "it was closed";
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(gateway_listening, descriptor_that_does_not_listen_is_refused) {
  const int connected = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int datagrams = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  for (const int descriptor : {connected, datagrams, 99'999})
    EXPECT_THROW((void)address_of(descriptor), std::invalid_argument);
  ::close(connected);
  ::close(datagrams);
}

}  // namespace
}  // namespace ephemint::gateway
