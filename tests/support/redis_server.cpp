#include "support/redis_server.hpp"

#include "support/process.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ephemint::test {
namespace {

using std::chrono::steady_clock;

std::optional<std::string> find_program(const std::string& name) {
  for (const char* const directory : {"/usr/local/bin/", "/usr/bin/", "/usr/local/sbin/", "/usr/sbin/"})
    if (::access((directory + name).c_str(), X_OK) == 0) return directory + name;
  return std::nullopt;
}

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(socket);
  if (!bound) throw std::runtime_error{"no free port"};
  return ntohs(address.sin_port);
}

std::string new_directory() {
  std::string path = "/tmp/ephemint-redis-XXXXXX";
  if (!::mkdtemp(path.data())) throw std::runtime_error{"no temporary directory"};
  return path;
}

redis_reply reply_of(const redisReply& raw) {
  using kind = redis_reply::kind;
  redis_reply made;
  switch (raw.type) {
    case REDIS_REPLY_INTEGER:
      made.what = kind::integer;
      made.integer = raw.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
      made.what = raw.type == REDIS_REPLY_ERROR ? kind::error : kind::text;
      made.text.assign(raw.str, static_cast<std::size_t>(raw.len));
      break;
    case REDIS_REPLY_ARRAY:
      made.what = kind::array;
      for (std::size_t i = 0; i < raw.elements; ++i) made.elements.push_back(reply_of(*raw.element[i]));
      break;
    default:
      break;
  }
  return made;
}

}  // namespace

void redis_server::closes::operator()(redisContext* context) const noexcept { ::redisFree(context); }

std::vector<std::string> redis_server::installed() {
  std::vector<std::string> found;
  for (const char* const name : {"redis-server", "valkey-server"})
    if (auto path = find_program(name)) found.push_back(std::move(*path));
  // Where Valkey replaces Redis, both names are the same program.
  if (found.size() == 2 && std::filesystem::equivalent(found[0], found[1])) found.pop_back();
  return found;
}

redis_server::redis_server() : redis_server{settings{}} {}

redis_server::redis_server(settings chosen) : settings_{std::move(chosen)}, directory_{new_directory()} {
  start();
}

redis_server::~redis_server() {
  stop();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void redis_server::start() {
  // A port that was free may be taken by another a moment later.
  for (int tries = 0; tries < 5; ++tries) {
    const std::uint16_t port = port_ ? port_ : settings_.port ? settings_.port : free_port();
    if (run(port)) {
      port_ = port;
      return;
    }
  }
  const std::string text = log();
  throw std::runtime_error{"the store doesn't start: " +
                           text.substr(text.size() - std::min(text.size(), std::size_t{2000}))};
}

bool redis_server::run(std::uint16_t port) {
  const auto programs = installed();
  if (settings_.program.empty() && programs.empty()) throw std::runtime_error{"no redis-server is installed"};
  const std::string file = directory_ + "/configuration";
  std::ofstream{file} << settings_.configuration << '\n';
  std::filesystem::remove(directory_ + "/log");
  const std::string number = std::to_string(port);
  std::vector<std::string> arguments{settings_.program.empty() ? programs.front() : settings_.program, file};
  for (const char* const each : {"--bind", "127.0.0.1", "--dir"}) arguments.emplace_back(each);
  arguments.push_back(directory_);
  arguments.insert(arguments.end(), {"--logfile", directory_ + "/log"});
  arguments.insert(arguments.end(), {"--port", settings_.tls ? "0" : number});
  if (settings_.tls) arguments.insert(arguments.end(), {"--tls-port", number});
  if (settings_.sentinel)
    arguments.emplace_back("--sentinel");
  else
    arguments.insert(arguments.end(), {"--save", "", "--appendonly", "no"});
  arguments.insert(arguments.end(), settings_.arguments.begin(), settings_.arguments.end());
  std::vector<char*> pointers;
  for (std::string& each : arguments) pointers.push_back(each.data());
  pointers.push_back(nullptr);

  const pid_t parent = ::getpid();
  process_ = fork_process();
  if (process_ == 0) {  // only what is safe in a copy of a program with threads
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    const int null = ::open("/dev/null", O_RDWR);
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, stream);
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
  const auto patience = steady_clock::now() + std::chrono::seconds{20};
  while (steady_clock::now() < patience) {
    if (is_ready()) return true;
    if (::waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = -1;
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  stop();
  return false;
}

bool redis_server::is_ready() const {
  return log().find(settings_.sentinel ? "Sentinel ID is" : "Ready to accept connections") !=
         std::string::npos;
}

void redis_server::stop() {
  connection_.reset();
  if (process_ == -1) return;
  signal_process(process_, SIGKILL);
  ::waitpid(std::exchange(process_, -1), nullptr, 0);
}

void redis_server::freeze() const { signal_process(process_, SIGSTOP); }
void redis_server::thaw() const { signal_process(process_, SIGCONT); }

std::string redis_server::url() const {
  return (settings_.tls ? "rediss://127.0.0.1:" : "redis://127.0.0.1:") + std::to_string(port_);
}

redis_reply redis_server::ask(const std::vector<std::string>& words) {
  // A server whose role changes closes its clients' connections.
  const bool was_connected = connection_ != nullptr;
  if (auto reply = try_to_ask(words)) return *std::move(reply);
  if (was_connected)
    if (auto reply = try_to_ask(words)) return *std::move(reply);
  throw std::runtime_error{"the store doesn't reply"};
}

std::optional<redis_reply> redis_server::try_to_ask(const std::vector<std::string>& words) {
  if (!connection_) connection_.reset(::redisConnectWithTimeout("127.0.0.1", port_, timeval{10, 0}));
  if (!connection_ || connection_->err != 0) {
    connection_.reset();
    throw std::runtime_error{"the store can't be reached"};
  }
  ::redisSetTimeout(connection_.get(), timeval{10, 0});
  std::vector<const char*> pointers;
  std::vector<std::size_t> sizes;
  for (const std::string& word : words) {
    pointers.push_back(word.data());
    sizes.push_back(word.size());
  }
  const auto frees = [](redisReply* raw) { ::freeReplyObject(raw); };
  const std::unique_ptr<redisReply, decltype(frees)> raw{
      static_cast<redisReply*>(::redisCommandArgv(connection_.get(), static_cast<int>(words.size()),
                                                  pointers.data(), sizes.data())),
      frees};
  if (raw) return reply_of(*raw);
  connection_.reset();
  return std::nullopt;
}

std::string redis_server::ask_text(const std::vector<std::string>& words) {
  redis_reply got = ask(words);
  return got.what == redis_reply::kind::integer ? std::to_string(got.integer) : std::move(got.text);
}

std::string redis_server::log() const {
  std::ifstream file{directory_ + "/log"};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace ephemint::test
