"""Keeping: the verbs that save parameters to files and load them, and what is known of what was loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self

from ...patterns import Pattern
from ...views.progress import Progress
from ..garbage import no_garbage
from ..selection import Selection
from .loaded import LoadReport
from .renaming import Rename
from .untouched import untouched_rows

__all__ = ["Keeping"]


class Keeping(Selection):
    """A selection that is saved and loaded."""

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        format: str | None = None,
        ties: str = "aliases",
        max_shard_size: int | str | None = None,
        metadata: Mapping[str, str | None] | None = None,
        progress: bool | Progress | None = None,
        like: Any = None,
    ) -> None:
        """Write the parameters to a file: beside, synced, renamed, so that it is whole or not there.

        All parameters of a model are saved with its persistent buffers, so that `load_state_dict` takes the
        file; a selection is saved as it is. A tied parameter is stored once, under its first name. Values are
        kept to the bit, whatever their dtype, and no more than one array is copied at a time.

        Parameters that are sharded over processes are gathered one by one: all of those processes have to
        call this, and the first of them writes the file.

        Args:
            path: its suffix tells the format: `.safetensors`, `.pt` (`.pth`, `.bin`, `.ckpt`), `.npz`,
                MXNet's `.params`, Keras's `.weights.h5` and `.keras`. A folder gets shards. What is there
                is replaced.
            format: the format's name, where the suffix should not tell it (`glueball.checkpoints.writing`).
            ties: "aliases" stores a tied parameter once, with its other names in the metadata, as
                `safetensors.torch.save_model` does; "copies" stores it under each of its names, for what
                reads no metadata. Formats that cannot tie get copies.
            max_shard_size: in bytes, or as text such as "5GB": then `path` is a folder, which gets shards of
                safetensors and their index.
            metadata: text by text, for the file to say of itself; of an opened file those that it has are
                kept, and None takes one away.
            progress: True for a bar, False for none; None shows one on a terminal where there is much to
                write. Or a function that is called with (bytes done, bytes in all, name).
            like: for Keras's formats, which keep no layer names: a file of the same model.

        Raises:
            DeferredError: a parameter has no values yet.
            DTypeError, FileFormatError: the format cannot hold an array, a name or metadata.
            OSError: the system cannot write it. Whatever is raised, the old file is still there.

        >>> import glueball as gb
        >>> from torch import nn
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     gb.collect_params(nn.Linear(4, 8)).save(f"{folder}/net.safetensors")
        ...     gb.open(f"{folder}/net.safetensors").names()
        ['weight', 'bias']
        """
        from . import saving  # with the formats

        saving.save(
            self,
            path,
            format=format,
            ties=ties,
            max_shard_size=max_shard_size,
            metadata=metadata,
            progress=progress,
            like=like,
        )

    def load(
        self,
        source: Any,
        *,
        include: Pattern | None = None,
        exclude: Pattern | None = None,
        rename: Rename | None = None,
        missing: Any = "error",
        unexpected: Any = "error",
        mismatch: Any = "error",
        dtype: str = "model",
        seed: int | None = None,
        device: Any = None,
        progress: bool | Progress | None = None,
    ) -> LoadReport:
        r"""Read a file's arrays into these parameters, in place: all of it, or nothing where it does not fit.

        Of a whole model its persistent buffers are loaded too; of a selection what is selected. Names, shapes
        and dtypes are checked, and every mistake found, before anything is changed. Then arrays are read
        one at a time. Parameters without values (lazy layers, the meta device, Gluon's that wait for their
        shapes) take their shapes from the file.

        A prefix that wrappers and trainers put before all names (`module.`, `_orig_mod.`, `state_dict.`) is
        understood where no name fits without it, and with it all do; with `rename` names are taken as they
        are. Where many do not fit, the error has rules for `rename`, if structure leaves no doubt of them.

        A tied parameter is in the file once, by any of its names, or with the same values by several.

        Args:
            source: a path, an opened file (`gb.open`), the parameters of another model, or that model.
            include: load only what this pattern takes.
            exclude: and not what this one takes.
            rename: {pattern: replacement}, from names in the file to names in the model, one rule after the
                other; a pattern takes a whole name or the path of a layer. Or a function of the name.
            missing: what to do with parameters that the file has not: "error", "keep", or an initializer, as
                in `initialize`; or {pattern: one of these}, and "error" for the rest.
            unexpected: what to do with names that the model has not: "error", or "ignore"; or {pattern: …}.
            mismatch: what to do with other shapes: "error", "keep", "slice" (take the beginning of a larger
                array), "pad" (fill the beginning with a smaller one, and keep the rest), or an
                initializer; or {pattern: …}.
            dtype: "model" converts the file's values to the model's dtypes, within their kinds, as
                `set_data` does; "file" casts the model's floating parameters to the file's dtypes.
            seed: for initializers; a fresh one is in the report.
            device: where parameters on the meta device get memory; the host's, if not given.
            progress: as in `save`.

        Returns:
            What was loaded, kept and initialised, name by name; prints as a table.

        Raises:
            LoadError: names, shapes, dtypes or ties that do not fit, all in one message. Nothing was changed.
            FileFormatError, OSError: a file that cannot be read.

        >>> import glueball as gb
        >>> from torch import nn
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     gb.collect_params(nn.Sequential(nn.Linear(4, 8))).save(f"{folder}/net.safetensors")
        ...     net = nn.ModuleDict({"encoder": nn.Linear(4, 8), "head": nn.Linear(8, 2)})
        ...     report = gb.collect_params(net).load(
        ...         f"{folder}/net.safetensors", rename={"0": "encoder"}, missing={"head": "default"}, seed=0
        ...     )
        >>> report.loaded
        {'encoder.weight': '0.weight', 'encoder.bias': '0.bias'}
        >>> report.initialised
        ('head.weight', 'head.bias')
        """
        from .judging import plan_load

        with no_garbage():
            load = plan_load(
                self,
                source,
                include=include,
                exclude=exclude,
                rename=rename,
                missing=missing,
                unexpected=unexpected,
                mismatch=mismatch,
                dtype=dtype,
                seed=seed,
                device=device,
            )
            load.apply(progress)
        return load.report

    def untouched(self) -> Self:
        """The parameters that still have their constructor's values, as far as that can be known.

        Not among them is what a rule initialised, what was loaded, what `set_data` or `apply` wrote, and what
        changed since glueball first looked: a load looks at everything that it leaves alone, and asking here
        looks too. What was changed by others before that cannot be told from what the constructor made, so
        ask once before training, or load first. Of large arrays 65,536 elements are compared, spread evenly.
        Parameters without values are among them.

        >>> import glueball as gb
        >>> from torch import nn
        >>> params = gb.collect_params(nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 1)))
        >>> plan = params.select("0").initialize(seed=0)
        >>> params.untouched().names()
        ['1.weight', '1.bias']
        """
        names = {self._tree.names[row] for row in untouched_rows(self._tree, self._rows)}
        before = self._choose
        return self._view(lambda at: [row for row in before(at) if at.tree.names[row] in names], self._base)

    @property
    def metadata(self) -> dict[str, str]:
        """What an opened file says of itself, text by text; of a model nothing."""
        return dict(self.root.metadata) if self._stored else {}
