"""What the config file can say about the core. Each class is a section, each field a key."""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any, Literal

from attrs import field, frozen
from attrs.validators import ge, gt, in_, le

from koe.lexicon.entries import LexiconEntry


def _networks(_: Any, _attribute: Any, value: tuple[str, ...]) -> None:
    for one in value:
        try:
            ip_network(one, strict=False)
        except ValueError:
            message = f"expected IP addresses and networks such as '10.0.0.0/8', not {one!r:.60}"
            raise ValueError(message) from None


@frozen
class PluginsSettings:
    """`[plugins]`: which plugins are loaded, and `[plugins.<name>]` for each one's own settings.

    `required = false` in a plugin's table lets the server start without it when it fails to load.

    Attributes:
        enabled: the plugins to load, in this order; others are not even imported.
        tables: what each `[plugins.<name>]` says, unchecked.
    """

    enabled: tuple[str, ...] = (
        "text", "kokoro", "espeak", "formats", "providers", "ssml", "normalize", "g2p",
    )  # fmt: skip
    tables: Mapping[str, Mapping[str, Any]] = field(factory=dict)


@frozen
class PipelineSettings:
    """`[pipeline]`: the components of each stage, in the order in which they run.

    Attributes:
        normalize: normalizers, each fed with what the one before it made; of the default, those present.
        phonemize: phonemizers; the first that supports a segment's language does the work; of the default,
            those present.
        postprocess: audio processors, each fed with what the one before it made.
        segment_phonemes: the most phoneme symbols in one inference (an engine may take fewer).
        segment_characters: the most characters in one inference of an engine that accepts text.
    """

    normalize: tuple[str, ...] = ("normalize", "sentences")
    phonemize: tuple[str, ...] = ("misaki", "espeak")
    postprocess: tuple[str, ...] = ()
    segment_phonemes: int = field(default=200, validator=[ge(20), le(510)])
    segment_characters: int = field(default=400, validator=[ge(40), le(4000)])


@frozen
class LexiconSettings:
    """`[lexicon]`: how words are spoken.

    Attributes:
        files: TOML files (`.toml`) and PLS documents (`.pls`, `.xml`), read again when they change.
        words: a word, and how it is spoken: in other letters, or as IPA between slashes.
        entries: the same with conditions: `word`, `ipa`, `say`, `language`, `case`, `part_of_speech`.
    """

    files: tuple[str, ...] = ()
    words: Mapping[str, str] = field(factory=dict)
    entries: tuple[LexiconEntry, ...] = ()


@frozen
class PausesSettings:
    """`[pauses]`: how long the silence behind a segment is, at rate 1.0.

    Attributes:
        after: seconds by the punctuation mark that a segment ends with.
        paragraph_s: seconds behind a paragraph.
        word_s: seconds where a segment was cut between words.
        trim: whether the engine's own silence around a segment makes room for these.
    """

    after: Mapping[str, float] = field(
        factory=lambda: {
            ".": 0.3,
            "!": 0.3,
            "?": 0.35,
            "…": 0.45,
            ";": 0.25,
            ":": 0.25,
            ",": 0.15,
            "—": 0.2,
        }
    )
    paragraph_s: float = field(default=0.6, validator=[ge(0), le(10)])
    word_s: float = field(default=0.0, validator=[ge(0), le(10)])
    trim: bool = True


@frozen
class StreamingSettings:
    """`[streaming]`: how soon a streamed answer begins to sound.

    Attributes:
        cut: whether the first segments are cut short: `auto` where the engine is slow enough for that to
            be heard, `always` or `never`. Answers that are made as a whole are not cut.
        first_phonemes: about how many phoneme symbols the first segment has then.
        growth: how much longer each following segment may be; less where the engine is slow, so that
            playback does not run dry.
    """

    cut: Literal["auto", "always", "never"] = field(
        default="auto", validator=in_(("auto", "always", "never"))
    )
    first_phonemes: int = field(default=12, validator=[ge(5), le(200)])
    growth: float = field(default=2.0, validator=[ge(1), le(4)])


@frozen
class EngineSettings:
    """`[engine]`: who speaks.

    Attributes:
        default: an engine's name, or `auto`: the first of `auto_order` that can speak here.
        auto_order: the engines that `auto` tries.
        models: names that clients may send as `model`, each an engine's name or `default`.
        unload_after_s: after how long without work an engine's model leaves the memory; the next segment that
            is not cached loads it again. 0 for never.
    """

    default: str = "auto"
    auto_order: tuple[str, ...] = ("kokoro", "espeak")
    models: Mapping[str, str] = field(
        factory=lambda: {
            "kokoro": "default",
            "tts-1": "default",
            "tts-1-hd": "default",
            "gpt-4o-mini-tts": "default",
        }
    )
    unload_after_s: float = field(default=0.0, validator=[ge(0), le(604_800)])


