# link.py PUBLIC_URL KID SECRET ACCOUNT [CLAIMS]: prints a login link. CLAIMS are JSON, for tests.

# region: link
import base64
import hashlib
import hmac
import json
import secrets
import time


def login_link(public_url, kid, secret, account, **more):
    """A link that opens the account's portal, once: made when the page that shows it is made."""
    now = int(time.time())
    header = {"alg": "HS256", "kid": kid, "typ": "JWT"}
    claims = {"sub": account, "aud": public_url, "iat": now, "exp": now + 60, "jti": secrets.token_urlsafe(16)}

    def base64url(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    signed = b".".join(base64url(json.dumps(part).encode()) for part in (header, claims | more))
    signature = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return f"{public_url}/login/{signed.decode()}.{base64url(signature).decode()}"
# endregion


if __name__ == "__main__":
    import sys

    print(login_link(*sys.argv[1:5], **json.loads(sys.argv[5] if len(sys.argv) > 5 else "{}")))
