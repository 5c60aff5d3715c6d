#include "codec/script_text.hpp"
