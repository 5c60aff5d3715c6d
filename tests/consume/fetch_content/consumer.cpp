#include <ephemint/client.hpp>

#include <boost/asio/io_context.hpp>

#include <iostream>
#include <utility>

#if !defined(HAS_BOOST_asio) || !defined(HAS_BOOST_system)
#error "ephemint::ephemint doesn't bring the Boost libraries that its headers include"
#endif

// There is no API to mint from: the test is that it links.
int main() {
  boost::asio::io_context context;
  ephemint::client_options options;
  options.api_key = ephemint::secret{"TEST_key"};
  const ephemint::client minter{context.get_executor(), std::move(options)};
  std::cout << "ok\n";
}
