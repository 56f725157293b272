"""Zip archives as checkpoints use them: where each member's bytes lie, so that stored ones are mapped."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any, NamedTuple

from glueball.errors import FileFormatError

from .mapping import Content
from .remote import Remote

__all__ = ["Archive", "Member", "opened", "reader"]

_LOCAL = struct.Struct("<4s5H3I2H")  # the header before a member's bytes, as the zip format has it
_MOST_DEFLATED = 1032  # deflate's best: bytes that one byte can stand for
_PIECE = 1 << 20
_AHEAD = 512  # bytes after a remote member's header that are fetched with it
_REMOTE = 1 << 14  # bytes that are fetched at once of a remote file that is read as a file


class Member(NamedTuple):
    """One file of an archive.

    Attributes:
        name: as the archive has it.
        offset: the byte of the archive where its bytes begin.
        stored: how many there are.
        size: how many it has when they are decompressed.
        compressed: whether they are to be.
        crc: the checksum of its bytes when they are decompressed.
    """

    name: str
    offset: int
    stored: int
    size: int
    compressed: bool
    crc: int


class Archive:
    """The members of a zip archive, by name.

    Args:
        content: of the whole archive.
        file: its name, for messages.

    Attributes:
        members: by name, in the archive's order.

    Raises:
        FileFormatError: it is damaged, has a name twice, is encrypted, or members overlap.
    """

    def __init__(self, content: Content, file: str) -> None:
        self._content, self.file = content, file
        try:
            with zipfile.ZipFile(_Reader(content)) as opened:
                found = opened.infolist()
        except (
            zipfile.BadZipFile,
            NotImplementedError,
            OSError,
            ValueError,
            LookupError,
            struct.error,
        ) as error:
            raise FileFormatError(f"{file}: the zip archive's directory is damaged: {error}") from None
        if isinstance(content, Remote):  # the headers of all members, at once
            content.ahead([_around(info, len(content)) for info in found])
        self.members: dict[str, Member] = {}
        for info in found:
            if info.filename.endswith("/"):
                continue
            if self.members.setdefault(info.filename, member := self._member(info)) is not member:
                raise FileFormatError(f"{file}: the archive has {info.filename!r} twice")
        last = None
        for member in sorted(self.members.values(), key=lambda one: (one.offset, one.stored)):
            if last is not None and member.offset < last.offset + last.stored:
                raise self.bad(member, f"its bytes overlap those of {last.name!r}")
            last = member

    def bad(self, member: Member, why: str) -> FileFormatError:
        """The error to raise for a member."""
        return FileFormatError(f"{self.file}, member {member.name!r}, byte {member.offset}: {why}")

    def read(self, name: str, most: int | None = None) -> bytes:
        """The bytes of a member, decompressed; no more than `most` are taken, if given.

        Raises:
            FileFormatError: it is damaged, or has other bytes than it says.
        """
        member = self.members[name]
        wanted = member.size if most is None else min(most, member.size)
        if not member.compressed:
            return self._content[member.offset : member.offset + wanted]
        pieces, left, at = [], wanted, member.offset
        end = member.offset + member.stored
        inflate = zlib.decompressobj(-15)
        try:
            while left and not inflate.eof:
                fed = inflate.unconsumed_tail
                if not fed:
                    fed = self._content[at : min(at + _PIECE, end)]
                    at += len(fed)
                    if not fed:
                        break
                pieces.append(inflate.decompress(fed, left))
                left -= len(pieces[-1])
        except zlib.error as error:
            raise self.bad(member, f"its compressed bytes are damaged: {error}") from None
        if left:
            raise self.bad(member, f"its compressed bytes end {left} bytes early")
        whole = b"".join(pieces)
        if wanted == member.size and zlib.crc32(whole) != member.crc:
            raise self.bad(member, "its compressed bytes do not have the checksum that they should")
        return whole

    def _member(self, info: zipfile.ZipInfo) -> Member:
        at = info.header_offset
        sizes = info.compress_size, info.file_size
        member = Member(info.filename, at, *sizes, bool(info.compress_type), info.CRC)
        if info.flag_bits & 1:
            raise self.bad(member, "it is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self.bad(member, "it is compressed in another way than deflate")
        head = self._content[at : at + _LOCAL.size] if at >= 0 else b""
        if len(head) < _LOCAL.size or head[:4] != b"PK\x03\x04":
            raise self.bad(member, "its header is not there")
        fields = _LOCAL.unpack(head)
        member = member._replace(offset=at + _LOCAL.size + fields[9] + fields[10])
        if member.offset + member.stored > len(self._content):
            raise self.bad(member, f"its {member.stored} bytes are not all in the file")
        if not member.compressed and member.size != member.stored:
            raise self.bad(
                member, f"it is stored in {member.stored} bytes and says that it has {member.size}"
            )
        if member.size > _MOST_DEFLATED * member.stored + 64:
            raise self.bad(member, f"{member.stored} compressed bytes cannot become {member.size}")
        return member


def _around(info: zipfile.ZipInfo, size: int) -> tuple[int, int]:
    """Where a member's header lies and what follows it, in a file of this size."""
    begin = min(max(info.header_offset, 0), size)
    return begin, min(begin + _LOCAL.size + _AHEAD, size)


class _Reader(io.RawIOBase):
    """A file over content that is mapped, for what reads files."""

    def __init__(self, content: Content, begin: int = 0, size: int | None = None) -> None:
        self._content, self._begin, self._at = content, begin, 0
        self._size = len(content) - begin if size is None else size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        at = offset + (0, self._at, self._size)[whence]
        if at < 0:
            raise OSError(f"there is no byte {at}")
        self._at = at
        return at

    def readinto(self, into: Any) -> int:
        view = memoryview(into).cast("B")
        left = max(0, min(len(view), self._size - self._at))
        begin = self._begin + self._at
        view[:left] = self._content[begin : begin + left]
        self._at += left
        return left


def opened(content: Content, member: Member) -> io.BufferedReader:
    """A stored member as a file of its own."""
    return io.BufferedReader(_Reader(content, member.offset, member.stored))


def reader(content: Content) -> io.BufferedReader:
    """Content as a file."""
    return io.BufferedReader(
        _Reader(content), _REMOTE if isinstance(content, Remote) else io.DEFAULT_BUFFER_SIZE
    )
