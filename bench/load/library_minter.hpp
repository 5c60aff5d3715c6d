#pragma once

#include "minter.hpp"
#include "scenario.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace ephemint::bench {

/// Ephemint by its public face, with its defaults but for what the scenario says.
std::unique_ptr<minter> make_library_minter(boost::asio::io_context&, const server_address&, const scenario&);

}  // namespace ephemint::bench
