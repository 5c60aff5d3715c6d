#pragma once

#include <CLI/Error.hpp>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <usage_error.hpp>  // of the command

namespace ephemint::bench {

/// A program's exit status: that of `run`; 2 after a wrong option, also one that a client or the sandbox
/// refuses; 1 after any other error. Prints the error.
template <class Run>
int run_program(const char* name, Run run) {
  const auto fail = [name](const std::exception& error, int status) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return status;
  };
  try {
    return run();
  } catch (const CLI::Error& wrong) {
    return fail(wrong, 2);
  } catch (const cli::usage_error& wrong) {
    return fail(wrong, 2);
  } catch (const std::invalid_argument& wrong) {
    return fail(wrong, 2);
  } catch (const std::exception& error) {
    return fail(error, 1);
  }
}

}  // namespace ephemint::bench
