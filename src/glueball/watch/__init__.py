"""Watching parameters while they are trained: statistics by step, and what goes wrong, by name.

`opening` checks what a user asks for, `session` takes part in training, `watched` knows what is in the
model, `judging` decides what is told, and `log` is the table, with its ways out in `writing`.
`host` reads frameworks that have no fast way of their own, `callbacks` enters other people's loops,
`progress` writes the live line.
"""

from .judging import Finding, WatchWarning
from .log import Log, LogRow
from .opening import watch
from .session import Watch

__all__ = ["Finding", "Log", "LogRow", "Watch", "WatchWarning", "watch"]
