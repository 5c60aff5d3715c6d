#include "net/endpoint.hpp"

#include "net/shared_endpoint.hpp"

#include <utility>

namespace ephemint::net {

std::shared_ptr<endpoint> make_endpoint(boost::asio::any_io_executor executor, endpoint_settings settings) {
  return std::make_shared<endpoint>(executor, settings);
}

}  // namespace ephemint::net
