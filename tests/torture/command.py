"""What the command's tortures share: a sandbox, the command's outcome, and what must be true of it whatever failed."""

import base64
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import time

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


class Gateway:
    """`ephemint gateway` on a Unix socket, in front of a sandbox. `before` are words put before the command, such as strace's."""

    def __init__(self, command, api, *options, before=(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **more):
        self.directory = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.directory.name, "socket")
        self.process = subprocess.Popen(
            [*before, command, "gateway", "--listen", "unix:" + self.path, "--per-account", "off",
             *api.client_options(), *options],
            env=api.environment(), stdout=stdout, stderr=stderr, start_new_session=True, **more)  # fmt: skip

    def first_line(self, limit=15):
        """The line that says where it listens; empty if it couldn't start."""
        return self.process.stdout.readline() if select.select([self.process.stdout], [], [], limit)[0] else b""

    def serves(self, tries=25):
        return any(log_in(self.path)[0] == 200 or time.sleep(0.2) for _ in range(tries))

    def end(self):
        return end(self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        self.directory.cleanup()


def log_in(path, account="se-1", patience=10):
    """Logs in through the gateway at `path`. Returns the status, 0 without an answer, and the account of the token, or None."""
    class Connection(http.client.HTTPConnection):
        def connect(self):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(patience)
            self.sock.connect(path)

    connection = Connection("localhost")
    try:
        connection.request("POST", "/v1/tokens", json.dumps({"account": account, "fields": ["token"]}),
                           {"Content-Type": "application/json"})  # fmt: skip
        answer = connection.getresponse()
        told = json.loads(answer.read())
        return answer.status, token_account(told["token"]) if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return 0, None
    finally:
        connection.close()


def end(server, patience=(5, 20)):
    """Sends SIGTERM to the server, or to its child if strace runs it, and returns its exit status. Sends it a second time if need
    be: Asio passes a signal on by writing to a pipe, and loses it if that write fails."""
    for seconds in patience:
        child = child_of(server.pid)
        try:
            os.kill(child, signal.SIGTERM) if child else server.send_signal(signal.SIGTERM)
        except ProcessLookupError:
            pass  # it has just ended by itself
        try:
            return server.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            continue
    raise subprocess.TimeoutExpired("the server", sum(patience))


def child_of(process):
    try:
        with open(f"/proc/{process}/task/{process}/children") as children:
            return int(children.read().split()[0])
    except (OSError, IndexError):
        return None


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


def wrong_with(status, out, accounts, torn_line_is_fair=False, all_are_told=False):
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
    if (status == 0 or all_are_told) and seen != set(accounts):
        return f"status {status}, and {len(set(accounts) - seen)} accounts are missing"
    return None


def token_account(token):
    """The account that the sandbox wrote into its token."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["account"]
