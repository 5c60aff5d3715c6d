<?php
// link.php PUBLIC_URL KID SECRET ACCOUNT [CLAIMS]: prints a login link. CLAIMS are JSON, for tests.

// region: link
/** A link that opens the account's portal, once: made when the page that shows it is made. */
function login_link(string $public_url, string $kid, string $secret, string $account, array $more = []): string
{
    $now = time();
    $header = ['alg' => 'HS256', 'kid' => $kid, 'typ' => 'JWT'];
    $claims = ['sub' => $account, 'aud' => $public_url, 'iat' => $now, 'exp' => $now + 60, 'jti' => bin2hex(random_bytes(16))];
    $base64url = fn(string $bytes) => rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    $signed = $base64url(json_encode($header)) . '.' . $base64url(json_encode($more + $claims));
    return "$public_url/login/$signed." . $base64url(hash_hmac('sha256', $signed, $secret, true));
}
// endregion

echo login_link($argv[1], $argv[2], $argv[3], $argv[4], json_decode($argv[5] ?? '{}', true)), "\n";
