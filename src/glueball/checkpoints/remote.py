"""Files that lie elsewhere, `https://…` or `s3://…`, read by the ranges that are asked for (extra `remote`).

fsspec knows the kinds of places. Nothing is kept on the disk; what was read is not kept in memory either, but
for what a reader asks for ahead. A server that sends no ranges is read as a whole if the file is small.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, overload
from urllib.parse import quote, urlsplit, urlunsplit

from glueball.errors import FileFormatError, MissingExtraError

__all__ = ["Remote", "at", "beside", "is_remote", "kept", "listed"]

_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)  # two letters at least: C:// is a drive
_WHOLE = 1 << 26  # bytes of a file that may be fetched as a whole where nothing else will do
_FIRST = 512  # bytes that are fetched first: they tell the format
_MOST_AHEAD = 1 << 26  # bytes that are kept when asked for ahead


class Remote:
    """A remote file's bytes, indexed, sliced and searched as mapped ones are.

    Args:
        url: where it lies.

    Attributes:
        url: as given.

    Raises:
        MissingExtraError: fsspec, or what it needs for this kind of place, is not installed.
        FileFormatError: no kind of place has this scheme; or the server sends no ranges of a large file.
        OSError: it is not there, or cannot be reached.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._system, self._path = _place(url)
        self._ahead: dict[int, bytes] = {}
        self._starts: list[int] = []
        try:
            size = self._system.info(self._path).get("size")
        except Exception as error:
            raise _unreachable(url, error) from None
        if size is None:
            raise FileFormatError(f"{url}: the server does not say how large the file is; download it first")
        self._size = int(size)
        self._keep({0: self._first()})

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, key: int) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> bytes: ...
    def __getitem__(self, key: int | slice) -> int | bytes:
        if isinstance(key, slice):
            begin, end, _ = key.indices(self._size)
            return self.fetch(begin, end)
        return self.fetch(range(self._size)[key], range(self._size)[key] + 1)[0]

    def find(self, what: bytes, begin: int = 0, end: int | None = None) -> int:
        """Where bytes are found first, or -1; it takes the whole range."""
        end = self._size if end is None else end
        found = self.fetch(begin, end).find(what)
        return found if found < 0 else begin + found

    def fetch(self, begin: int, end: int) -> bytes:
        """Bytes from `begin` to `end`; those that are known already are not asked for again."""
        if end <= begin:
            return b""
        start = self._starts[bisect_right(self._starts, begin) - 1]
        head = self._ahead[start][begin - start : end - start]
        if len(head) == end - begin:
            return head
        return head + self.fetch_all([(begin + len(head), end)])[0]

    def fetch_all(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Several ranges at once."""
        try:
            begins, ends = [begin for begin, _ in ranges], [end for _, end in ranges]
            if len(ranges) == 1:
                found = [self._system.cat_file(self._path, start=begins[0], end=ends[0])]
            else:
                found = self._system.cat_ranges([self._path] * len(ranges), begins, ends, on_error="raise")
        except Exception as error:
            raise _unreachable(self.url, error) from None
        for (begin, end), data in zip(ranges, found, strict=True):
            if len(data) != end - begin:
                raise OSError(
                    f"{self.url}: {end - begin} bytes from {begin} were asked for, {len(data)} came"
                )
        return list(map(bytes, found))

    def ahead(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Fetch ranges that will be asked for one by one, and keep them, as far as they are small."""
        size = sum(end - begin for begin, end in ranges)
        if size <= _MOST_AHEAD and len(self._ahead[0]) < self._size:
            wanted = sorted({begin: end for begin, end in ranges if end > begin}.items())
            self._keep(dict(zip([begin for begin, _ in wanted], self.fetch_all(wanted), strict=True)))

    def whole(self, why: str) -> bytes:
        """All of it, for what cannot be read in parts.

        Raises:
            FileFormatError: it is too large for that.
        """
        if self._size > _WHOLE:
            raise FileFormatError(
                f"{self.url}: {why}, and {self._size} bytes are too many to fetch unasked; download it"
            )
        return self.fetch(0, self._size)

    def _keep(self, pieces: dict[int, bytes]) -> None:
        self._ahead |= pieces
        self._starts = sorted(self._ahead)

    def _first(self) -> bytes:
        """The first bytes, by a range: of a server that sends none the whole file, if it is small."""
        end = min(_FIRST, self._size)
        if not self._path.startswith(("http://", "https://")):
            return self.fetch_all([(0, end)])[0] if end else b""
        try:
            # Unlike `cat_file`, this looks whether it is answered by a part before it reads the answer; not
            # so at byte 0, which is fetched by itself.
            options = {"size": self._size, "cache_type": "none", "block_size": _FIRST}
            with self._system.open(self._path, **options) as file:
                file.seek(1)
                rest = bytes(file.read(end - 1)) if end > 1 else b""
            return self.fetch_all([(0, end - len(rest))])[0] + rest if end else b""
        except ValueError:
            pass
        except Exception as error:
            raise _unreachable(self.url, error) from None
        if self._size > _WHOLE:
            raise FileFormatError(
                f"{self.url}: the server does not send parts of a file, and {self._size} bytes are too many"
                " to fetch unasked; download it first"
            )
        try:
            content = bytes(self._system.cat_file(self._path))
        except Exception as error:
            raise _unreachable(self.url, error) from None
        if len(content) != self._size:
            raise OSError(f"{self.url}: the file has {self._size} bytes, and {len(content)} came")
        return content


_kept: ContextVar[Remote | None] = ContextVar("kept", default=None)


def at(url: str) -> Remote:
    """The bytes at a URL; those that are being opened are not asked for again."""
    found = _kept.get()
    return found if found is not None and found.url == url else Remote(url)


@contextmanager
def kept(content: Remote) -> Iterator[None]:
    """While a file is opened, whoever wants its bytes gets these."""
    token = _kept.set(content)
    try:
        yield
    finally:
        _kept.reset(token)


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Whether this is no path of this machine's.

    >>> is_remote("https://host/net.safetensors"), is_remote("net.safetensors"), is_remote("C:/net.pt")
    (True, False, False)
    """
    return isinstance(path, str) and _URL.match(path) is not None


def beside(index: str, name: str) -> str:
    """The path of a file in the folder of another one, here or elsewhere.

    >>> beside("https://host/a/index.json?key=1", "b c.bin"), beside("s3://a/b", "c")
    ('https://host/a/b%20c.bin?key=1', 's3://a/c')
    """
    if not is_remote(index):
        return os.path.join(os.path.dirname(index), name)
    if not index.lower().startswith("http"):
        return index.rpartition("/")[0] + "/" + name
    parts = urlsplit(index)
    return urlunsplit(parts._replace(path=parts.path.rpartition("/")[0] + "/" + quote(name)))


def listed(url: str) -> list[str] | None:
    """The names in a remote folder; None if it is a file, or a place that has no folders."""
    if url.lower().startswith("http"):
        return None
    system, path = _place(url)
    try:
        if not system.isdir(path):
            return None
        return [os.path.basename(name.rstrip("/")) for name in system.ls(path, detail=False)]
    except Exception as error:
        raise _unreachable(url, error) from None


def _place(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ModuleNotFoundError:
        raise MissingExtraError(f"{url} needs fsspec: pip install 'glueball[remote]'") from None
    try:
        system, path = url_to_fs(url)
    except ImportError as error:
        raise MissingExtraError(
            f"{url}: {error} (pip install 'glueball[remote]' brings what https:// needs)"
        ) from None
    except ValueError as error:
        raise FileFormatError(f"{url}: {error}") from None
    return system, str(path)


def _unreachable(url: str, error: Exception) -> Exception:
    """What to raise where the network failed: the system's own errors as they are."""
    if isinstance(error, FileNotFoundError):
        return FileNotFoundError(f"{url} is not there, or cannot be reached")
    if isinstance(error, (OSError, MissingExtraError)):
        return error
    return OSError(f"{url} cannot be read: {type(error).__name__}: {error}")
