#pragma once

#include "minter.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace ephemint::bench {

/// A client as one writes it in an afternoon: Beast's coroutines and a vector of idle connections, each call
/// by itself. On a 429 it waits as `Retry-After` says and tries again, up to ten times; a batch is a vector
/// of tokens, handed over when it is full. It has no notion of a token's age, nor of a quota.
std::unique_ptr<minter> make_naive_minter(boost::asio::io_context&, const server_address&);

}  // namespace ephemint::bench