@frozen
class InferenceSettings:
    """`[inference]`: what ONNX Runtime runs on.

    Attributes:
        providers: execution providers in order of preference.
        threads: threads that one inference may use; 0 for all cores, which those at the same time share.
        concurrency: inferences at the same time; 0 for one for each core up to four, for each two cores from
            eight on, and for 1 where the first provider is not the cpu.
    """

    providers: tuple[str, ...] = ("cpu",)
    threads: int = field(default=0, validator=[ge(0), le(256)])
    concurrency: int = field(default=0, validator=[ge(0), le(64)])


@frozen
class VoicesSettings:
    """`[voices]`: the default voice and other names for voices or mixes.

    Attributes:
        default: the voice, alias or mix of requests that name none; empty for the engine's own.
        aliases: names that clients may send as `voice`, each a voice, an alias or a mix.
        mixes: saved mixes by name, such as `narrator = "af_bella(2)+af_sky(1)"`.
    """

    default: str = ""
    aliases: Mapping[str, str] = field(factory=dict)
    mixes: Mapping[str, str] = field(factory=dict)


@frozen
class LimitsSettings:
    """`[limits]`: how much is taken in at once.

    Attributes:
        max_characters: the longest text of one request.
        max_body_bytes: the largest body of one request.
        body_timeout_s: how long a request's body may take to come.
        max_concurrent: requests that are worked on at the same time.
        max_queued: requests that wait behind them.
        max_stalled: requests that are not counted as worked on, as their clients have taken nothing of
            their answers for a second.
        queue_timeout_s: how long one waits before it is refused with 503. Streams of engines that are not
            very fast wait only while places change hands.
        max_load: how much of the inference threads streams that are being played may need; one more is
            refused with 503.
        max_sessions: streaming WebSockets that are open at the same time, idle ones among them.
    """

    max_characters: int = field(default=200_000, validator=[ge(1), le(10_000_000)])
    max_body_bytes: int = field(default=16_000_000, validator=[ge(1_000), le(100_000_000)])
    body_timeout_s: float = field(default=60.0, validator=[gt(0), le(3600)])
    max_concurrent: int = field(default=16, validator=[ge(1), le(10_000)])
    max_queued: int = field(default=64, validator=[ge(0), le(100_000)])
    max_stalled: int = field(default=64, validator=[ge(0), le(100_000)])
    queue_timeout_s: float = field(default=10.0, validator=[gt(0), le(3600)])
    max_load: float = field(default=0.8, validator=[gt(0), le(100)])
    max_sessions: int = field(default=256, validator=[ge(0), le(100_000)])


@frozen
class CacheSettings:
    """`[cache]`: what has been spoken once. In effect where an enabled plugin registers cache backends.

    Attributes:
        tiers: where the audio of segments is kept, fastest first; of the default, those present.
        storage: how it is kept: `int16`, `flac` (the same 16 bits in about half the bytes, for more
            processor time) or `float32` (as the engine made it, in twice the bytes).
        timeout_s: how long a tier may keep one request waiting.
        max_failures: after how many failures in a row a tier is left alone.
        retry_after_s: for how long.
        lease_s: how long a process may take to make a segment that others, which share a tier with it, wait
            for.
        unmarked: whether tiers that keep their values outside the process may hold audio without the
            watermark that answers get.
        answers_bytes: bytes of whole answers that are kept in memory; 0 keeps none.
        answer_bytes: the largest of these answers.
    """

    tiers: tuple[str, ...] = ("memory",)
    storage: Literal["int16", "flac", "float32"] = field(
        default="int16", validator=in_(("int16", "flac", "float32"))
    )
    timeout_s: float = field(default=0.25, validator=[gt(0), le(60)])
    max_failures: int = field(default=3, validator=[ge(1), le(1000)])
    retry_after_s: float = field(default=5.0, validator=[gt(0), le(3600)])
    lease_s: float = field(default=5.0, validator=[gt(0), le(3600)])
    unmarked: bool = False
    answers_bytes: int = field(default=32_000_000, validator=[ge(0), le(1_000_000_000_000)])
    answer_bytes: int = field(default=2_000_000, validator=[ge(1), le(1_000_000_000)])


