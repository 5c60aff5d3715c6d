#include "shell/wake_up_call.hpp"

#include "shell/client_impl.hpp"

#include <new>

namespace ephemint::inline v0::detail {

void wake_up_call::call() noexcept {
  if (under_way_.exchange(true)) return;
  try {
    executor_->post([self = shared_from_this()] { self->arrive(); });
  } catch (const std::bad_alloc&) {
    under_way_ = false;
  }
}

/// `under_way_` stays set until this call is inside the gate: no second one may be there at the same time.
void wake_up_call::arrive() {
  const auto client = client_.lock();
  if (!client || client->orphaned()) return;
  client->gate()->enter(client->woken_, client, net::completion::place::on_executor);
}

}  // namespace ephemint::inline v0::detail
