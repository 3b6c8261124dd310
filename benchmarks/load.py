"""A load generator: so many connections, each with its own thread, cookies and keep-alive."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit


@dataclass
class Answer:
    """What a server answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")


class Client:
    """One connection to one server, kept open; it keeps cookies and follows nothing by itself."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self.cookies: dict[str, str] = {}
        self.headers: dict[str, str] = {}

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Send one request; names in `headers` may use _ for -. A connection that was closed is opened anew."""
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            self.connection.request(method, path, body, sent)
            response = self.connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self.connection.close()
            self.connection.request(method, path, body, sent)
            response = self.connection.getresponse()
        content = response.read()
        for cookie in response.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return Answer(response.status, response.headers, content)

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post_json(self, path: str, body: Any, **headers: str) -> Answer:
        return self.ask("POST", path, json.dumps(body).encode(), Content_Type="application/json", **headers)

    def post_form(self, path: str, fields: dict[str, Any], **headers: str) -> Answer:
        kind = "application/x-www-form-urlencoded"
        return self.ask("POST", path, urlencode(fields).encode(), Content_Type=kind, **headers)

    def close(self) -> None:
        self.connection.close()


@dataclass
class Result:
    """What came of a run: how long it took, how long each act took (seconds), and how each ended."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    outcomes: Counter[Any] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


Act = Callable[[Client, int], Any]
Meter = Callable[[], float]


def run(base: str, act: Act, *, connections: int, times: int) -> Result:
    """Act `times` times over so many connections, begun at the same moment; an act returns its outcome."""
    numbers, lock, gate = iter(range(times)), threading.Lock(), threading.Barrier(connections + 1)
    result = Result(seconds=0.0)

    def work() -> None:
        client = Client(base)
        gate.wait()
        while (number := take()) is not None:
            started = time.perf_counter()
            outcome = act(client, number)
            spent = time.perf_counter() - started
            with lock:
                result.latencies.append(spent)
                result.outcomes[outcome] += 1
        client.close()

    def take() -> int | None:
        with lock:
            return next(numbers, None)

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    gate.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    result.seconds = time.perf_counter() - started
    return result
