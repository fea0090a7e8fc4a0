#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check/https: links over TLS, and certificates that may not be trusted."""
import os
import socket
import ssl
import struct
import subprocess
import time

import lib
from lib import respond


def front_page(method, path, connection):
    if path == "/":
        return respond(connection, body="<a href=good#here>g</a><a href=gone>x</a>")
    respond(connection, 200 if path == "/good" else 404, "<p id=here>")


class Https(lib.Case):
    def certificate(self, name="127.0.0.1", *arguments):
        """Makes a certificate that signs itself; the server's context and the file to trust."""
        key, certificate = (os.path.join(self.root, name + end) for end in (".key", ".pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=" + name, "-addext", "subjectAltName=IP:" + name, "-keyout", key,
                        "-out", certificate, *arguments], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context, certificate

    def site(self, tls, *arguments, answer=front_page, **options):
        with lib.serving(answer, tls) as server:
            r = lib.check(*arguments, server.url + "/", **options)
            self.account_holds(r)
            return r, {k.removeprefix(server.url): v for k, v in r.broken().items()}

    def test_good_and_broken_links(self):
        tls, trusted = self.certificate()
        for arguments, environment in ((["--cacert", trusted], {}),
                                       ([], {"CURL_CA_BUNDLE": trusted}),
                                       ([], {"SSL_CERT_FILE": trusted}), (["--insecure"], {})):
            r, broken = self.site(tls, *arguments, environment=environment)
            self.assertEqual(broken, {"/gone": "404 Not Found"})
            self.assertEqual((r.status, r.summary()["pages"], r.summary()["ok"]), (2, 2, 1))

    def test_a_certificate_that_is_not_trusted(self):
        tls, _ = self.certificate()
        r, broken = self.site(tls)
        self.assertEqual(list(broken), ["/"])
        self.assertRegex(broken["/"], "^the certificate is not trusted(: self-signed.*)?$")
        self.assertEqual((r.status, r.objects()[0]["kind"]), (2, "tls"))

    def test_a_certificate_for_another_host(self):
        tls, trusted = self.certificate("127.0.0.2")
        self.assertEqual(self.site(tls, "--cacert", trusted)[1],
                         {"/": "the certificate is for another host"})

    def test_no_handshake(self):
        class Plain:
            def wrap_socket(self, connection, server_side):
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(65536)
                return connection
        self.assertEqual(self.site(Plain())[1], {"/": "the TLS handshake failed"})

    def test_trusted_certificates_that_cannot_be_read(self):
        tls, _ = self.certificate()
        garbage = self.write("garbage.pem", "no certificate")
        _, broken = self.site(tls, "--cacert", garbage)
        # GnuTLS takes a file without certificates for one that trusts nobody.
        self.assertRegex(broken["/"], "the trusted ones cannot be read|is not trusted")
        r = lib.run("check", "--cacert", self.root + "/missing.pem", "x")
        self.assertEqual((r.status, r.err.count(b"\n")), (1, 1))
        self.assertIn(b"missing.pem': No such file", r.err)

    def test_from_http_to_https(self):
        tls, trusted = self.certificate()
        with lib.serving(front_page, tls) as secure:
            def answer(method, path, connection):
                respond(connection, 301, headers="Location: %s%s\r\n" % (secure.url, path))
            with lib.serving(answer) as plain:
                r = lib.check("--cacert", trusted, plain.url + "/")
        self.assertEqual(r.broken(), {secure.url + "/gone": "404 Not Found"})

    def test_connections_reset_between_requests(self):
        """A reset of an idle connection says nothing of the page that was to be asked on it."""
        def answer(method, path, connection):
            body = "".join("<a href=%d>x</a>" % i for i in range(20)) if path == "/" else ""
            connection.sendall(("HTTP/1.1 200 X\r\nContent-Type: text/html\r\n"
                                "Content-Length: %d\r\n\r\n%s" % (len(body), body)).encode())
            time.sleep(0.1)  # the next request is on its way by now
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        tls, trusted = self.certificate()
        for server, *arguments in (tls, "--cacert", trusted), (None,):
            r, broken = self.site(server, *arguments, "--jobs", "2", answer=answer)
            self.assertEqual((r.status, broken), (0, {}), r.err.decode("utf-8", "replace"))


if __name__ == "__main__":
    lib.main()
