"""What time it is."""

from datetime import UTC, date, datetime


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    """The day by which policies apply, in this machine's time zone."""
    return datetime.now().astimezone().date()


def utc(moment: datetime) -> datetime:
    """The moment with its zone, which was UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
