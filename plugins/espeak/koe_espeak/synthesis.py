"""What espeak-ng spoke, as koe goes on with it."""

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from koe_espeak.recorder import Recording, SpokenClause


@frozen
class Synthesis:
    """One utterance: 16-bit samples and its clauses, those without words left out."""

    samples: NDArray[np.int16] = field(eq=False, repr=False)
    clauses: tuple[SpokenClause, ...]

    @classmethod
    def of(cls, recording: Recording) -> "Synthesis":
        return cls(np.frombuffer(recording.audio, dtype=np.int16), recording.clauses)
