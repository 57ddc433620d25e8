"""What nobody tells of by itself: memory, processor time, open files, and how the event loop is doing."""

import asyncio
from typing import NoReturn

import psutil
from attrs import define, field
from koe.api import Server

from koe_metrics.instruments import Instruments


@define(eq=False)
class Sampler:
    """Looks at this process. `run` belongs to the event loop."""

    _server: Server
    _instruments: Instruments
    _interval_s: float
    _engines: tuple[str, ...] = field(init=False)
    _process: psutil.Process = field(factory=psutil.Process, init=False)
    _cpu_s: float = field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self._engines = tuple(engine.name for engine in self._server.engines())

    async def run(self) -> NoReturn:
        """Look at it again and again."""
        clock = asyncio.get_running_loop().time
        while True:
            await self.sample()
            due = clock() + self._interval_s
            await asyncio.sleep(self._interval_s)
            self._instruments.loop_lag.observe(max(0.0, clock() - due))

    async def sample(self) -> None:
        """Look at it now."""
        self._instruments.load(self._server.load())
        for engine in self._engines:
            self._instruments.model(engine, loaded=self._server.model_state(engine) == "loaded")
        memory, cpu_s, open_files, threads = await asyncio.to_thread(self._look)
        self._instruments.memory.set(memory)
        self._instruments.open_files.set(open_files)
        self._instruments.threads.set(threads)
        self._instruments.tasks.set(len(asyncio.all_tasks()))
        self._instruments.cpu_seconds.inc(max(0.0, cpu_s - self._cpu_s))
        self._cpu_s = max(cpu_s, self._cpu_s)

    def _look(self) -> tuple[int, float, int, int]:
        with self._process.oneshot():
            cpu = self._process.cpu_times()
            return (
                self._process.memory_info().rss,
                cpu.user + cpu.system,
                self._process.num_fds(),
                self._process.num_threads(),
            )
