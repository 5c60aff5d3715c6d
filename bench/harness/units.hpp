#pragma once

#include <chrono>

namespace ephemint::bench {

inline double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }
inline double ms(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}
inline double us(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

}  // namespace ephemint::bench
