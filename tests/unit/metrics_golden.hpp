#pragma once

namespace ephemint {
inline constexpr const char* golden = R"()";
}
