"""What `describe` is answered with."""

from importlib.metadata import version

from koe.api import EngineInfo, Server, Voice
from wyoming.info import Attribution, Info, TtsProgram, TtsVoice


def describe(server: Server) -> Info:
    """The default engine's voices as one text-to-speech program, the default voice first."""
    engine = server.engines()[0]
    program = TtsProgram(
        name="koe",
        description=f"koe, speaking with {engine.name}",
        attribution=Attribution("koe", ""),
        installed=True,
        version=version("koe-wyoming"),
        voices=[_voice(voice, engine) for voice in server.voices()],
        supports_synthesize_streaming=True,
    )
    return Info(tts=[program])


def _voice(voice: Voice, engine: EngineInfo) -> TtsVoice:
    details = ", ".join(part for part in (voice.language, voice.gender) if part)
    return TtsVoice(
        name=voice.name,
        description=voice.description or f"{voice.name} ({details})",
        attribution=Attribution(engine.name, ""),
        installed=True,
        version=engine.model or None,
        languages=[voice.language],
    )
