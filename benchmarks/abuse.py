"""What hostile clients cost a server, and those who are served meanwhile.

`python -m benchmarks.abuse` starts `koe serve` with the embedded voice, attacks it in every way of
`benchmarks.abuse_attacks`, one after the other, and prints a JSON object for each: the server's memory and
open files before, at most and after, what became of the attackers, and how long others waited for `/health`
and for a short speech. The others have an address of their own, as koe lets addresses take turns; with
`--address 127.0.0.1` they have the attackers'. An attack that is over before others have asked for both is
repeated (`times`).
"""

import argparse
import json
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from attrs import define, field

from benchmarks.abuse_attacks import ATTACKS, PATIENCE_S, Attack
from benchmarks.servers import EMBEDDED, Server, serving

SETTLE_S = 1.5
"""How long after an attack memory and files are looked at once more: what is not given back at once."""
OTHERS = "127.0.0.2" if sys.platform == "linux" else "127.0.0.1"
SETTINGS = {
    **EMBEDDED,
    "server.header_timeout_s": 3.0,
    "limits.body_timeout_s": 5.0,
    "http.stream_stall_timeout_s": 5.0,
}


@define
class Watch:
    """What the server needs, and what others get from it, while the block runs.

    Attributes:
        address: where others come from.
        rounds: how often others have asked for everything.
    """

    server: Server
    address: str = OTHERS
    rounds: int = 0
    rss: list[int] = field(factory=list)
    files: list[int] = field(factory=list)
    waits_s: dict[str, list[float]] = field(factory=lambda: {"health": [], "speech": []})
    failed: Counter[str] = field(factory=Counter)
    stopped: threading.Event = field(factory=threading.Event)

    @contextmanager
    def watching(self) -> Iterator[None]:
        with ThreadPoolExecutor() as pool:
            works = [pool.submit(self._again, self._sample, 0.05), pool.submit(self._again, self._ask, 0.1)]
            try:
                yield
            finally:
                self.stopped.set()
        for work in works:
            work.result()

    def noticed(self) -> bool:
        """Whether others have asked for everything since the block began; the first time may be of before."""
        return self.rounds > 1 or self.stopped.is_set()

    def _again(self, work: Callable[[], None], pause_s: float) -> None:
        """At least once; until the block ends, or the other kind of work fails."""
        try:
            work()
            while not self.stopped.wait(pause_s):
                work()
        finally:
            self.stopped.set()

    def _sample(self) -> None:
        self.rss.append(self.server.process.memory_info().rss)
        self.files.append(self.server.process.num_fds())

    def _ask(self) -> None:
        self._timed("health", "GET", "/health")
        speech = {"input": "Hello there.", "response_format": "pcm"}
        self._timed("speech", "POST", "/v1/audio/speech", json=speech)
        self.rounds += 1

    def _timed(self, name: str, method: str, path: str, **options: Any) -> None:
        began = time.monotonic()
        transport = httpx.HTTPTransport(local_address=self.address)
        try:
            with httpx.Client(transport=transport, timeout=PATIENCE_S) as client:
                status = client.request(method, self.server.url + path, **options).status_code
        except httpx.TransportError as error:
            self.failed[f"{name} {type(error).__name__}"] += 1
            return
        if status == httpx.codes.OK:
            self.waits_s[name].append(time.monotonic() - began)
        else:
            self.failed[f"{name} {status}"] += 1


def measured(
    server: Server,
    attack: Callable[[Attack], None],
    clients: int,
    seconds: float,
    *,
    settle_s: float = SETTLE_S,
    address: str = OTHERS,
) -> dict[str, Any]:
    """One attack, repeated until others have asked for everything meanwhile, and what it came to."""
    place, watch, times = urlsplit(server.url), Watch(server, address), 0
    under = Attack((place.hostname or "", place.port or 0), clients, seconds, watch.noticed)
    before = (server.process.memory_info().rss, server.process.num_fds())
    with watch.watching():
        while not watch.noticed():
            attack(under)
            times += 1
    time.sleep(settle_s)
    return {
        "attack": attack.__name__,
        "times": times,
        "rss_mb": [_mb(before[0]), _mb(max(watch.rss)), _mb(server.process.memory_info().rss)],
        "files": [before[1], max(watch.files), server.process.num_fds()],
        "attackers": dict(under.outcome),
        "others": {name: _waited(waits) for name, waits in watch.waits_s.items()},
        "others_failed": dict(watch.failed),
    }


def _mb(count: int) -> float:
    return round(count / 1e6, 1)


def _waited(waits_s: list[float]) -> dict[str, float | None]:
    if not waits_s:
        return {"answered": 0, "median_ms": None, "worst_ms": None}
    median_ms, worst_ms = (round(1000 * one, 1) for one in (statistics.median(waits_s), max(waits_s)))
    return {"answered": len(waits_s), "median_ms": median_ms, "worst_ms": worst_ms}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=500, help="connections, where one attacker has one")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long attackers hold on")
    names = [one.__name__ for one in ATTACKS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="ATTACK")
    parser.add_argument("--address", default=OTHERS, help="where the others come from")
    given = parser.parse_args()
    with serving(SETTINGS) as server:
        httpx.post(f"{server.url}/v1/audio/speech", json={"input": "Hello there.", "response_format": "pcm"})
        for attack in ATTACKS:
            if attack.__name__ in given.only:
                found = measured(server, attack, given.clients, given.seconds, address=given.address)
                print(json.dumps(found), flush=True)
        tracebacks = server.logged().count("Traceback")
    print(json.dumps({"tracebacks_in_the_log": tracebacks}))
    return 0 if not tracebacks else 1


if __name__ == "__main__":
    sys.exit(main())
