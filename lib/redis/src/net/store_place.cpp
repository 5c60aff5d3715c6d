#include "net/store_place.hpp"

#include "codec/ascii.hpp"
#include "net/dial/reactor_mark.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/query.hpp>

#include <utility>

namespace ephemint::inline v0::redis {

std::shared_ptr<store_place> make_store_place(const boost::asio::any_io_executor& executor,
                                              std::shared_ptr<net::serial_gate> gate, store_address address,
                                              const store_trust* trust) {
  auto made = std::make_shared<store_place>();
  made->address = std::move(address);
  if (trust == nullptr) {
    made->names = std::make_shared<net::resolver>(executor, std::move(gate), made->address.host);
    // As an endpoint does: creates the reactor, and after it the service that is told of a fork.
    const boost::asio::ip::tcp::socket first{executor};
    boost::asio::use_service<net::reactor_mark>(
        boost::asio::query(executor, boost::asio::execution::context));
    return made;
  }
  net::endpoint_settings settings{.host = made->address.host, .port = made->address.port};
  settings.system_authorities = trust->system_authorities;
  settings.authority_file = trust->authority_file;
  settings.authority_pem = trust->authority_pem;
  settings.http = net::http_offer::none;
  made->secure = std::make_shared<net::endpoint>(executor, std::move(gate), settings);
  made->names = made->secure->names;
  return made;
}

std::string cause_of(std::string_view failure, const store_address& address) {
  std::string text{failure};
  const std::string head = "no connection to " + address.text() + ": ";
  if (text.starts_with(head)) text.erase(0, head.size());
  // The address is shown only if the name isn't an address.
  if (const auto end = " (" + address.host + ')'; text.ends_with(end)) text.erase(text.size() - end.size());
  // The client's own parts name the API's option.
  static constexpr std::string_view theirs = "base_url", ours = "url";
  if (const auto at = text.find(theirs); at != text.npos) text.replace(at, theirs.size(), ours);
  // The system's messages begin with a capital letter; this text is used in the middle of a sentence.
  if (text.size() > 1 && text[1] >= 'a' && text[1] <= 'z') text.front() = detail::ascii::lower(text.front());
  return text;
}

}  // namespace ephemint::inline v0::redis
