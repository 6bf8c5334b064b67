"""Files that were given as evidence: a folder of their own, in it one for each incident, in that each under its SHA-256."""

from __future__ import annotations

import hashlib
import os
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile


class Shelf:
    """Keeps files as they came; what they were called is in the timeline, never in a path.

    Args:
        folder: where they lie; made when the first one comes, and nobody but its owner may read it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, incident: int, content: bytes) -> str:
        """Store a file, whole or not at all; the same one twice is one. Returns its SHA-256 in hexadecimal. Raises OSError."""
        digest = hashlib.sha256(content).hexdigest()
        folder = self.folder / str(incident)
        for each in (self.folder, folder):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A temporary file has mode 0600 from its first moment on.
        with NamedTemporaryFile(dir=folder, delete=False) as part:
            part.write(content)
            part.flush()
            os.fsync(part.fileno())
        Path(part.name).replace(folder / digest)
        return digest

    def older(self, than: datetime) -> list[tuple[int, str]]:
        """The files that nobody gave since then, by incident and SHA-256, and what a kill left half-written."""
        return [
            (int(path.parent.name), path.name)
            for path in self.folder.glob("*/*")
            if path.parent.name.isdecimal() and path.stat().st_mtime < than.timestamp()
        ]

    def drop(self, incident: int, name: str) -> None:
        """Delete a file; one that is gone is no error."""
        (self.folder / str(incident) / name).unlink(missing_ok=True)
