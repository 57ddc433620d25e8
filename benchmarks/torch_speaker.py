"""PyTorch's `KModel` in a process of its own, whose Python may be another one."""

import json
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from attrs import define, field

CHILD = Path(__file__).with_name("torch_child.py")


@define(eq=False)
class TorchSpeaker:
    """Speaks phonemes. May be called from several threads, which then run at the same time."""

    process: "subprocess.Popen[str]"
    _numbers: int = field(default=0, init=False)
    _answers: dict[int, int] = field(factory=dict, init=False)
    _changed: threading.Condition = field(factory=threading.Condition, init=False)

    def speak(self, sentences: Sequence[str]) -> int:
        """Speak one after the other; the samples that were made."""
        with self._changed:
            self._numbers += 1
            number = self._numbers
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps({"number": number, "sentences": sentences}) + "\n")
            self.process.stdin.flush()
            self._changed.wait_for(lambda: number in self._answers or self.process.poll() is not None)
            if number not in self._answers:
                raise SystemExit("the process with PyTorch has ended")
            return self._answers.pop(number)

    def listen(self) -> None:
        """Take in what the process answers, until it ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            answer = json.loads(line)
            with self._changed:
                self._answers[answer["number"]] = answer["samples"]
                self._changed.notify_all()
        self.process.wait()
        with self._changed:
            self._changed.notify_all()


@contextmanager
def torch_speaker(python: str, weights: str, voices: str, voice: str) -> Iterator[TorchSpeaker]:
    """It, loaded. `python` has `torch` and `kokoro`; `weights` are those of PyTorch."""
    config = files("kokoro_onnx") / "config.json"
    command = [python, str(CHILD), weights, voices, voice, str(config)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    speaker = TorchSpeaker(process)
    assert process.stdout is not None
    assert process.stdin is not None
    if process.stdout.readline() != "ready\n":
        process.kill()
        process.communicate()
        raise SystemExit(f"{python} could not load {weights}; it needs torch and kokoro")
    listener = threading.Thread(target=speaker.listen)
    listener.start()
    try:
        yield speaker
    finally:
        process.stdin.close()
        listener.join()
        process.stdout.close()
