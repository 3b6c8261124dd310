"""The sandbox as a whole: state, API, delivery, clock, pages and control calls, served on a loopback port."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox.api import Api
from sandbox.control import Control
from sandbox.delivery import Delivery, Transport
from sandbox.endpoints import make_endpoints
from sandbox.pages import Pages
from sandbox.resources import balance_transactions
from sandbox.web import Server
from sandbox.world import World


class Sandbox:
    """One stand-in for Stripe.

    With `automatic` off nothing happens by itself: Stripe's asynchronous work and deliveries wait for `pump`.
    """

    def __init__(
        self,
        journal: Path | str | None = None,
        endpoints: Iterable[tuple[str, str, bool]] = (),
        transport: Transport | None = None,
        automatic: bool = True,
        mailbox_url: str = "",
    ) -> None:
        self.world = World(Path(journal) if journal else None)
        self.world.automatic = automatic
        self.mailbox_url = mailbox_url
        balance_transactions.recount(self.world)
        self.api = Api(self.world)
        self.delivery = Delivery(self.world, make_endpoints(endpoints), transport)
        self.control_calls = Control(self.world, self.api, self.delivery, self.reset)
        self.pages = Pages(self)
        self._server: Server | None = None
        self._threads: list[threading.Thread] = []
        self._stopping = False

    # Serving

    def start(self, port: int = 0) -> None:
        """Serve on 127.0.0.1 in daemon threads; port 0 takes a free one."""
        self._server = Server(self, port)
        self._stopping = False
        self.world.url = self.url
        for target in (self._serve, self._do_planned_work):
            thread = threading.Thread(target=target, name=f"sandbox{target.__name__}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self.delivery.start()

    def stop(self) -> None:
        """Stop serving; what is in the journal stays."""
        with self.world.wake:
            self._stopping = True
            self.world.wake.notify_all()
        self.delivery.stop()
        if self._server:
            self._server.end()
        for thread in self._threads:
            thread.join(timeout=5)
        self._threads.clear()
        self.world.state.close()

    @property
    def port(self) -> int:
        """The port that is served."""
        if self._server is None:
            raise RuntimeError("The sandbox is not started.")
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The base address, for the SDK's `base_addresses` and for a browser."""
        return f"http://127.0.0.1:{self.port}"

    def _serve(self) -> None:
        assert self._server is not None
        self._server.serve_forever()

    def _do_planned_work(self) -> None:
        """Do what falls due by the virtual clock, while `automatic` is on."""
        while True:
            with self.world.wake:
                if self._stopping:
                    return
                due = self.world.clock.next_due()
                pause = 1.0 if due is None else min(1.0, max(0.0, due - self.world.clock.now()))
                if not self.world.automatic or pause > 0:
                    self.world.wake.wait(pause or 1.0)
                if self._stopping:
                    return
                if self.world.automatic:
                    self.world.clock.run_due()

    # In process

    @property
    def automatic(self) -> bool:
        """Whether deliveries and asynchronous work happen by themselves."""
        return self.world.automatic

    @automatic.setter
    def automatic(self, on: bool) -> None:
        with self.world.wake:
            self.world.automatic = on
            self.world.wake.notify_all()

    @property
    def transport(self) -> Transport:
        """How a delivery is sent: `transport(url, body, headers)` returns the receiver's status."""
        return self.delivery.transport

    @transport.setter
    def transport(self, transport: Transport) -> None:
        self.delivery.transport = transport

    def pump(self) -> int:
        """Do all asynchronous work and deliver all pending events now, in this thread; return how many were sent."""
        return self.delivery.pump()

    def control(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Make a control call: `sb.control("POST", "/_sandbox/clock", {"advance_seconds": 60})`."""
        parts = urlsplit(path)
        name = parts.path.removeprefix("/_sandbox/")
        return self.control_calls.handle(
            method.upper(), name, dict(parse_qsl(parts.query)), {} if body is None else body
        )

    def reset(self) -> None:
        """Forget everything but the endpoints."""
        with self.world.wake:
            self.world.state.clear()
            self.world.totals.clear()
            self.world.clock.load()
            self.delivery.load()
            self.api.faults.clear()
            self.world.wake.notify_all()
