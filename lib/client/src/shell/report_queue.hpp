#pragma once

#include "net/dial/executor_gate.hpp"
#include "net/process_mark.hpp"
#include "net/serial_gate.hpp"

#include <ephemint/observer.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <variant>

namespace ephemint::inline v0::detail {

/// Calls an observer: on one executor, one call after the other, in the order of the reports.
///
/// A report that is made on the executor is told at once. One that is made elsewhere, for example inside a
/// member function of the client, is copied, and told on the executor later. Telling goes on until no report
/// is left: one that is made meanwhile, by another thread or by the observer itself, comes next. In the child
/// of a `fork` nothing is told, as what the observer holds belongs to the parent.
class report_queue : public std::enable_shared_from_this<report_queue> {
 public:
  using place = net::completion::place;

  /// Throws `std::bad_alloc`.
  report_queue(std::shared_ptr<observer> to, const boost::asio::any_io_executor& where);

  // From any thread. If there is no memory for a copy, the report is told at once rather than lost.
  void tell(const attempt_report&, place from) noexcept;
  void tell(const mint_report&, place from) noexcept;
  void tell(const connection_report&, place from) noexcept;
  void tell(const quota_report&, place from) noexcept;

  /// The executor's context is being destroyed: remaining reports aren't told.
  void shut() noexcept { where_->shut(); }

 private:
  /// A report together with the text to which its views refer.
  struct copy {
    std::variant<attempt_report, mint_report, connection_report, quota_report> what;
    std::string text;
    std::string account;
  };
  static copy copy_of(const attempt_report&);
  static copy copy_of(const mint_report&);
  static copy copy_of(const connection_report&);
  static copy copy_of(const quota_report&);

  void call(const attempt_report& r) noexcept { to_->on_attempt(r); }
  void call(const mint_report& r) noexcept { to_->on_mint(r); }
  void call(const connection_report& r) noexcept { to_->on_connection(r); }
  void call(const quota_report& r) noexcept { to_->on_quota(r); }
  void call(copy&) noexcept;

  template <class Report>
  void tell_or_keep(const Report&, place from) noexcept;
  template <class Report>
  bool keep(const Report&) noexcept;
  void tell_later(std::unique_lock<std::mutex>) noexcept;
  bool post() noexcept;
  void arrive() noexcept;
  void tell_kept(std::unique_lock<std::mutex>&) noexcept;

  const net::process_mark made_in_;
  const std::shared_ptr<observer> to_;
  const std::shared_ptr<net::executor_gate> where_;
  std::mutex mutex_;
  // under the mutex
  std::deque<copy> kept_;
  bool telling_ = false;  ///< a thread is telling reports now
  bool coming_ = false;   ///< a call of `arrive` is posted
};

}  // namespace ephemint::inline v0::detail
