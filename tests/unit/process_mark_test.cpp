#include "net/process_mark.hpp"

#include "support/child.hpp"

namespace ephemint::net {
namespace {

using test::child;

std::string_view place_of(const process_mark& mark) { return mark.elsewhere() ? "elsewhere" : "here"; }

// behaviours: I9
TEST(ProcessMark, mark_is_elsewhere_in_the_child_of_a_fork_and_stays_here_in_the_parent) {
  const process_mark parents;
  child forked{[&](auto report) {
    report(place_of(parents));
    report(place_of(process_mark{}));
    report(place_of(parents));  // though the child has a number of its own by now
  }};
  EXPECT_EQ(forked.told(), "elsewhere\nhere\nelsewhere\n");
  EXPECT_EQ(place_of(parents), "here");
}

// behaviours: I9
TEST(ProcessMark, grandchild_has_neither_its_parents_marks_nor_its_grandparents) {
  const process_mark grandparents;
  child forked{[&](auto report) {
    const process_mark parents;
    child grandchild{[&](auto say) {
      const process_mark own;
      say(place_of(grandparents));
      say(place_of(parents));
      say(place_of(own));
    }};
    report(grandchild.told());
  }};
  EXPECT_EQ(forked.told(), "elsewhere\nelsewhere\nhere\n\n");
}

#ifdef __linux__
// `_Fork` runs no handlers.
// behaviours: I9
TEST(ProcessMark, child_that_was_made_without_handlers_is_another_process_too) {
  const process_mark parents;
  const pid_t made = ::_Fork();
  if (made == 0) ::_exit(parents.elsewhere() ? 1 : 0);
  int status = 0;
  ::waitpid(made, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 1);
}
#endif

}  // namespace
}  // namespace ephemint::net
