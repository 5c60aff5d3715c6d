#pragma once

#include <string_view>

namespace ephemint {

/// The text of `metrics` after the events of its test, without the line of `ephemint_build_info`. Alerts and
/// dashboards use these names.
inline constexpr std::string_view golden =
    R"(# HELP ephemint_mints_total Mints that are over, by how: minted, that is a token was handed over, or the error's code.
# TYPE ephemint_mints_total counter
ephemint_mints_total{urgency="interactive",result="minted"} 3
ephemint_mints_total{urgency="interactive",result="invalid_request"} 0
ephemint_mints_total{urgency="interactive",result="unauthorized"} 0
ephemint_mints_total{urgency="interactive",result="rejected"} 0
ephemint_mints_total{urgency="interactive",result="rate_limited"} 0
ephemint_mints_total{urgency="interactive",result="server_error"} 0
ephemint_mints_total{urgency="interactive",result="bad_response"} 0
ephemint_mints_total{urgency="interactive",result="connect_failed"} 0
ephemint_mints_total{urgency="interactive",result="tls_failed"} 0
ephemint_mints_total{urgency="interactive",result="timed_out"} 0
ephemint_mints_total{urgency="interactive",result="overloaded"} 0
ephemint_mints_total{urgency="interactive",result="cancelled"} 0
ephemint_mints_total{urgency="interactive",result="closed"} 1
ephemint_mints_total{urgency="background",result="minted"} 0
ephemint_mints_total{urgency="background",result="invalid_request"} 0
ephemint_mints_total{urgency="background",result="unauthorized"} 0
ephemint_mints_total{urgency="background",result="rejected"} 0
ephemint_mints_total{urgency="background",result="rate_limited"} 1
ephemint_mints_total{urgency="background",result="server_error"} 0
ephemint_mints_total{urgency="background",result="bad_response"} 0
ephemint_mints_total{urgency="background",result="connect_failed"} 0
ephemint_mints_total{urgency="background",result="tls_failed"} 0
ephemint_mints_total{urgency="background",result="timed_out"} 0
ephemint_mints_total{urgency="background",result="overloaded"} 0
ephemint_mints_total{urgency="background",result="cancelled"} 0
ephemint_mints_total{urgency="background",result="closed"} 0
# HELP ephemint_mint_duration_seconds Time from the call to the token, of mints that got one.
# TYPE ephemint_mint_duration_seconds histogram
ephemint_mint_duration_seconds_bucket{urgency="interactive",le="0.005"} 0
ephemint_mint_duration_seconds_bucket{urgency="interactive",le="0.01"} 0
ephemint_mint_duration_seconds_bucket{urgency="interactive",le="0.025"} 0
ephemint_mint_duration_seconds_bucket{urgency="interactive",le="0.05"} 2
ephemint_mint_duration_seconds_bucket{urgency="interactive",le="0.075"} 2
ephemint_mint_duration_seconds_bucket{urgency="interactive",le="0.1"} 2
ephemint_mint_duration_seconds_bucket{urgency="interactive",le="0.25"} 2
ephemint_mint_duration_seconds_bucket{urgency="interactive",le="0.5"} 2
ephemint_mint_duration_seconds_bucket{urgency="interactive",le="0.75"} 2
ephemint_mint_duration_seconds_bucket{urgency="interactive",le="1"} 2
ephemint_mint_duration_seconds_bucket{urgency="interactive",le="2.5"} 3
ephemint_mint_duration_seconds_bucket{urgency="interactive",le="5"} 3
ephemint_mint_duration_seconds_bucket{urgency="interactive",le="7.5"} 3
ephemint_mint_duration_seconds_bucket{urgency="interactive",le="10"} 3
ephemint_mint_duration_seconds_bucket{urgency="interactive",le="+Inf"} 3
ephemint_mint_duration_seconds_sum{urgency="interactive"} 1.582
ephemint_mint_duration_seconds_count{urgency="interactive"} 3
ephemint_mint_duration_seconds_bucket{urgency="background",le="0.005"} 0
ephemint_mint_duration_seconds_bucket{urgency="background",le="0.01"} 0
ephemint_mint_duration_seconds_bucket{urgency="background",le="0.025"} 0
ephemint_mint_duration_seconds_bucket{urgency="background",le="0.05"} 0
ephemint_mint_duration_seconds_bucket{urgency="background",le="0.075"} 0
ephemint_mint_duration_seconds_bucket{urgency="background",le="0.1"} 0
ephemint_mint_duration_seconds_bucket{urgency="background",le="0.25"} 0
ephemint_mint_duration_seconds_bucket{urgency="background",le="0.5"} 0
ephemint_mint_duration_seconds_bucket{urgency="background",le="0.75"} 0
ephemint_mint_duration_seconds_bucket{urgency="background",le="1"} 0
ephemint_mint_duration_seconds_bucket{urgency="background",le="2.5"} 0
ephemint_mint_duration_seconds_bucket{urgency="background",le="5"} 0
ephemint_mint_duration_seconds_bucket{urgency="background",le="7.5"} 0
ephemint_mint_duration_seconds_bucket{urgency="background",le="10"} 0
ephemint_mint_duration_seconds_bucket{urgency="background",le="+Inf"} 0
ephemint_mint_duration_seconds_sum{urgency="background"} 0
ephemint_mint_duration_seconds_count{urgency="background"} 0
# HELP ephemint_wait_seconds_total Time that mints waited, by what they waited for.
# TYPE ephemint_wait_seconds_total counter
ephemint_wait_seconds_total{urgency="interactive",reason="connection"} 0.1
ephemint_wait_seconds_total{urgency="interactive",reason="quota"} 1
ephemint_wait_seconds_total{urgency="interactive",reason="pause"} 0
ephemint_wait_seconds_total{urgency="interactive",reason="backoff"} 0.25
ephemint_wait_seconds_total{urgency="background",reason="connection"} 0
ephemint_wait_seconds_total{urgency="background",reason="quota"} 20
ephemint_wait_seconds_total{urgency="background",reason="pause"} 10
ephemint_wait_seconds_total{urgency="background",reason="backoff"} 0
# HELP ephemint_token_remaining_seconds How long tokens still had to live when they were handed over.
# TYPE ephemint_token_remaining_seconds histogram
ephemint_token_remaining_seconds_bucket{le="1"} 0
ephemint_token_remaining_seconds_bucket{le="2"} 0
ephemint_token_remaining_seconds_bucket{le="3"} 0
ephemint_token_remaining_seconds_bucket{le="4"} 0
ephemint_token_remaining_seconds_bucket{le="5"} 0
ephemint_token_remaining_seconds_bucket{le="6"} 0
ephemint_token_remaining_seconds_bucket{le="7"} 0
ephemint_token_remaining_seconds_bucket{le="8"} 0
ephemint_token_remaining_seconds_bucket{le="9"} 0
ephemint_token_remaining_seconds_bucket{le="9.5"} 0
ephemint_token_remaining_seconds_bucket{le="9.8"} 0
ephemint_token_remaining_seconds_bucket{le="9.9"} 0
ephemint_token_remaining_seconds_bucket{le="9.95"} 1
ephemint_token_remaining_seconds_bucket{le="+Inf"} 3
ephemint_token_remaining_seconds_sum 29.869
ephemint_token_remaining_seconds_count 3
# HELP ephemint_tokens_discarded_total Tokens that came too late to be handed over.
# TYPE ephemint_tokens_discarded_total counter
ephemint_tokens_discarded_total 1
# HELP ephemint_queued_mints Mints that wait now.
# TYPE ephemint_queued_mints gauge
ephemint_queued_mints{urgency="interactive"} 0
ephemint_queued_mints{urgency="background"} 0
# HELP ephemint_requests_in_flight Requests under way now.
# TYPE ephemint_requests_in_flight gauge
ephemint_requests_in_flight 0
# HELP ephemint_requests_total Requests that are over, by how they ended.
# TYPE ephemint_requests_total counter
ephemint_requests_total{outcome="minted"} 3
ephemint_requests_total{outcome="too_old"} 1
ephemint_requests_total{outcome="rate_limited"} 1
ephemint_requests_total{outcome="throttled"} 0
ephemint_requests_total{outcome="key_refused"} 0
ephemint_requests_total{outcome="rejected"} 0
ephemint_requests_total{outcome="server_error"} 0
ephemint_requests_total{outcome="bad_response"} 0
ephemint_requests_total{outcome="lost"} 0
ephemint_requests_total{outcome="stale"} 1
ephemint_requests_total{outcome="timed_out"} 1
ephemint_requests_total{outcome="cancelled"} 1
# HELP ephemint_request_duration_seconds Time from a request's leaving to its reply, or to its end without one.
# TYPE ephemint_request_duration_seconds histogram
ephemint_request_duration_seconds_bucket{le="0.005"} 2
ephemint_request_duration_seconds_bucket{le="0.01"} 3
ephemint_request_duration_seconds_bucket{le="0.025"} 3
ephemint_request_duration_seconds_bucket{le="0.05"} 4
ephemint_request_duration_seconds_bucket{le="0.075"} 4
ephemint_request_duration_seconds_bucket{le="0.1"} 5
ephemint_request_duration_seconds_bucket{le="0.25"} 5
ephemint_request_duration_seconds_bucket{le="0.5"} 6
ephemint_request_duration_seconds_bucket{le="0.75"} 6
ephemint_request_duration_seconds_bucket{le="1"} 6
ephemint_request_duration_seconds_bucket{le="2.5"} 6
ephemint_request_duration_seconds_bucket{le="5"} 6
ephemint_request_duration_seconds_bucket{le="7.5"} 6
ephemint_request_duration_seconds_bucket{le="10"} 7
ephemint_request_duration_seconds_bucket{le="+Inf"} 8
ephemint_request_duration_seconds_sum 21.430001
ephemint_request_duration_seconds_count 8
# HELP ephemint_retries_total Requests after a mint's first one, by why they were made.
# TYPE ephemint_retries_total counter
ephemint_retries_total{reason="retry"} 1
ephemint_retries_total{reason="replacement"} 1
ephemint_retries_total{reason="hedge"} 1
# HELP ephemint_connections Connections that stand, or are being made, now.
# TYPE ephemint_connections gauge
ephemint_connections{state="established"} 0
ephemint_connections{state="dialling"} 0
# HELP ephemint_http2_connections Connections that stand now and speak HTTP/2.
# TYPE ephemint_http2_connections gauge
ephemint_http2_connections 0
# HELP ephemint_dials_total Connections that were begun, by what came of them.
# TYPE ephemint_dials_total counter
ephemint_dials_total{result="established"} 3
ephemint_dials_total{result="failed"} 1
# HELP ephemint_tls_handshakes_total TLS handshakes that succeeded, by their kind.
# TYPE ephemint_tls_handshakes_total counter
ephemint_tls_handshakes_total{kind="full"} 1
ephemint_tls_handshakes_total{kind="resumed"} 2
# HELP ephemint_refused_streams_total Requests that an HTTP/2 server said it hasn't looked at.
# TYPE ephemint_refused_streams_total counter
ephemint_refused_streams_total 0
# HELP ephemint_quota_requests Requests a window that the quota in force admits; 0: no limit, or none is known.
# TYPE ephemint_quota_requests gauge
ephemint_quota_requests 0
# HELP ephemint_quota_window_seconds How long that window is.
# TYPE ephemint_quota_window_seconds gauge
ephemint_quota_window_seconds 0
# HELP ephemint_quota_used Requests that count in the window now.
# TYPE ephemint_quota_used gauge
ephemint_quota_used 0
# HELP ephemint_pause_seconds How long all still wait because the API said so; 0: they don't.
# TYPE ephemint_pause_seconds gauge
ephemint_pause_seconds 0
# HELP ephemint_key_refused 1 while the API refuses the key, and mints fail at once; else 0.
# TYPE ephemint_key_refused gauge
ephemint_key_refused 0
# HELP ephemint_build_info Always 1; its labels say what this is built of.
# TYPE ephemint_build_info gauge
)";

}  // namespace ephemint
