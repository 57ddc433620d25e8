"""PyTorch's process answers several threads, and is missed where it ends. Here it is a stand-in."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.torch_speaker import torch_speaker

BACKWARDS = """
import json
print("ready", flush=True)
asked = [json.loads(input()), json.loads(input())]
for one in reversed(asked):
    print(json.dumps({"number": one["number"], "samples": len(one["sentences"])}), flush=True)
"""


@pytest.fixture
def child(tmp_path):
    def speaking(script):
        python = tmp_path / "python"
        python.write_text(f"#!{sys.executable}\n{script}", encoding="utf-8")
        python.chmod(0o755)
        return torch_speaker(str(python), "weights.pth", "voices.bin", "af_heart")

    return speaking


def test_answers_go_to_the_threads_that_asked(child):
    with child(BACKWARDS) as speaker, ThreadPoolExecutor() as pool:
        assert list(pool.map(speaker.speak, (["one"], ["one", "two"]))) == [1, 2]


def test_a_process_that_ends_is_told(child):
    with child("print('ready', flush=True); input()") as speaker:
        with pytest.raises(SystemExit, match="the process with PyTorch has ended"):
            speaker.speak(["one"])


def test_a_python_without_torch_is_told(child):
    with pytest.raises(SystemExit, match="could not load weights.pth; it needs torch and kokoro"):
        with child("print('no torch', flush=True); input()"):
            pass
