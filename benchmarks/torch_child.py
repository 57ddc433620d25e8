"""The other end of `benchmarks.torch_speaker`: needs torch, kokoro and numpy, and nothing of koe.

    python torch_child.py WEIGHTS VOICES VOICE CONFIG

Writes `ready`, then for every line of JSON with `number` and `sentences` (phonemes) one with `number` and
`samples`. Requests are worked on at the same time.
"""

import importlib
import importlib.util
import json
import sys
import threading
import types

import numpy as np


def model_class():
    """`KModel` without `kokoro/__init__.py`, which brings the text stages with all their dependencies."""
    spec = importlib.util.find_spec("kokoro")
    if spec is None:
        raise SystemExit("this Python has no kokoro")
    package = types.ModuleType("kokoro")
    package.__path__ = list(spec.submodule_search_locations or ())
    sys.modules["kokoro"] = package
    return importlib.import_module("kokoro.model").KModel


def main(weights, voices, voice, config):
    torch = importlib.import_module("torch")
    importlib.import_module("loguru").logger.remove()  # kokoro writes every text there
    model = model_class()(repo_id="hexgrad/Kokoro-82M", config=config, model=weights).eval()
    with np.load(voices) as archive:
        table = torch.from_numpy(archive[voice].reshape(-1, 256))
    writing = threading.Lock()

    def speak(number, sentences):
        samples = 0
        with torch.no_grad():
            for phonemes in sentences:
                known = [symbol for symbol in phonemes if symbol in model.vocab]
                samples += model("".join(known), table[len(known) - 1 : len(known)], 1.0).numel()
        with writing:
            print(json.dumps({"number": number, "samples": samples}), flush=True)

    print("ready", flush=True)
    for line in sys.stdin:
        threading.Thread(target=speak, kwargs=json.loads(line)).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
