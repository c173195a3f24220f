"""Lines of the log: names and texts of others in them end no line, and are seen."""

import logging
import traceback
from typing import Any

from .log_rate import one_per_kind
from .texts import visible, visible_lines


class VisibleLines(logging.Filter):
    """Makes what others wrote visible: patterns, what is wrong with entries, what was raised."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_seen(value) for value in record.args)
        if record.exc_info and not record.exc_text:
            # A formatter takes this for the stack.
            story = "".join(traceback.format_exception(*record.exc_info))
            record.exc_text = visible_lines(story).rstrip("\n")
        return True


def _seen(value: Any) -> Any:
    return visible(str(value)) if isinstance(value, str | BaseException) else value


def guard(name: str) -> None:
    """All that is said by the logger of this name. What is left out need not be made visible."""
    logger = logging.getLogger(name)
    logger.addFilter(one_per_kind)
    logger.addFilter(VisibleLines())
