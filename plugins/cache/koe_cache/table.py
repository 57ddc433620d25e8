"""Values in an SQLite file, the least recently used of which go first."""

import os
import sqlite3
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import structlog
from attrs import define, field

log = structlog.get_logger(__name__)

T = TypeVar("T")

VERSION: Final = 1
"""Of the tables (`PRAGMA user_version`); a file with another one is made anew."""
_BUSY_S: Final = 5.0
_MOST_TOUCHED: Final = 256
_WAL_BYTES: Final = 16_000_000
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS segments (
    key TEXT PRIMARY KEY, value BLOB NOT NULL, bytes INTEGER NOT NULL, used INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS segments_used ON segments (used);
CREATE TABLE IF NOT EXISTS total (id INTEGER PRIMARY KEY CHECK (id = 0), bytes INTEGER, entries INTEGER);
INSERT OR IGNORE INTO total VALUES (0, 0, 0);
CREATE TRIGGER IF NOT EXISTS added AFTER INSERT ON segments BEGIN
    UPDATE total SET bytes = bytes + new.bytes, entries = entries + 1;
END;
CREATE TRIGGER IF NOT EXISTS removed AFTER DELETE ON segments BEGIN
    UPDATE total SET bytes = bytes - old.bytes, entries = entries - 1;
END;
CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, holder TEXT NOT NULL, until REAL NOT NULL);
PRAGMA user_version = 1;
COMMIT;
"""


@define(eq=False)
class Table:
    """An SQLite file in WAL mode: a process that is killed leaves it whole. Belongs to one thread.

    Several processes may have it open. A file that is damaged is put aside (`.damaged`) and made anew.
    """

    path: Path
    max_bytes: int
    _holder: str = field(factory=lambda: uuid.uuid4().hex, init=False)
    _touched: dict[str, int] = field(factory=dict, init=False)
    _connection: sqlite3.Connection | None = field(default=None, init=False)

    def open(self) -> None:
        """Open or make the file, readable for its owner alone. Raises `OSError` or `sqlite3.Error`."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        try:
            self._connect()
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode not in _DAMAGED:
                raise
            self._put_aside(error)
            self._connect()

    def close(self) -> None:
        if self._connection is not None:
            try:
                self._touch()
            finally:
                self._connection.close()
                self._connection = None

    def get(self, key: str) -> bytes | None:
        row = self._run(lambda db: db.execute("SELECT value FROM segments WHERE key = ?", (key,)).fetchone())
        if row is None:
            return None
        self._touched[key] = time.time_ns()
        if len(self._touched) >= _MOST_TOUCHED:
            self._touch()
        value: bytes = row[0]
        return value

    def put(self, key: str, value: bytes) -> None:
        """Keep the value; one that is larger than all may be is not kept."""
        if len(value) <= self.max_bytes:
            self._run(lambda db: self._put(db, key, value))

    def clear(self) -> None:
        """Forget all values, and give the space back."""
        self._touched.clear()
        self._run(lambda db: db.execute("DELETE FROM segments"))
        self._run(lambda db: db.execute("VACUUM"))

    def totals(self) -> tuple[int, int]:
        """How many values there are, and their bytes."""
        entries, size = self._run(lambda db: db.execute("SELECT entries, bytes FROM total").fetchone())
        return entries, size

    def claim(self, key: str, seconds: float) -> bool:
        """Whether `key` is now this table's for so long; False where it is somebody else's."""
        now = time.time()
        row = (key, self._holder, now + seconds)

        def claim(db: sqlite3.Connection) -> bool:
            db.execute("DELETE FROM claims WHERE until <= ?", (now,))
            return db.execute("INSERT OR IGNORE INTO claims VALUES (?, ?, ?)", row).rowcount == 1

        return self._run(claim)

    def release(self, key: str) -> None:
        mine = (key, self._holder)
        self._run(lambda db: db.execute("DELETE FROM claims WHERE key = ? AND holder = ?", mine))

    def _put(self, db: sqlite3.Connection, key: str, value: bytes) -> None:
        self._write_touched(db)
        db.execute("DELETE FROM segments WHERE key = ?", (key,))
        db.execute("INSERT INTO segments VALUES (?, ?, ?, ?)", (key, value, len(value), time.time_ns()))
        while db.execute("SELECT bytes FROM total").fetchone()[0] > self.max_bytes:
            db.execute("DELETE FROM segments WHERE key = (SELECT key FROM segments ORDER BY used LIMIT 1)")

    def _touch(self) -> None:
        if self._touched:
            self._run(self._write_touched)

    def _write_touched(self, db: sqlite3.Connection) -> None:
        touched = [(used, key) for key, used in self._touched.items()]
        db.executemany("UPDATE segments SET used = ? WHERE key = ?", touched)
        self._touched.clear()

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work` in one transaction."""
        if self._connection is None:
            raise RuntimeError(f"{self.path} is not open")
        try:
            with self._connection as db:
                return work(db)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", None) in _DAMAGED:
                self._put_aside(error)
                self._connect()
            raise

    def _connect(self) -> None:
        db = sqlite3.connect(self.path, timeout=_BUSY_S, check_same_thread=False)
        self._connection = db
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version not in {0, VERSION}:
            raise _other_version(version)
        db.executescript(_SCHEMA)

    def _put_aside(self, error: sqlite3.DatabaseError) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        aside = self.path.with_name(f"{self.path.name}.damaged")
        log.warning("cache_file_damaged", file=str(self.path), put_aside=str(aside), error=str(error))
        self.path.replace(aside)
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)


def _other_version(version: int) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(f"the file has version {version}, this koe writes {VERSION}")
    error.sqlite_errorcode = sqlite3.SQLITE_NOTADB
    return error
