#include <ephemint/error.hpp>

#include <array>
#include <cstddef>

// The names as the API's reference spells them, version 1.1.202604070904, in the enumerations' order.

namespace ephemint::inline v0 {
namespace {

constexpr std::array<std::string_view, 4> sources{"other", "carrier", "order_source", "shipengine"};

constexpr std::array<std::string_view, 7> types{"other",    "account_status", "business_rules", "validation",
                                                "security", "system",         "integrations"};

constexpr std::array<std::string_view, 51> codes{
    "other",
    "auto_fund_not_supported",
    "batch_cannot_be_modified",
    "carrier_conflict",
    "carrier_disconnected",
    "carrier_not_connected",
    "carrier_not_supported",
    "confirmation_not_supported",
    "default_warehouse_cannot_be_deleted",
    "field_conflict",
    "field_value_required",
    "forbidden",
    "identifier_conflict",
    "identifiers_must_match",
    "insufficient_funds",
    "invalid_address",
    "invalid_billing_plan",
    "invalid_field_value",
    "invalid_identifier",
    "invalid_status",
    "invalid_string_length",
    "label_images_not_supported",
    "meter_failure",
    "order_source_not_active",
    "rate_limit_exceeded",
    "refresh_not_supported",
    "request_body_required",
    "return_label_not_supported",
    "settings_not_supported",
    "subscription_inactive",
    "terms_not_accepted",
    "tracking_not_supported",
    "trial_expired",
    "unauthorized",
    "unknown",
    "unspecified",
    "verification_failure",
    "warehouse_conflict",
    "webhook_event_type_conflict",
    "customs_items_required",
    "incompatible_paired_labels",
    "invalid_charge_event",
    "invalid_object",
    "no_rates_returned",
    "file_not_found",
    "shipping_rule_not_found",
    "service_not_determined",
    "funding_source_registration_in_progress",
    "insurance_failure",
    "funding_source_missing_configuration",
    "funding_source_error",
};

static_assert(static_cast<std::size_t>(api_error_source::shipengine) + 1 == sources.size());
static_assert(static_cast<std::size_t>(api_error_type::integrations) + 1 == types.size());
static_assert(static_cast<std::size_t>(api_error_code::funding_source_error) + 1 == codes.size());

template <class Enum, std::size_t N>
std::string_view name(const std::array<std::string_view, N>& names, Enum value) noexcept {
  const auto at = static_cast<std::size_t>(value);
  return at < N ? names[at] : names[0];
}

template <class Enum, std::size_t N>
Enum parse(const std::array<std::string_view, N>& names, std::string_view text) noexcept {
  for (std::size_t at = 1; at < N; ++at)
    if (names[at] == text) return static_cast<Enum>(at);
  return Enum::other;
}

}  // namespace

std::string_view to_string(api_error_source value) noexcept { return name(sources, value); }
std::string_view to_string(api_error_type value) noexcept { return name(types, value); }
std::string_view to_string(api_error_code value) noexcept { return name(codes, value); }

api_error_source parse_api_error_source(std::string_view text) noexcept {
  return parse<api_error_source>(sources, text);
}
api_error_type parse_api_error_type(std::string_view text) noexcept {
  return parse<api_error_type>(types, text);
}
api_error_code parse_api_error_code(std::string_view text) noexcept {
  return parse<api_error_code>(codes, text);
}

}  // namespace ephemint::inline v0
