"""`python -m tests.plugins.cache.killer FILE TIMES`: forks writers, kills them, and reads what is left.

Writes how many were killed, how many values were read after that, and how many of them were corrupt.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
from koe.cache.values import CorruptValueError, decode_value, encode_value
from koe.types import AudioChunk
from koe_cache.table import Table

MOST_BYTES = 3_000_000


def write_on(path):
    table = Table(path, MOST_BYTES)
    table.open()
    for number in range(1_000_000):
        key = f"{os.getpid()}-{number}"
        samples = np.full(random.randrange(1, 100_000), 0.25, np.float32)
        table.put(key, encode_value(key, AudioChunk(samples, 24_000), "int16"))


def read_all(path):
    table = Table(path, MOST_BYTES)
    table.open()
    keys = table._run(lambda db: [row[0] for row in db.execute("SELECT key FROM segments")])
    corrupt = 0
    for key in keys:
        try:
            decode_value(key, table.get(key) or b"", 0)
        except CorruptValueError:
            corrupt += 1
    entries, size = table.totals()
    assert entries == len(keys)
    assert size <= MOST_BYTES
    table.close()
    return len(keys), corrupt


def main(path, times):
    kills = corrupt = values = 0
    for _ in range(times):
        child = os.fork()
        if not child:
            write_on(path)
        time.sleep(random.uniform(0.01, 0.08))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        kills += os.WIFSIGNALED(status)
        read, damaged = read_all(path)
        values += read
        corrupt += damaged
    sys.stdout.write(f"{kills} {values} {corrupt}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
