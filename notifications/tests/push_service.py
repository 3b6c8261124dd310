"""A browser with its push service, as far as a site meets them: it takes notes, checks who sends, and decrypts."""

import json
import os
import threading
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from notifications.services.push import Browser


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class PushService:
    """Listens on 127.0.0.1; `answers` are the statuses of the next notes, 201 when there are none left."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._secret = os.urandom(16)
        self.answers: list[int] = []
        self.received: list[tuple[str, dict[str, str], bytes]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def browser(self, name: str = "one") -> Browser:
        """A subscription of this service's browser, such as `PushManager.subscribe` makes."""
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return Browser(endpoint=f"{self.origin}/{name}", p256dh=_text(point), auth=_text(self._secret))

    def notes(self) -> list[dict[str, Any]]:
        """What the browser shows, decrypted; each was signed for this service and says how long to keep it."""
        return [self._read(headers, body) for _path, headers, body in self.received]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _read(self, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        assert Vapid02.verify(headers["Authorization"])
        assert headers["Content-Encoding"] == "aes128gcm"
        assert int(headers["TTL"]) > 0
        opened = http_ece.decrypt(body, private_key=self._key, auth_secret=self._secret, version="aes128gcm")
        note: dict[str, Any] = json.loads(opened)
        return note

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.received.append((self.path, dict(self.headers), body))
                self.send_response(service.answers.pop(0) if service.answers else 201)
                self.send_header("Location", "http://127.0.0.1:9/")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        return Handler
