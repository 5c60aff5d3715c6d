#pragma once

#include "net/wire/http1/reply_parser.hpp"
#include "net/wire/wire.hpp"

#include <optional>
#include <string>
#include <utility>

namespace ephemint::inline v0::net {

/// HTTP/1.1: one request at a time, without pipelining.
class http1_wire final : public wire {
 public:
  /// `host` is for messages, and must outlive the wire.
  explicit http1_wire(const std::string& host) : host_{host} {}

  link_room capacity() const noexcept override { return {1, false}; }
  std::size_t out() const noexcept override { return out_ ? 1 : 0; }
  std::span<char> room() override { return parser_.room(); }
  news commit(std::size_t size) override;
  news end(bool clean, std::string_view cause) override;
  news next(note&) override;
  void forget_reply() noexcept override { parser_.reset(); }
  const failure& problem() const noexcept override { return problem_; }
  void submit(attempt_id, const detail::prepared_request&, clock::duration idle) override;
  bool drop(attempt_id, bool writing) noexcept override { return !writing; }
  bool reset(attempt_id) override { return false; }
  void probe() override {}
  void say_goodbye() override {}
  std::string_view output() noexcept override { return request_; }
  void sent() noexcept override { request_ = {}; }
  fate fate_of_rest() const noexcept override;

 private:
  news refuse(failure why) noexcept;

  const std::string& host_;
  reply_parser parser_;
  std::optional<attempt_id> out_;
  std::string_view request_;     // until it is written
  bool answered_ = false;        // a request was answered already
  bool may_be_closing_ = false;  // the server may be closing while the request is on its way
  bool had_rested_ = false;      // it may be stale: it had answered before, or was idle for long
  failure problem_;
};

}  // namespace ephemint::inline v0::net
