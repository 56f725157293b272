"""A pickle's instructions, read one after the other into nodes.

The instructions are those of Python's `pickletools`, all of protocols 0 to 5 but the two that take bytes from
elsewhere. The stack holds nodes; nothing is imported, called or compared. What the instructions make is
bounded by their number, and that by the file's size.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from typing import Any

from glueball.errors import FileFormatError

from ..mapping import Content
from .nodes import Dict, Object, Persistent, Symbol

__all__ = ["Pickle"]

_MOST_OBJECTS = 10_000_000  # a large model in training has some hundred thousand
_MOST_DIGITS = 4_000  # of a number that is written out; longer ones take quadratic time
_DICTS = {"collections.OrderedDict", "collections.Counter", "builtins.dict", "__builtin__.dict"}
_LONGEST = 1_000  # letters; names are put together from text that may be kept once
_FLOAT, _I32, _U16 = struct.Struct(">d"), struct.Struct("<i"), struct.Struct("<H")


class Pickle:
    """One pickle in a file's content.

    Args:
        content: of the file.
        at: the byte where the pickle begins.
        end: where it has to end at the latest.
        where: the file, for messages.

    Attributes:
        at: the byte after what has been read.
    """

    def __init__(self, content: Content, at: int, end: int, where: str) -> None:
        self._content, self.at, self._end, self._where = content, at, end, where
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        # An instruction makes one object and takes a byte; what it copies is counted too.
        self._left = self._most = min(_MOST_OBJECTS, 2 * (end - at) + 1000)

    def load(self) -> Any:
        """The node that the pickle describes.

        Raises:
            FileFormatError: it is no pickle, or one that asks for more than a file can.
        """
        content, stack, end = self._content, self._stack, self._end
        while True:
            begin = self.at
            try:
                if begin >= end:
                    raise IndexError
                code = content[begin]
                self.at = begin + 1
                if code == 0x2E:  # STOP
                    return stack.pop()
                _INSTRUCTIONS[code](self)
            except KeyError as error:
                known = content[begin] in _INSTRUCTIONS
                why = (
                    f"the pickle recalls {error} before it was kept"
                    if known
                    else "no instruction of a pickle"
                )
                raise self._bad(why, begin) from None
            except IndexError:
                raise self._bad("the pickle ends early, or takes more than it has", begin) from None
            except (ValueError, struct.error) as error:  # of text, numbers and escapes that are none
                raise self._bad(str(error), begin) from None

    # ---- bytes

    def _bad(self, why: str, at: int) -> FileFormatError:
        return FileFormatError(f"{self._where}, byte {at}: {why}")

    def _take(self, size: int) -> bytes:
        begin = self.at
        if size > self._end - begin:
            raise IndexError
        self.at = begin + size
        return self._content[begin : self.at]

    def _unsigned(self, size: int) -> int:
        return int.from_bytes(self._take(size), "little")

    def _line(self) -> bytes:
        found = self._content.find(b"\n", self.at, self._end)
        if found < 0:
            raise IndexError
        return self._take(found + 1 - self.at)[:-1]

    def _text(self, size: int) -> str:
        return str(self._take(size), "utf-8", "surrogatepass")

    # ---- the stack

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _made(self, value: Any) -> None:
        """Push something that takes more memory than it takes bytes, of which there can be so many."""
        self._left -= 1
        if self._left < 0:
            self._count(0)
        self._stack.append(value)

    def _count(self, many: int = 1) -> None:
        self._left -= many
        if self._left < 0:
            raise ValueError(f"the pickle makes more than {self._most} objects")

    def _since_mark(self) -> list[Any]:
        mark = self._marks.pop()
        found = self._stack[mark:]
        del self._stack[mark:]
        return found

    def _mark(self) -> None:
        self._count()
        self._marks.append(len(self._stack))

    def _keep(self, index: int) -> None:
        self._count()
        self._memo[index] = self._stack[-1]

    def _recall(self, index: int) -> None:
        self._stack.append(self._memo[index])

    # ---- numbers and text as protocols 0 and 1 write them

    def _number_line(self) -> int:
        line = self._line().rstrip(b"L")
        if len(line) > _MOST_DIGITS:
            raise ValueError(f"a number of {len(line)} digits")
        return int(line)

    def _int_line(self) -> None:
        line = self._content[self.at : self.at + 3]
        if line in (b"00\n", b"01\n"):
            self.at += 3
            self._push(line == b"01\n")
        else:
            self._push(self._number_line())

    def _string_line(self) -> None:
        line = self._line()
        if len(line) < 2 or line[0] != line[-1] or line[:1] not in (b"'", b'"'):
            raise ValueError("a string without quotes")
        self._push(_python2(codecs.escape_decode(line[1:-1])[0]))

    def _unicode_line(self) -> None:
        self._push(str(self._line(), "raw-unicode-escape"))

    # ---- containers

    def _append(self, values: list[Any]) -> None:
        into = self._stack[-1]
        if type(into) is Object:
            into.items = into.items or []
            into = into.items
        if type(into) is not list:
            raise ValueError("the pickle appends to what is no list")
        into.extend(values)

    def _set(self, values: list[Any]) -> None:
        into = self._stack[-1]
        if len(values) % 2:
            raise ValueError("the pickle sets a key without a value")
        if type(into) is Object:
            into.pairs = into.pairs or []
            pairs = into.pairs
        elif type(into) is Dict:
            pairs = into.pairs
        else:
            raise ValueError("the pickle sets a key in what is no dict")
        pairs.extend(zip(values[::2], values[1::2], strict=True))

    def _last(self, count: int) -> list[Any]:
        if len(self._stack) < count:
            raise IndexError
        found = self._stack[-count:]
        del self._stack[-count:]
        return found

    def _dict(self) -> None:
        values = self._since_mark()
        self._made(Dict())
        self._set(values)

    # ---- what would be code

    def _named(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            raise ValueError("the pickle names a function by what is no text")
        if len(module) + len(name) > _LONGEST:
            raise ValueError(f"the pickle names a function by {len(module) + len(name)} letters")
        self._push(Symbol(f"{module}.{name}"))

    def _call(self, made_by: Any, args: Any) -> None:
        """Note what would have been called with what; plain dicts are themselves."""
        if type(args) is not tuple:
            raise ValueError("the pickle calls with what are no arguments")
        if type(made_by) is Symbol:
            if made_by in _DICTS and len(args) <= 1:
                pairs = _pairs(args[0]) if args else []
                if pairs is not None:
                    self._count(len(pairs))
                    self._made(Dict(pairs))
                    return
            elif made_by == "collections.defaultdict":
                self._made(Dict())
                return
            elif made_by in ("builtins.bytes", "__builtin__.bytes") and not args:
                self._push(b"")
                return
            elif made_by == "_codecs.encode" and len(args) == 2 and args[1] == "latin1":
                # How protocol 2 writes bytes, which Python 2 had as text.
                if type(args[0]) is not str:
                    raise ValueError("the pickle makes bytes of what is no text")
                self._count(len(args[0]) >> 4)
                self._push(args[0].encode("latin-1"))
                return
        self._made(Object(made_by, args))

    def _call_with_keywords(self) -> None:
        made_by, args, keywords = self._last(3)
        self._call(made_by, args)
        if type(self._stack[-1]) is Object and type(keywords) is Dict:
            self._stack[-1].pairs = keywords.pairs

    def _instance(self, made_by: Any, args: list[Any]) -> None:
        self._call(made_by, tuple(args))

    def _build(self) -> None:
        state = self._stack.pop()
        into = self._stack[-1]
        if not isinstance(into, (Dict, Object)):
            raise ValueError("the pickle gives attributes to what has none")
        into.state = state

    def _leave(self, id: Any) -> None:
        """Push what the pickle leaves to its reader; a class that came with its source is its name."""
        if type(id) is tuple and len(id) >= 2 and id[0] == "module" and type(id[1]) is Symbol:
            self._push(id[1])
        else:
            self._made(Persistent(id))

    def _refuse(self, what: str) -> None:
        raise ValueError(f"the pickle takes {what} from elsewhere, which a file cannot have")


def _python2(text: bytes) -> str:
    """Text as Python 2 wrote it, in whatever encoding."""
    try:
        return str(text, "utf-8")
    except UnicodeDecodeError:
        return str(text, "latin-1")


def _pairs(value: Any) -> list[tuple[Any, Any]] | None:
    """The pairs that a dict would have been made of; None if this is nothing to make one of."""
    if type(value) is Dict:
        return list(value.pairs)
    if type(value) is list and all(type(pair) in (list, tuple) and len(pair) == 2 for pair in value):
        return [(key, item) for key, item in value]
    return None


def _signed(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


_INSTRUCTIONS: dict[int, Callable[[Pickle], Any]] = {
    # nothing to make
    0x80: lambda p: p._take(1),  # PROTO
    0x95: lambda p: p._take(8),  # FRAME
    # the stack and the memo
    ord("("): Pickle._mark,  # MARK
    ord("0"): lambda p: p._stack.pop(),  # POP
    ord("1"): Pickle._since_mark,  # POP_MARK
    ord("2"): lambda p: p._push(p._stack[-1]),  # DUP
    ord("q"): lambda p: p._keep(p._take(1)[0]),  # BINPUT
    ord("r"): lambda p: p._keep(p._unsigned(4)),  # LONG_BINPUT
    ord("p"): lambda p: p._keep(p._number_line()),  # PUT
    0x94: lambda p: p._keep(len(p._memo)),  # MEMOIZE
    ord("h"): lambda p: p._recall(p._take(1)[0]),  # BINGET
    ord("j"): lambda p: p._recall(p._unsigned(4)),  # LONG_BINGET
    ord("g"): lambda p: p._recall(p._number_line()),  # GET
    # numbers
    ord("N"): lambda p: p._push(None),  # NONE
    0x88: lambda p: p._push(True),  # NEWTRUE
    0x89: lambda p: p._push(False),  # NEWFALSE
    ord("K"): lambda p: p._push(p._take(1)[0]),  # BININT1
    ord("M"): lambda p: p._push(_U16.unpack(p._take(2))[0]),  # BININT2
    ord("J"): lambda p: p._push(_I32.unpack(p._take(4))[0]),  # BININT
    0x8A: lambda p: p._push(_signed(p._take(p._take(1)[0]))),  # LONG1
    0x8B: lambda p: p._push(_signed(p._take(p._unsigned(4)))),  # LONG4
    ord("I"): Pickle._int_line,  # INT
    ord("L"): lambda p: p._push(p._number_line()),  # LONG
    ord("G"): lambda p: p._push(_FLOAT.unpack(p._take(8))[0]),  # BINFLOAT
    ord("F"): lambda p: p._push(float(p._line())),  # FLOAT
    # text and bytes
    ord("X"): lambda p: p._push(p._text(p._unsigned(4))),  # BINUNICODE
    0x8C: lambda p: p._push(p._text(p._take(1)[0])),  # SHORT_BINUNICODE
    0x8D: lambda p: p._push(p._text(p._unsigned(8))),  # BINUNICODE8
    ord("V"): Pickle._unicode_line,  # UNICODE
    ord("S"): Pickle._string_line,  # STRING
    ord("T"): lambda p: p._push(_python2(p._take(p._unsigned(4)))),  # BINSTRING
    ord("U"): lambda p: p._push(_python2(p._take(p._take(1)[0]))),  # SHORT_BINSTRING
    ord("B"): lambda p: p._push(p._take(p._unsigned(4))),  # BINBYTES
    ord("C"): lambda p: p._push(p._take(p._take(1)[0])),  # SHORT_BINBYTES
    0x8E: lambda p: p._push(p._take(p._unsigned(8))),  # BINBYTES8
    0x96: lambda p: p._push(p._take(p._unsigned(8))),  # BYTEARRAY8
    # containers
    ord(")"): lambda p: p._push(()),  # EMPTY_TUPLE
    0x85: lambda p: p._made(tuple(p._last(1))),  # TUPLE1
    0x86: lambda p: p._made(tuple(p._last(2))),  # TUPLE2
    0x87: lambda p: p._made(tuple(p._last(3))),  # TUPLE3
    ord("t"): lambda p: p._made(tuple(p._since_mark())),  # TUPLE
    ord("]"): lambda p: p._made([]),  # EMPTY_LIST
    ord("l"): lambda p: p._made(p._since_mark()),  # LIST
    ord("a"): lambda p: p._append([p._stack.pop()]),  # APPEND
    ord("e"): lambda p: p._append(p._since_mark()),  # APPENDS
    ord("}"): lambda p: p._made(Dict()),  # EMPTY_DICT
    ord("d"): Pickle._dict,  # DICT
    ord("s"): lambda p: p._set(p._last(2)),  # SETITEM
    ord("u"): lambda p: p._set(p._since_mark()),  # SETITEMS
    0x8F: lambda p: p._made(Object(Symbol("builtins.set"), ())),  # EMPTY_SET
    0x90: lambda p: p._append(p._since_mark()),  # ADDITEMS
    0x91: lambda p: p._made(Object(Symbol("builtins.frozenset"), (p._since_mark(),))),  # FROZENSET
    # what would be code
    ord("c"): lambda p: p._named(str(p._line(), "utf-8"), str(p._line(), "utf-8")),  # GLOBAL
    0x93: lambda p: p._named(*p._last(2)),  # STACK_GLOBAL
    ord("R"): lambda p: p._call(*p._last(2)),  # REDUCE
    0x81: lambda p: p._call(*p._last(2)),  # NEWOBJ
    0x92: Pickle._call_with_keywords,  # NEWOBJ_EX
    ord("i"): lambda p: p._instance(  # INST
        Symbol(f"{str(p._line(), 'utf-8')}.{str(p._line(), 'utf-8')}"), p._since_mark()
    ),
    ord("o"): lambda p: (lambda values: p._instance(values[0], values[1:]))(p._since_mark()),  # OBJ
    ord("b"): Pickle._build,  # BUILD
    ord("Q"): lambda p: p._leave(p._stack.pop()),  # BINPERSID
    ord("P"): lambda p: p._leave(str(p._line(), "utf-8")),  # PERSID
    0x82: lambda p: p._refuse("a registered extension"),  # EXT1
    0x83: lambda p: p._refuse("a registered extension"),  # EXT2
    0x84: lambda p: p._refuse("a registered extension"),  # EXT4
    0x97: lambda p: p._refuse("a buffer"),  # NEXT_BUFFER
    0x98: lambda p: None,  # READONLY_BUFFER
}
