"""The operator's log: one line for each fact, named in the past tense, safe to print and to keep.

Only the command line calls `configure`; a host that embeds duban keeps its own structlog.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from datetime import date
from typing import Any, TextIO

import structlog

from duban.adapters.printable import one_line, paragraphs
from duban.adapters.secrets import MASK, masked, names_a_secret

LEVELS = ("debug", "info", "warning", "error")
_DEEPEST = 8


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """Return the log; it takes on what is configured when it is first written to."""
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger("duban")
    return log


def configure(level: str = "info", json: bool = True, *, stream: TextIO | None = None) -> None:
    """Write the log to *stream* (standard error): JSON lines, or plain columns for a person."""
    out = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _exceptions(json=json),
            _clean,
            _renderer(json=json, colors=out.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Borrowed)]:
        root.removeHandler(handler)
    root.addHandler(_Borrowed(logging.WARNING))
    # It says only that a long tick is still running, which the daemon says itself.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def _exceptions(*, json: bool) -> structlog.typing.Processor:
    if not json:
        return structlog.processors.ExceptionRenderer()
    # With locals, a traceback would print the password of the database.
    return structlog.processors.ExceptionRenderer(
        structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)
    )


def _renderer(*, json: bool, colors: bool) -> structlog.typing.Processor:
    if json:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=colors, exception_formatter=structlog.dev.plain_traceback
    )


def _clean(
    logger: object, method: str, fields: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Keep control characters out of the line, and secrets out of the log."""
    return {one_line(name): _safe(name, value) for name, value in fields.items()}


def _safe(name: str, value: object, depth: int = 0) -> object:
    if names_a_secret(name):
        return MASK
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return {one_line(str(key)): _safe(str(key), item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)) and depth < _DEEPEST:
        return [_safe("", item, depth + 1) for item in value]
    text = value.isoformat() if isinstance(value, date) else str(value)
    return masked(paragraphs(text) if name == "exception" else one_line(text))


class _Borrowed(logging.Handler):
    """Brings what libraries say through the standard library into the same lines."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            get_logger().log(
                record.levelno,
                "library.spoke",
                library=record.name,
                said=record.getMessage(),
                exc_info=record.exc_info,
            )
        except Exception:
            self.handleError(record)
