"""`koe watermark embed`: marks a file that exists."""

import sys
from collections.abc import Sequence
from pathlib import Path

from cyclopts import App

from koe_watermark.media_embed import embed_file
from koe_watermark.schemes import Scheme


def add_embed_command(app: App, schemes: Sequence[Scheme]) -> None:
    """Give `app` the command `embed`, which marks with `schemes`."""

    @app.command
    def embed(source: Path, target: Path, /, *, force: bool = False, bitrate: int | None = None) -> int:
        """Mark an audio file.

        The mark goes on every channel, at the file's own sample rate. The target's ending chooses its
        format: wav, flac, mp3, ogg, opus, m4a or aac.

        Args:
            source: the file to mark; any audio that FFmpeg reads.
            target: the marked file.
            force: replace the target if it is there.
            bitrate: of the target in bit/s, where its format is a lossy one.
        """
        done = embed_file(source, target, schemes, force=force, bitrate=bitrate)
        sys.stdout.write(f"{done}\n")
        return 0
