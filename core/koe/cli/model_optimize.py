"""`koe model optimize`: a faster model beside the one that is there."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from attrs import asdict, define, evolve, field
from cyclopts import Parameter
from rich.console import Console

from koe.cli.model_options import Folder, Json, VariantName, asked
from koe.cli.options import NO_OPTIONS, ConfigOptions
from koe.errors import InvalidRequestError, KoeError
from koe.kokoro.catalog import AUTO, DEFAULT_VARIANT, OPTIMIZED
from koe.kokoro.config import KokoroConfig
from koe.kokoro.files import locate
from koe.kokoro.optimized import SUFFIX, StoredStep, is_optimized, optimized_path

if TYPE_CHECKING:
    from koe.kokoro.optimize.optimizer import Outcome

_STEPS = "rewrite,quantize,serialize"


def optimize(
    file: Annotated[
        str, Parameter(help="A Kokoro model in full precision; without it the configured one.")
    ] = "",
    *,
    out: Annotated[str, Parameter(help="Where to write; without it beside FILE, as *.optimized.onnx.")] = "",
    steps: Annotated[str, Parameter(help="Some of them, with commas.")] = _STEPS,
    seed: Annotated[int, Parameter(help="Of the noise and the choice of voices.")] = 0,
    threads: Annotated[int, Parameter(help="Within one inference; 0: all cores.")] = 0,
    variant: VariantName = "",
    folder: Folder = "",
    as_json: Json = False,
    options: ConfigOptions = NO_OPTIONS,
) -> int:
    """Make a faster model, compare its sound with the original's, and report; exit with 1 if none was made.

    The limits of the comparison are those of [plugins.kokoro.parity].
    """
    optimizer = _optimizer()
    config = _source(asked(options, folder, variant), file)
    files = locate(config)
    wish = optimizer.Optimization(
        files,
        _target(out, files.model),
        config.parity,
        _chosen_steps(steps, optimizer.STEPS),
        seed,
        threads,
    )
    with reporting() as progress:
        outcome = optimizer.optimize(wish, progress)
    sys.stdout.write(_as_json(outcome) if as_json else _as_text(outcome))
    return 0 if outcome.out else 1


def _optimizer() -> Any:
    try:
        from koe.kokoro.optimize import optimizer
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "onnx":
            raise
        raise KoeError(
            "`koe model optimize` needs the package onnx, which is not installed: "
            "`pip install 'koe[optimize]'`. Serving the optimized model does not need it"
        ) from error
    return optimizer


def _source(config: KokoroConfig, file: str) -> KokoroConfig:
    name = DEFAULT_VARIANT if config.variant == AUTO else config.variant
    config = evolve(config, variant=OPTIMIZED.get(name, name))
    return evolve(config, model=file) if file else config


def _target(out: str, model: Path) -> Path:
    target = Path(out).expanduser() if out else optimized_path(model)
    expected = optimized_path(target)
    if target.name != expected.name and not is_optimized(target):
        raise InvalidRequestError(
            f"--out: expected a name that ends with {SUFFIX}, such as {expected.name}, got {target.name!r}",
            param="out",
        )
    if not target.parent.is_dir():
        raise InvalidRequestError(f"--out: the folder {target.parent} does not exist", param="out")
    return target


def _chosen_steps(steps: str, known: tuple[str, ...]) -> tuple[str, ...]:
    chosen = tuple(name.strip() for name in steps.split(",") if name.strip())
    unknown = [name for name in chosen if name not in known]
    if unknown or not chosen:
        raise InvalidRequestError(
            f"--steps: expected some of {', '.join(known)}, got {steps!r}", param="steps"
        )
    return chosen


@contextmanager
def reporting(console: Console | None = None) -> Iterator["Lines"]:
    """A line on stderr for every piece of work; on a terminal, a spinner beside the last."""
    console = console or Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    lines = Lines(console)
    if not console.is_terminal:
        yield lines
        return
    with console.status("") as lines.status:
        yield lines


@define
class Lines:
    """Says what begins, with the seconds since the start."""

    console: Console
    status: Any = None
    _start: float = field(factory=time.monotonic)

    def begin(self, what: str) -> None:
        self.console.print(f"[{time.monotonic() - self._start:5.1f} s] {what}")
        if self.status is not None:
            self.status.update(what)


def _as_json(outcome: "Outcome") -> str:
    report = asdict(
        outcome, value_serializer=lambda _, __, value: str(value) if isinstance(value, Path) else value
    )
    return json.dumps(report, indent=2) + "\n"


def _as_text(outcome: "Outcome") -> str:
    lines = [line for step in outcome.steps for line in _step_lines(step)]
    lines.append(
        f"{'own noise':<10} log_spectral_db {outcome.own_variation_db:.2f}: the original against itself"
    )
    if outcome.out is None:
        lines.append("No step was accepted; nothing was written.")
    else:
        before, after = outcome.before_rtf, outcome.after_rtf
        rest = f"was {before:.3f} (x {after / before:.2f})"
        lines += [
            f"{'speed':<10} {after:.3f} s of one core for a second of audio, {rest}",
            f"{'size':<10} {outcome.after_bytes / 1e6:.0f} MB, was {outcome.before_bytes / 1e6:.0f} MB",
            str(outcome.out),
        ]
    return "\n".join(lines) + "\n"


def _step_lines(step: StoredStep) -> Iterator[str]:
    yield f"{step.name:<10} {'accepted' if step.accepted else 'refused'}: {step.detail}"
    if step.changed:
        yield f"{'':<10} worst: {', '.join(f'{key} {value:g}' for key, value in step.changed.items())}"
