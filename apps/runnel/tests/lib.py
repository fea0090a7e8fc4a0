# SPDX-License-Identifier: MIT
"""What the tests of `runnel check` share: running it, reading its ndjson, servers on loopback.

RUNNEL in the environment is the command. Sanitizers make it slow: RUNNEL_TEST_SLOW=1 widens limits.
"""
import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

RUNNEL = os.environ["RUNNEL"]
SLOW = 5 if os.environ.get("RUNNEL_TEST_SLOW") == "1" else 1

# Loopback only, whatever proxy the machine is set up with; colours and certificates are tested
# explicitly.
ENVIRONMENT = {**os.environ, "no_proxy": "*", "LC_ALL": "C"}
for name in "NO_COLOR", "CURL_CA_BUNDLE", "SSL_CERT_FILE":
    ENVIRONMENT.pop(name, None)


class Result:
    def __init__(self, process, seconds):
        self.status = process.returncode
        self.out, self.err = process.stdout, process.stderr
        self.seconds = seconds

    def objects(self):
        """The ndjson lines; strict: every line an object, valid UTF-8, the summary last."""
        lines = self.out.decode("utf-8").splitlines()
        objects = [json.loads(line) for line in lines]
        assert objects and objects[-1]["type"] == "summary", self.out + self.err
        assert all(o["type"] != "summary" for o in objects[:-1])
        return objects

    def summary(self):
        return self.objects()[-1]

    def broken(self):
        """{link: reason}"""
        return {o["url"]: o["reason"] for o in self.objects() if o["type"] == "broken"}


def run(*arguments, timeout=60, environment=None, **options):
    start = time.monotonic()
    process = subprocess.run([RUNNEL, *arguments], capture_output=True, timeout=timeout * SLOW,
                             env={**ENVIRONMENT, **(environment or {})}, **options)
    return Result(process, time.monotonic() - start)


def check(*arguments, **options):
    return run("check", "--format", "ndjson", *arguments, **options)


class Case(unittest.TestCase):
    """A test case with a temporary tree."""

    maxDiff = None

    def setUp(self):
        self.root = os.path.realpath(tempfile.mkdtemp(prefix="runnel-check."))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)

    def write(self, name, content="", mode="w"):
        path = os.path.join(os.fsencode(self.root), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = content if isinstance(content, bytes) else content.encode()
        with open(path, "wb") as f:
            f.write(data)
        return path

    def url(self, name):
        return "file://" + self.root + "/" + name

    def account_holds(self, result):
        s = result.summary()
        self.assertEqual(s["tasks_started"], s["tasks_ended"])
        self.assertEqual(s["tasks_leaked"], 0)
        self.assertEqual(s["unique"], s["ok"] + s["broken"] + s["skipped"] + s["unchecked"])


class Server:
    """A TCP server that gives each connection to a function, with the method, the path and the
    socket; what that does with it may be as wrong as it likes."""

    def __init__(self, answer, tls=None):
        self.answer = answer
        self.tls = tls
        self.requests = []
        self.lock = threading.Lock()
        self.done = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = "http%s://127.0.0.1:%d" % ("s" if tls else "", self.listener.getsockname()[1])
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError), connection:
            if not self.tls:
                return self.serve_one(connection)
            with self.tls.wrap_socket(connection, server_side=True) as connection:
                self.serve_one(connection)

    def serve_one(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return
            data += more
        method, path = data.split(b" ", 2)[:2]
        with self.lock:
            self.requests.append((method.decode(), path.decode("latin-1")))
        self.answer(method.decode(), path.decode("latin-1"), connection)

    def close(self):
        """The acceptor ends first: its next accept could take the connections of a later server,
        whose listener has the same descriptor."""
        self.done.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.acceptor.join()
        self.listener.close()


@contextlib.contextmanager
def serving(answer, tls=None):
    server = Server(answer, tls)
    try:
        yield server
    finally:
        server.close()


def respond(connection, status=200, body=b"", headers="", content_type="text/html", head=False):
    body = body if isinstance(body, bytes) else body.encode()
    connection.sendall(
        ("HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n%s\r\n"
         % (status, content_type, len(body), headers)).encode() + (b"" if head else body))


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def main():
    unittest.main(verbosity=1)
