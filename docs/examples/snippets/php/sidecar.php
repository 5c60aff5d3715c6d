<?php
// sidecar.php SOCKET ACCOUNT: prints the answer that a customer's click gets.

// region: sidecar
/** The answer to a customer's click: its status, headers and text. */
function open_portal(string $account, string $socket = '/run/ephemint/ephemint.sock'): array
{
    $wait = '';
    $gateway = curl_init('http://localhost/v1/tokens');
    curl_setopt_array($gateway, [
        CURLOPT_UNIX_SOCKET_PATH => $socket,
        CURLOPT_POSTFIELDS => json_encode(['account' => $account]),
        CURLOPT_HTTPHEADER => ['Content-Type: application/json'],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 15,
        CURLOPT_HEADERFUNCTION => function ($gateway, string $line) use (&$wait): int {
            if (stripos($line, 'Retry-After:') === 0) {
                $wait = trim(substr($line, strlen('Retry-After:')));
            }
            return strlen($line);
        },
    ]);
    $said = json_decode((string) curl_exec($gateway), true);
    switch (curl_getinfo($gateway, CURLINFO_RESPONSE_CODE)) {
        case 200:
            return [302, ['Location' => $said['login_url'], 'Cache-Control' => 'no-store'], ''];
        case 429:
        case 503:
            return [503, ['Retry-After' => $wait], 'Please try again in a moment.'];
        default:
            error_log("no login for $account: " . ($said ? "$said[code]: $said[detail]" : curl_error($gateway)));
            return [502, [], "The portal can't be opened."];
    }
}
// endregion

[$status, $headers] = open_portal($argv[2], $argv[1]);
echo $status, ' ', $headers['Location'] ?? $headers['Retry-After'] ?? '', "\n";