@frozen
class ServerSettings:
    """`[server]`: the sockets and processes of `koe serve`.

    Attributes:
        host: address to listen on.
        port: TCP port; 0 takes a free one.
        workers: server processes that share the port, each with its own engine.
        drain_timeout_s: how long running requests may go on after SIGTERM.
        certfile: PEM certificate chain; with `keyfile`, the server speaks TLS.
        keyfile: PEM private key, without a password.
        client_ca: PEM certificates; where set, clients must show a certificate that one of them signed.
        ciphers: what TLS 1.2 may use, in OpenSSL's notation.
        trusted_proxies: addresses and networks of proxies, such as `10.0.0.0/8`, that are believed when they
            say who called them.
        forwarded_header: the header in which they say it, and which all of them must write.
        header_timeout_s: how long a request's headers may take to come.
        keep_alive_timeout_s: how long a connection may stay open without a request.
        stall_timeout_s: how long a client may take nothing of an answer before it is broken off.
        crowded_stall_timeout_s: the same while clients that take nothing keep others out: more than
            `limits.max_stalled` do, and all of `limits.max_concurrent` are taken.
        max_connections: connections of one process at a time. One more takes the place of the one that has
            been without a complete request for longest; where all have one, it is refused with 503.
        max_header_bytes: the largest headers of an HTTP/1.1 request, all together.
        h2_max_header_bytes: the same of HTTP/2.
        h2_max_concurrent_streams: requests at a time on one HTTP/2 connection.
    """

    host: str = "127.0.0.1"
    port: int = field(default=8354, validator=[ge(0), le(65535)])
    workers: int = field(default=1, validator=[ge(1), le(64)])
    drain_timeout_s: float = field(default=30.0, validator=[gt(0), le(3600)])
    certfile: str = ""
    keyfile: str = ""
    client_ca: str = ""
    ciphers: str = "ECDHE+AESGCM:ECDHE+CHACHA20"
    trusted_proxies: tuple[str, ...] = field(default=(), validator=_networks)
    forwarded_header: Literal["x-forwarded-for", "forwarded"] = field(
        default="x-forwarded-for", validator=in_(("x-forwarded-for", "forwarded"))
    )
    header_timeout_s: float = field(default=10.0, validator=[gt(0), le(3600)])
    keep_alive_timeout_s: float = field(default=75.0, validator=[gt(0), le(3600)])
    stall_timeout_s: float = field(default=60.0, validator=[gt(0), le(3600)])
    crowded_stall_timeout_s: float = field(default=5.0, validator=[gt(0), le(3600)])
    max_connections: int = field(default=1000, validator=[ge(1), le(100_000)])
    max_header_bytes: int = field(default=16_384, validator=[ge(1024), le(1_048_576)])
    h2_max_header_bytes: int = field(default=65_536, validator=[ge(1024), le(1_048_576)])
    h2_max_concurrent_streams: int = field(default=100, validator=[ge(1), le(500)])


@frozen
class HttpSettings:
    """`[http]`: what requests that leave a field out get.

    Attributes:
        response_format: the default `response_format`.
        docs: whether `/docs` and `/openapi.json` are served.
        stream_idle_timeout_s: after how long without text a streaming WebSocket's utterance is complete, as
            if it had been flushed.
        stream_session_timeout_s: how long a streaming WebSocket may be silent before it is closed.
        stream_stall_timeout_s: how long its client may take no audio before the connection is broken.
    """

    response_format: str = "mp3"
    docs: bool = True
    stream_idle_timeout_s: float = field(default=20.0, validator=[gt(0), le(3600)])
    stream_session_timeout_s: float = field(default=300.0, validator=[gt(0), le(86_400)])
    stream_stall_timeout_s: float = field(default=60.0, validator=[gt(0), le(3600)])


@frozen
class LogSettings:
    """`[log]`: what is written to standard error.

    Attributes:
        level: the least severe events that are written.
        format: `console` for people, `json` for machines, one object a line.
        texts: whether texts of requests may be written: what is spoken, and messages that may quote it.
    """

    level: Literal["debug", "info", "warning", "error"] = field(
        default="info", validator=in_(("debug", "info", "warning", "error"))
    )
    format: Literal["console", "json"] = field(default="console", validator=in_(("console", "json")))
    texts: bool = False


@frozen
class Settings:
    """The whole configuration of one deployment."""

    plugins: PluginsSettings = PluginsSettings()
    pipeline: PipelineSettings = PipelineSettings()
    lexicon: LexiconSettings = LexiconSettings()
    pauses: PausesSettings = PausesSettings()
    streaming: StreamingSettings = StreamingSettings()
    engine: EngineSettings = EngineSettings()
    inference: InferenceSettings = InferenceSettings()
    voices: VoicesSettings = VoicesSettings()
    limits: LimitsSettings = LimitsSettings()
    cache: CacheSettings = CacheSettings()
    server: ServerSettings = ServerSettings()
    http: HttpSettings = HttpSettings()
    log: LogSettings = LogSettings()
