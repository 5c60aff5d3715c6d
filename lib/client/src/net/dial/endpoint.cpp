#include "net/dial/endpoint.hpp"

#include "net/dial/shared_endpoint.hpp"

#include <utility>

namespace ephemint::inline v0::net {

std::shared_ptr<endpoint> make_endpoint(boost::asio::any_io_executor executor, endpoint_settings settings) {
  return std::make_shared<endpoint>(executor, settings);
}

}  // namespace ephemint::inline v0::net
