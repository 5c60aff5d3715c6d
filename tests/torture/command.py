"""What the command's tortures share: a sandbox, the command's outcome, and what must be true of it whatever failed."""

import json
import os
import subprocess
import tempfile

# Usage and configuration are 2, an account that failed 1; 127 is the dynamic loader's, which fails before us.
STATUSES = {0, 1, 2, 127}


class Sandbox:
    """`ephemint sandbox`, started again on its port if it was killed."""

    def __init__(self, command, *options):
        self.command, self.options = command, options
        self.directory = tempfile.TemporaryDirectory()
        self.ca = os.path.join(self.directory.name, "ca.pem")
        self.port, self.key = "0", "TEST_torture"
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.command, "sandbox", "--port", self.port, "--api-key", self.key, "--ca-out", self.ca, *self.options],
            stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())["base_url"]
        self.port = self.url.rsplit(":", 1)[1]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def client_options(self):
        return ["--base-url", self.url, "--ca-file", self.ca, "--rate", "unlimited"]

    def environment(self):
        return {**os.environ, "EPHEMINT_API_KEY": self.key}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.directory.cleanup()


def run(command, environment, limit=30, **more):
    """(status, stdout, stderr); the status is None if it hangs, and negative if a signal ended it."""
    with subprocess.Popen(command, env=environment, stdout=more.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE,
                          stdin=more.pop("stdin", subprocess.DEVNULL), start_new_session=True, **more) as process:
        try:
            out, err = process.communicate(timeout=limit)
            return process.returncode, out or b"", err
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()
            return None, b"", b""


def wrong_with(status, out, accounts, torn_line_is_fair=False):
    """What must not be, in words; None if all is well."""
    if status is None:
        return "it hangs"
    if status not in STATUSES:
        return f"it ended by status {status}"
    lines = out.decode(errors="replace").split("\n")
    if lines.pop() and not torn_line_is_fair:
        return "the last line isn't whole"
    seen = set()
    for line in lines:
        try:
            told = json.loads(line)
        except ValueError:
            return f"a line that isn't JSON: {line[:80]}"
        if told["account"] in seen:
            return f"{told['account']} came twice"
        seen.add(told["account"])
        if told["ok"] and token_account(told["token"]) != told["account"]:
            return f"{told['account']} got the token of another"
        if status == 0 and not told["ok"]:
            return "status 0, and an account failed"
    if status == 0 and seen != set(accounts):
        return f"status 0, and {len(set(accounts) - seen)} accounts are missing"
    return None


def token_account(token):
    """The account that the sandbox wrote into its token."""
    import base64

    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["account"]
