"""A mail server that keeps what it is given, on a port of this machine: enough of SMTP for Django's backend."""

import socketserver
import threading
from email import message_from_bytes
from email.message import Message as Email


class SmtpSink:
    """Takes mail until `stop`; `mails` are those that were taken to the end, in order."""

    def __init__(self) -> None:
        self.mails: list[Email] = []
        self._taken = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _Conversation)
        self._server.sink = self
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, mail: Email) -> None:
        with self._taken:
            self.mails.append(mail)
            self._taken.notify_all()

    def wait_for(self, count: int, *, seconds: float) -> bool:
        """Wait until so many mails were taken; whether they were."""
        with self._taken:
            return self._taken.wait_for(lambda: len(self.mails) >= count, timeout=seconds)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    sink: SmtpSink


class _Conversation(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self._say("220 sink")
        for line in self.rfile:
            verb = line[:4].upper().strip()
            if verb == b"QUIT":
                self._say("221 bye")
                return
            if verb == b"DATA":
                self._say("354 go on")
                self._take()
            else:
                self._say("250 ok")

    def _take(self) -> None:
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                self.server.sink.take(message_from_bytes(b"".join(lines)))
                self._say("250 taken")
                return
            lines.append(line.removeprefix(b"."))

    def _say(self, words: str) -> None:
        try:
            self.wfile.write(f"{words}\r\n".encode())
        except OSError:  # whoever called was killed
            return
