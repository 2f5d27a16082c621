"""What is asked of a time zone when moments are read."""

from __future__ import annotations

import datetime as dt
from functools import cache
from zoneinfo import ZoneInfo


@cache
def fixed_offset(zone: str) -> dt.timedelta | None:
    """Return the zone's offset from UTC when it did not change from 1990 to 2040, else None."""
    info = ZoneInfo(zone)
    seen = {
        dt.datetime(year, month, 1, tzinfo=info).utcoffset() for year in range(1990, 2041) for month in (1, 4, 7, 10)
    }
    return seen.pop() if len(seen) == 1 else None
