"""The HTTP server: threads, connections that stay open, and the way to the API, the control calls and the pages."""

import json
import select
import socket
import socketserver
import sys
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.api import Request, Response

if TYPE_CHECKING:
    from sandbox.server import Sandbox

MAX_BODY = 2 * 1024 * 1024
# A connection that a fault holds is closed after this long, should the client never give up.
MAX_HOLD_SECONDS = 30
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
FORM = "application/x-www-form-urlencoded"


class Server(ThreadingHTTPServer):
    """Serves a sandbox on the loopback address."""

    daemon_threads = True
    # Hundreds of buyers may connect at the same moment.
    request_queue_size = 512

    def __init__(self, sandbox: "Sandbox", port: int) -> None:
        self.sandbox = sandbox
        self.stopping = False
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Handler)

    def server_bind(self) -> None:
        """Bind without asking the name service what 127.0.0.1 is called, which may take long offline."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up; anything else is a fault of ours and is shown."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            traceback.print_exc()

    def end(self) -> None:
        """Stop serving at once and end the connections that are still open, so that their threads end."""
        self.stopping = True
        stopper = threading.Thread(target=self.shutdown)
        stopper.start()
        # The loop sleeps until somebody knocks.
        socket.create_connection(("127.0.0.1", int(self.server_address[1]))).close()
        stopper.join()
        self.server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                # The other side was faster.
                continue


class Handler(BaseHTTPRequestHandler):
    """Reads one request after the other from a connection and writes the answers."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 120

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """The sandbox keeps its own log of requests."""

    def _serve(self) -> None:
        request = self._read()
        if request is None:
            return
        try:
            response = respond(self.server.sandbox, request)
        except Exception:  # noqa: BLE001 - whatever went wrong, the client gets an answer and the output says why
            traceback.print_exc()
            body = {"error": {"message": "The sandbox failed; its output says why.", "type": "api_error"}}
            response = Response(500, json.dumps(body).encode())
        if response.hold:
            self._hold()
        if response.hold or response.drop:
            self.close_connection = True
            return
        self._write(response)

    def _read(self) -> Request | None:
        """Return the request, or None after answering one that can't be read."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdigit():
            self._refuse(411, "The body's length must be given.")
            return None
        if int(length) > MAX_BODY:
            self._refuse(413, "The body is too large.")
            return None
        body = self.rfile.read(int(length))
        parts = urlsplit(self.path)
        return Request(self.command, unquote(parts.path), parts.query, headers, body)

    def _refuse(self, status: int, message: str) -> None:
        self.close_connection = True
        error = {"error": {"message": message, "type": "invalid_request_error"}}
        self._write(Response(status, json.dumps(error).encode()))

    def _write(self, response: Response) -> None:
        lines = [f"HTTP/1.1 {response.status} {self.responses.get(response.status, ('',))[0]}"]
        headers = {
            "Content-Type": response.content_type,
            "Content-Length": str(len(response.body)),
            **response.headers,
        }
        if self.close_connection:
            headers["Connection"] = "close"
        lines += [f"{name}: {value}" for name, value in headers.items()]
        body = b"" if self.command == "HEAD" else response.body
        # One write, so that head and body leave in one packet.
        self.wfile.write("\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body)

    def _hold(self) -> None:
        """Keep the client waiting until it gives up."""
        end = time.monotonic() + MAX_HOLD_SECONDS
        while time.monotonic() < end and not self.server.stopping:
            readable, _, _ = select.select([self.connection], [], [], 0.1)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                return


for _method in ("GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"):
    setattr(Handler, f"do_{_method}", Handler._serve)


def respond(sandbox: "Sandbox", request: Request) -> Response:
    """Return the answer of whichever part a path belongs to."""
    if request.path.startswith("/v1/"):
        return sandbox.api.handle(request)
    if request.path in ("/", "/_sandbox"):
        return Response(303, b"", {"Location": "/_sandbox/"})
    if request.path.startswith("/_sandbox/") and not request.path.startswith("/_sandbox/static/"):
        refusal = _refuse_strangers(request)
        if refusal:
            return refusal
        if request.path != "/_sandbox/" and not request.path.startswith("/_sandbox/pages/"):
            return _control(sandbox, request)
    return sandbox.pages.handle(request)


def _refuse_strangers(request: Request) -> Response | None:
    """Keep other sites' pages, open in the same browser, from using the control calls."""
    host = request.headers.get("host", "")
    origin = request.headers.get("origin")
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    if name not in LOOPBACK or (origin is not None and urlsplit(origin).netloc != host):
        body = {"error": {"message": "The control calls answer this machine only."}}
        return Response(403, json.dumps(body).encode())
    return None


def _control(sandbox: "Sandbox", request: Request) -> Response:
    """Carry out a control call: JSON, or a form of the sandbox's own page, which is shown again."""
    is_form = request.headers.get("content-type", "").startswith(FORM)
    try:
        text = request.body.decode()
        body = _form(text) if is_form else json.loads(text or "{}")
    except ValueError:
        return Response(400, json.dumps({"error": {"message": "The body is not JSON."}}).encode())
    query = dict(parse_qsl(request.query))
    status, answer = sandbox.control_calls.handle(
        request.method, request.path.removeprefix("/_sandbox/"), query, body
    )
    if is_form and status == 200:
        return Response(303, b"", {"Location": "/_sandbox/"})
    return Response(status, json.dumps(answer, indent=2).encode())


def _form(text: str) -> dict[str, Any]:
    """Return a form of the sandbox's own page as the JSON that it stands for."""
    words: dict[str, Any] = {"true": True, "false": False}
    return {name: words.get(value, value) for name, value in parse_qsl(text)}
