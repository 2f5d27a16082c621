"""The folders of one office's workspace. What stands in them belongs to the modules that write there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workspace:
    """One office's folder: settings, sources and all that is produced from them."""

    root: Path

    @property
    def settings_file(self) -> Path:
        return self.root / "sipas.yml"

    @property
    def sources(self) -> Path:
        return self.root / "sources"

    @property
    def reference(self) -> Path:
        return self.root / "reference"

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def landing(self) -> Path:
        """Immutable Parquet of accepted rows; private zone."""
        return self.root / "landing"

    @property
    def quarantine(self) -> Path:
        """Refused rows with their raw values; private zone."""
        return self.root / "quarantine"

    @property
    def returns(self) -> Path:
        """Refused rows as files for their senders; private zone."""
        return self.root / "returns"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse"

    @property
    def published(self) -> Path:
        return self.root / "published"
