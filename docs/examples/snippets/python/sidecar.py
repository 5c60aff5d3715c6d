# sidecar.py SOCKET ACCOUNT: prints the answer that a customer's click gets.

# region: sidecar
import http.client
import json
import logging
import socket


class Gateway(http.client.HTTPConnection):
    """Speaks HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=15)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def open_portal(account, path="/run/ephemint/ephemint.sock"):
    """The answer to a customer's click: its status, headers and text."""
    gateway = Gateway(path)
    try:
        gateway.request("POST", "/v1/tokens", json.dumps({"account": account}), {"Content-Type": "application/json"})
        reply = gateway.getresponse()
        said = json.load(reply)
    finally:
        gateway.close()
    if reply.status == 200:
        return 302, {"Location": said["login_url"], "Cache-Control": "no-store"}, ""
    if reply.status in (429, 503):
        return 503, {"Retry-After": reply.headers["Retry-After"]}, "Please try again in a moment."
    logging.warning("no login for %s: %s: %s", account, said["code"], said["detail"])
    return 502, {}, "The portal can't be opened."
# endregion


if __name__ == "__main__":
    import sys

    status, headers, _ = open_portal(sys.argv[2], sys.argv[1])
    print(status, headers.get("Location") or headers.get("Retry-After") or "")
