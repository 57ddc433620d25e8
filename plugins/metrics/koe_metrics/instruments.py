"""Every metric: its name, its labels, and what it is fed with."""

from importlib.metadata import version

from koe.api import Load, RequestFinished, SegmentSynthesized
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from koe_metrics.labels import BoundedLabel

_SHORT = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LONG = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_FIRST = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10)
_FACTORS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 2, 5)


class Instruments:
    """The metrics of one process. Counting takes microseconds; any thread may.

    Labels have few values: names of engines, formats, plugins and routes that this server has, never a
    voice, a key, a text or a path that a client made up.

    Args:
        registry: where they are registered.
        default_engine: the name that requests mean that name no engine.
    """

    def __init__(self, registry: CollectorRegistry, default_engine: str) -> None:
        self._default_engine = default_engine
        self._engine, self._format, self._plugin = BoundedLabel(), BoundedLabel(), BoundedLabel()
        self._requests(registry)
        self._segments(registry)
        self._http(registry)
        self._process(registry)

    def _requests(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "koe_requests",
            "Requests for speech that have ended, by outcome: completed, failed, cancelled or refused.",
            ("outcome", "engine", "format"),
            registry=registry,
        )
        self.first_audio = Histogram(
            "koe_time_to_first_audio_seconds",
            "From a request to its first encoded audio.",
            ("engine",),
            buckets=_FIRST,
            registry=registry,
        )
        self.request_seconds = Histogram(
            "koe_request_seconds",
            "From a request for speech to its end.",
            ("engine",),
            buckets=_LONG,
            registry=registry,
        )
        self.stage_seconds = Histogram(
            "koe_stage_seconds",
            "What the time of requests went to; all stages add up to koe_request_seconds.",
            ("stage",),
            buckets=_SHORT,
            registry=registry,
        )
        self.stage_work = Counter(
            "koe_stage_work_seconds",
            "Work done in each stage, added up over requests and threads.",
            ("stage",),
            registry=registry,
        )
        self.plugin_work = Counter(
            "koe_plugin_work_seconds",
            "The same by the plugin whose component did it.",
            ("plugin", "stage"),
            registry=registry,
        )
        self.queue_wait = Histogram(
            "koe_queue_wait_seconds",
            "From a request for speech until it was admitted or refused.",
            buckets=_SHORT,
            registry=registry,
        )
        self.audio_seconds = Counter(
            "koe_audio_seconds", "Audio made, in seconds of playing time.", ("engine",), registry=registry
        )
        self.characters = Counter(
            "koe_characters", "Characters of the texts of requests.", ("engine",), registry=registry
        )
        self.kept_answers = Counter(
            "koe_answers_cached", "Requests answered with the answer to an equal one.", registry=registry
        )

    def _segments(self, registry: CollectorRegistry) -> None:
        self.segments = Counter(
            "koe_segments",
            "Segments that became audio; cached: without an inference of their own.",
            ("engine", "cached"),
            registry=registry,
        )
        self.inference_wait = Histogram(
            "koe_inference_wait_seconds",
            "How long an inferred segment waited for an inference thread.",
            buckets=_SHORT,
            registry=registry,
        )
        self.inference_seconds = Histogram(
            "koe_inference_seconds", "One inference.", ("engine",), buckets=_SHORT, registry=registry
        )
        self.real_time_factor = Histogram(
            "koe_real_time_factor",
            "Seconds of inference for a second of its audio.",
            ("engine",),
            buckets=_FACTORS,
            registry=registry,
        )

    def _http(self, registry: CollectorRegistry) -> None:
        self.http_requests = Counter(
            "koe_http_requests",
            "HTTP requests by route, method and status; WebSockets have the method WEBSOCKET.",
            ("route", "method", "status"),
            registry=registry,
        )

    def _process(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, meaning: str, labels: tuple[str, ...] = ()) -> Gauge:
            return Gauge(name, meaning, labels, multiprocess_mode="livesum", registry=registry)

        self.in_flight = gauge("koe_requests_in_flight", "Requests for speech that are worked on.")
        self.queued = gauge("koe_requests_queued", "Requests for speech that wait to be admitted.")
        self.stalled = gauge("koe_requests_stalled", "Those worked on whose clients take nothing now.")
        self.sessions = gauge("koe_sessions_open", "Streaming WebSockets that are open.")
        self.draining = gauge("koe_workers_draining", "Server processes that take no new requests.")
        self.workers = gauge("koe_workers", "Server processes that run, by koe's version.", ("version",))
        self.workers.labels(version("koe")).set(1)
        self.model_loaded = gauge(
            "koe_model_loaded", "Server processes that have the engine's model in memory.", ("engine",)
        )
        self.memory = gauge("koe_process_resident_memory_bytes", "Memory of all server processes.")
        self.open_files = gauge("koe_process_open_fds", "Open file descriptors of all server processes.")
        self.threads = gauge("koe_process_threads", "Threads of all server processes.")
        self.tasks = gauge("koe_event_loop_tasks", "Asyncio tasks of all server processes.")
        self.cpu_seconds = Counter(
            "koe_process_cpu_seconds", "Processor time of all server processes.", registry=registry
        )
        self.loop_lag = Histogram(
            "koe_event_loop_lag_seconds",
            "How late the event loop was, looked at every sample_s.",
            buckets=_SHORT,
            registry=registry,
        )

    def segment(self, event: SegmentSynthesized) -> None:
        """Count a segment."""
        engine = self._engine(event.engine)
        self.segments.labels(engine, "yes" if event.cached else "no").inc()
        if event.cached:
            return
        self.inference_wait.observe(event.wait_s)
        self.inference_seconds.labels(engine).observe(event.infer_s)
        if event.audio_s > 0:
            self.real_time_factor.labels(engine).observe(event.infer_s / event.audio_s)

    def request(self, event: RequestFinished) -> None:
        """Count a request that has ended."""
        engine = self._engine(event.engine or self._default_engine)
        self.requests.labels(event.outcome, engine, self._format(event.format)).inc()
        self.characters.labels(engine).inc(event.characters)
        self.audio_seconds.labels(engine).inc(event.audio_s)
        if event.first_audio_s is not None:
            self.first_audio.labels(engine).observe(event.first_audio_s)
        if event.cached:
            self.kept_answers.inc()
        self._observe_time(engine, event)

    def _observe_time(self, engine: str, event: RequestFinished) -> None:
        self.request_seconds.labels(engine).observe(event.total_s)
        self.queue_wait.observe(event.shares.get("queue", 0.0))
        for stage, seconds in event.shares.items():
            self.stage_seconds.labels(stage).observe(seconds)
        for stage, seconds in event.stages.items():
            self.stage_work.labels(stage).inc(max(0.0, seconds))
        for (plugin, stage), seconds in event.plugins.items():
            self.plugin_work.labels(self._plugin(plugin), stage).inc(max(0.0, seconds))

    def model(self, engine: str, *, loaded: bool) -> None:
        """Show whether an engine's model is in memory."""
        self.model_loaded.labels(self._engine(engine)).set(1 if loaded else 0)

    def load(self, load: Load) -> None:
        """Show what is worked on now."""
        self.in_flight.set(load.running)
        self.queued.set(load.queued)
        self.stalled.set(load.stalled)
        self.sessions.set(load.sessions)
        self.draining.set(load.draining)
