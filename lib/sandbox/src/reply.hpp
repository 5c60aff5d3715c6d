#pragma once

#include <ephemint/sandbox/fault.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace ephemint::inline v0::sandbox {

/// The relevant parts of one request. The views are valid as long as the request's message.
struct request {
  std::string_view method = {};
  std::string_view target = {};
  std::string_view host = {};
  /// The first header of that name, and how many there were.
  std::string_view api_key = {};
  std::size_t api_keys = 0;
  std::string_view account = {};
  std::size_t accounts = 0;
  /// Its number on its connection, from 1.
  std::uint64_t nth_on_connection = 1;
  /// Whether the client keeps the connection open.
  bool keep_alive = true;
  /// Its stream's id over HTTP/2; 0 over HTTP/1.1.
  std::uint32_t stream = 0;
};

/// An answer before it is written as bytes.
struct reply {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  std::vector<std::string> headers = {};
  std::string request_id = {};
  /// What a `raw_expands` fault may insert.
  std::string token = {};
  std::string redirect_url = {};
};

/// What happens on the connection in answer to one request.
struct exchange {
  std::chrono::microseconds delay{0};
  std::string wire = {};
  std::chrono::milliseconds drip{0};
  bool one_byte_records = false;
  connection_end end = connection_end::keep;
  /// The status in `wire`, or 0.
  unsigned status = 0;
};

/// An entry of the API's `errors[]`.
struct api_error {
  std::string_view source = "shipengine";
  std::string_view type;
  std::string_view code;
  std::string_view message;
  std::string_view field_name = {};
};

/// The API's usual error for a status.
api_error usual_error(unsigned status);

/// A reply with the API's error body, and a new request id.
reply error_reply(unsigned status, const api_error&);

/// The reply of a fault that sets a status. `minted`: the right answer, for a 2xx.
reply faulty_reply(const fault&, const reply& minted);

/// Gives the reply the fault's body, type and length.
void shape_body(reply&, const fault&);

/// Whether replies with this status have no body.
bool never_has_body(unsigned status);

/// Replaces the variables of a `raw_expands` fault in its text.
std::string expanded(std::string text, const reply&);

/// The reply as HTTP/1.1 bytes, sent and ended as the fault says.
exchange to_exchange(reply, const fault&, const request&);

}  // namespace ephemint::inline v0::sandbox
