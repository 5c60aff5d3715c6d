// A client as one writes it in an afternoon with libcurl. The guide's page on migration changes it to
// Ephemint.
#include <simdjson.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <curl/curl.h>

namespace {

std::string base_url, authority_file;

// region: before
std::size_t append(char* data, std::size_t, std::size_t size, void* body) {
  static_cast<std::string*>(body)->append(data, size);
  return size;
}

std::string log_in(const std::string& api_key, const std::string& account) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> call{curl_easy_init(), curl_easy_cleanup};
  curl_slist* header = curl_slist_append(nullptr, ("API-Key: " + api_key).c_str());
  header = curl_slist_append(header, ("On-Behalf-Of: " + account).c_str());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> owner{header, curl_slist_free_all};
  const std::string url = base_url + "/v1/tokens/ephemeral?redirect=shipengine-dashboard";
  std::string body;
  curl_easy_setopt(call.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(call.get(), CURLOPT_CAINFO, authority_file.c_str());
  curl_easy_setopt(call.get(), CURLOPT_HTTPHEADER, header);
  curl_easy_setopt(call.get(), CURLOPT_POSTFIELDS, "");
  curl_easy_setopt(call.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(call.get(), CURLOPT_WRITEDATA, &body);
  curl_easy_setopt(call.get(), CURLOPT_TIMEOUT_MS, 10'000L);
  for (int attempt = 0; attempt < 3; ++attempt) {
    long status = 0;
    body.clear();
    if (curl_easy_perform(call.get()) == CURLE_OK)
      curl_easy_getinfo(call.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status == 200) {
      simdjson::dom::parser parser;
      return std::string{std::string_view{parser.parse(body)["redirect_url"]}};
    }
    std::this_thread::sleep_for(std::chrono::seconds{1 << attempt});
  }
  throw std::runtime_error{"no login"};
}

std::vector<std::string> log_in_all(const std::string& api_key, const std::vector<std::string>& accounts) {
  std::vector<std::string> urls;
  for (const auto& account : accounts) urls.push_back(log_in(api_key, account));
  return urls;
}
// endregion

}  // namespace

int main() {
  base_url = std::getenv("EPHEMINT_BASE_URL");
  authority_file = std::getenv("EPHEMINT_CA_FILE");
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::vector<std::string> urls = log_in_all(std::getenv("EPHEMINT_API_KEY"), {"se-1", "se-2"});
  for (const auto& url : urls) std::cout << url << '\n';
  curl_global_cleanup();
  return urls.size() == 2 ? 0 : 1;
}
