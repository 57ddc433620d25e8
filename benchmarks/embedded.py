"""How fast and how small the server with the embedded voice is.

    python -m benchmarks.embedded

Starts `koe serve` as a process and prints, as JSON: seconds from the start of the process to the first
200 of `/health/ready` (median of 3 starts), whole answers per second to texts of two words, of three and to
longer ones (8 connections, all texts different, so that nothing could be cached), how many seconds of audio
they have, the server's processor time for each, and the resident memory of the server after that. The process
in which espeak-ng lives counts as part of the server.
"""

import http.client
import json
import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psutil

from benchmarks.report import Conditions, Report, options, threads
from benchmarks.servers import EMBEDDED, Server, audio_s, cpu_s, serving

FORMATS = ("wav", "mp3", "opus")
CONNECTIONS = 8
SECONDS = 8.0
GREETINGS = """Hello Hi Hey Welcome Thanks Goodbye Cheers Congratulations Greetings Please Sorry Bravo Listen
Look Stop Wait Come Yes No Maybe Sure Fine Good Great Ready Careful Attention Enough Quiet Morning""".split()
NAMES = """Anna Ben Clara David Emma Frank Grace Henry Iris Jack Kate Leo Mary Noah Olive Paul Quinn Rose Sam
Tess Uma Victor Wendy Xavier Yara Zoe Alice Bruno Cora Dylan""".split()


def _greeting(number: int) -> str:
    """One of 2,610 texts of two words: about 1 s of speech, pause included."""
    rest, mark = divmod(number % 2_610, 3)
    greeting, name = divmod(rest, 30)
    return f"{GREETINGS[greeting]} {NAMES[name]}{'.!?'[mark]}"


def _three_words(number: int) -> str:
    """One of 26,100 texts of three words: about 1.3 s of speech, pause included."""
    greeting, rest = divmod(number % 26_100, 900)
    first, last = divmod(rest, 30)
    return f"{GREETINGS[greeting]} {NAMES[first]} {NAMES[last]}."


def _longer(number: int) -> str:
    """A greeting with a number of six digits: about 3 s of speech."""
    return f"Hello number {100_000 + number}."


def _processes(server: Server) -> list[psutil.Process]:
    return [server.process, *server.process.children()]


def _measured(server: Server, name: str, texts: Callable[[int], str]) -> dict[str, float]:
    before = sum(map(cpu_s, _processes(server)))
    rate = _answers_per_second(server.url, name, texts)
    used = sum(map(cpu_s, _processes(server))) - before
    return {"per_s": round(rate, 1), "server_cpu_ms": round(1000 * used / (rate * SECONDS), 1)}


def _answers_per_second(url: str, name: str, texts: Callable[[int], str]) -> float:
    """Whole answers to texts that are all different, over `CONNECTIONS` kept connections."""
    deadline = time.perf_counter() + SECONDS

    def client(number: int) -> int:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        count = 0
        while time.perf_counter() < deadline:
            text = texts(count * CONNECTIONS + number)
            body = json.dumps({"input": text, "response_format": name, "stream": False})
            connection.request("POST", "/v1/audio/speech", body, {"content-type": "application/json"})
            response = connection.getresponse()
            assert len(response.read()) == int(response.headers["content-length"])
            assert response.status == 200
            count += 1
        connection.close()
        return count

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return sum(pool.map(client, range(CONNECTIONS))) / SECONDS


KINDS: Mapping[str, Callable[[int], str]] = {
    "two words": _greeting,
    "three words": _three_words,
    "longer": _longer,
}


DEFINITIONS = {
    "ready_s": "from the start of the process to the first 200 of /health/ready, median of 3 starts",
    "per_s": "whole answers a second; the client is threads of one process on the same cores",
    "server_cpu_ms": "the processor time of the server, espeak-ng's process included, for one answer",
    "audio_s_median": "seconds of audio in the answers to such texts",
    "rss_mb": "resident memory of the server, espeak-ng's process included, after all of that, 10^6 bytes",
}


def main() -> None:
    given = options(__doc__ or "").parse_args()
    report, ready = Report("embedded", given), []
    for _ in range(3):
        with serving(EMBEDDED) as server:
            ready.append(server.ready_s)
    with serving(EMBEDDED) as server:
        answers = {
            f"{name} {kind}": _measured(server, name, texts)
            for kind, texts in KINDS.items()
            for name in FORMATS
        }
        seconds = {
            kind: [audio_s(server.url, {"input": texts(number)}) for number in range(0, 9_000, 450)]
            for kind, texts in KINDS.items()
        }
        rss = sum(process.memory_info().rss for process in _processes(server))
    results = {
        "ready_s": round(statistics.median(ready), 2),
        "whole_answers": answers,
        "audio_s_median": {kind: round(statistics.median(each), 2) for kind, each in seconds.items()},
        "connections": CONNECTIONS,
        "rss_mb": round(rss / 1e6, 1),
    }
    report.write(Conditions(threads(), "embedded", "none", DEFINITIONS), results)


if __name__ == "__main__":
    main()
