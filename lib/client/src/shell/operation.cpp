#include "shell/operation.hpp"

#include <utility>

namespace ephemint::inline v0::detail {

std::shared_ptr<cancel_link> cancel_link::connect(boost::asio::cancellation_slot slot,
                                                  std::shared_ptr<net::serial_gate> gate, cancellable& what) {
  if (!slot.is_connected()) return nullptr;
  auto link = std::make_shared<cancel_link>(std::move(gate), what);
  slot.assign([link](boost::asio::cancellation_type) { link->on_signal(); });
  return link;
}

/// Only the first signal counts: its task may not have run yet.
void cancel_link::on_signal() {
  if (signalled_.exchange(true)) return;
  const auto gate = gate_;
  gate->enter(cancel_, shared_from_this(), net::completion::place::elsewhere);
}

void cancel_link::cancel() noexcept {
  cancelled_ = true;
  if (begun_ && what_) what_->on_cancel();
}

}  // namespace ephemint::inline v0::detail
