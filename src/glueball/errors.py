"""Every error that glueball raises on purpose.

Each is a `GlueballError` and also the built-in that a caller would expect from the same mistake, so
`except KeyError` and `except gb.GlueballError` both work. A message says what was asked, what there
is, and what to write instead; whatever raised it left the model as it was.
"""

from __future__ import annotations

__all__ = [
    "DTypeError",
    "DeferredError",
    "FileFormatError",
    "GlueballError",
    "InitializerError",
    "LoadError",
    "MeasureError",
    "MissingExtraError",
    "NameNotFoundError",
    "NothingSelectedError",
    "OptimizerError",
    "PatternError",
    "ReadOnlyError",
    "ShapeError",
    "StaleError",
    "TieError",
    "TransferError",
    "UnknownModelError",
    "WatchError",
    "WatchSettingError",
]


class GlueballError(Exception):
    """The family: catch this for any mistake that glueball reports."""

    def __str__(self) -> str:
        # KeyError would print the repr of its message; a message of several lines must stay readable.
        return str(self.args[0]) if self.args else ""


class NameNotFoundError(GlueballError, KeyError):
    """No parameter, layer or slot has this name."""


class NothingSelectedError(GlueballError, LookupError):
    """A pattern or a rule takes no parameter."""


class PatternError(GlueballError, ValueError):
    """A pattern cannot be read: a broken regular expression, or an object that is no pattern."""


class ShapeError(GlueballError, ValueError):
    """A value has another shape than the parameter."""


class DTypeError(GlueballError, TypeError):
    """A value's dtype cannot become the parameter's without changing its kind."""


class InitializerError(GlueballError, ValueError):
    """An initializer, its arguments, a seed or a rule is wrong."""


class TieError(GlueballError, ValueError):
    """Two parameters cannot be tied, or one cannot be untied."""


class DeferredError(GlueballError, RuntimeError):
    """The parameter has no values yet: its shape is unknown, or it lies on the meta device."""


class FileFormatError(GlueballError, ValueError):
    """A file is damaged or of another format, or its format cannot hold what should be saved."""


class LoadError(GlueballError, RuntimeError):
    """A file and a model do not fit; the message has every name that does not, `report` the rows."""

    report: object = None


class ReadOnlyError(GlueballError, ValueError):
    """The parameter lies in a file that was opened, and files are not edited in place."""


class MeasureError(GlueballError, ValueError):
    """A statistic, a column or a quantile that does not exist, or things that cannot be compared."""


class StaleError(GlueballError, RuntimeError):
    """The model has changed since its parameters were collected."""


class OptimizerError(GlueballError, ValueError):
    """Rules for an optimizer do not give each parameter exactly one group."""


class TransferError(GlueballError, ValueError):
    """Not every parameter of one model has its place in the other."""


class UnknownModelError(GlueballError, TypeError):
    """No adapter knows this kind of model."""


class MissingExtraError(GlueballError, ImportError):
    """An optional dependency is not installed; the message is the command that installs it."""


class WatchError(GlueballError, RuntimeError):
    """A watch found something, with `on="raise"`; or it was used while it did not run, or twice at once."""


class WatchSettingError(WatchError, ValueError):
    """A setting of a watch has no meaning."""
