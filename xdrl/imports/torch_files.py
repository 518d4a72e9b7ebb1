"""Reads the tensors of a file that `torch.save` wrote, and nothing else of it: no code in it can run.

Such a file is a zip archive of a pickle and the tensors' bytes. The pickle is a program; here it is followed by an
interpreter that knows only what a dictionary of tensors takes: it calls nothing, and imports nothing.
"""

import io
import pickletools
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from xdrl.errors import UserError
from xdrl.imports.archives import read_member

MOST_PICKLE_BYTES, MOST_TENSOR_BYTES = 4 << 20, 512 << 20
_MOST_AXES = 8
_DTYPES = {
    "FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "LongStorage": "<i8", "IntStorage": "<i4",
    "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1", "BoolStorage": "?",
}  # fmt: skip
_TENSOR, _PARAMETER, _DICTIONARY = (
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
    ("collections OrderedDict"),
)
_DAMAGE = (ValueError, LookupError, TypeError, AttributeError, EOFError, OverflowError, RecursionError)
"""What following a damaged or hostile pickle raises."""


class _Name(NamedTuple):
    """Something that the pickle names, and that is never looked up."""

    text: str


class _Storage(NamedTuple):
    """The bytes of tensors: their type, the archive's member, and how many numbers they are."""

    dtype: str
    key: str
    size: int


class _Mark:
    """Where a list of items begins on the stack."""


def read_torch_file(content: bytes, source: str) -> dict[str, Any]:
    """Reads what `torch.save` wrote: a dictionary of arrays, of plain values and of more such dictionaries.

    Args:
        content: of the file.
        source: its name, for what is said of it.

    Raises:
        UserError: it is damaged, of another kind, or holds anything but tensors and plain values.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        names = archive.namelist()
    except (zipfile.BadZipFile, OSError, *_DAMAGE) as error:
        raise UserError(f"expected a zip archive that torch.save wrote in {source}, got {error}") from error
    folders = [name.removesuffix("data.pkl") for name in names if name.endswith("/data.pkl")]
    if len(folders) != 1:
        raise UserError(f"expected an archive with one data.pkl in {source}, got {', '.join(names[:5]) or 'nothing'}")
    if f"{folders[0]}byteorder" in names and read_member(archive, f"{folders[0]}byteorder", 16) != b"little":
        raise UserError(f"expected tensors of little-endian bytes in {source}, got others")
    reader = _Reader(lambda key, limit: read_member(archive, f"{folders[0]}data/{key}", limit))
    pickled = read_member(archive, f"{folders[0]}data.pkl", MOST_PICKLE_BYTES)
    try:
        found = reader.follow(pickled)
        if not isinstance(found, dict):
            raise ValueError(f"a {type(found).__name__}")
    except _DAMAGE as error:
        raise UserError(f"expected a dictionary of tensors in {source}, got {error}") from error
    return found


class _Reader:
    """Follows one pickle."""

    def __init__(self, read: Callable[[str, int], bytes]) -> None:
        """Takes the function that reads a tensor's bytes: its member's key and the most bytes it may have."""
        self._read, self._left = read, MOST_TENSOR_BYTES
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def follow(self, pickled: bytes) -> Any:
        """Returns what the pickle builds; raises one of `_DAMAGE` where it needs more than tensors do."""
        for operation, argument, _ in pickletools.genops(pickled):
            name = operation.name
            if name == "STOP":
                return self._stack.pop()
            self._step(name, argument)
        raise ValueError("a pickle without an end")

    def _step(self, name: str, argument: Any) -> None:
        stack = self._stack
        if name in _CONSTANTS:
            stack.append(argument if _CONSTANTS[name] is _ARGUMENT else _CONSTANTS[name])
        elif name in _NEW:
            stack.append(_NEW[name]())
        elif name in ("BINPUT", "LONG_BINPUT"):
            self._memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(self._memo[argument])
        elif name in _TUPLES:
            count = _TUPLES[name]
            items = tuple(self._items()) if count is None else tuple(stack.pop() for _ in range(count))[::-1]
            stack.append(items)
        elif name == "GLOBAL":
            stack.append(_Name(argument))
        elif name == "STACK_GLOBAL":
            attribute, module = stack.pop(), stack.pop()
            stack.append(_Name(f"{module} {attribute}"))
        elif name in ("SETITEM", "SETITEMS"):
            pairs = self._items() if name == "SETITEMS" else [stack.pop(), stack.pop()][::-1]
            _expect(stack[-1], dict).update(zip(pairs[::2], pairs[1::2], strict=True))
        elif name in ("APPEND", "APPENDS"):
            _expect(stack[-1], list).extend(self._items() if name == "APPENDS" else [stack.pop()])
        elif name == "BINPERSID":
            stack.append(_storage(stack.pop()))
        elif name == "REDUCE":
            arguments, called = stack.pop(), stack.pop()
            stack.append(self._call(_expect(called, _Name).text, _expect(arguments, tuple)))
        elif name == "BUILD":
            stack.pop()  # attributes of a dictionary, such as the versions of its modules
        elif name not in ("PROTO", "FRAME"):
            raise ValueError(f"a pickle with the operation {name}")

    def _items(self) -> list[Any]:
        """Takes the items from the last mark on."""
        items = []
        while not isinstance(item := self._stack.pop(), _Mark):
            items.append(item)
        return items[::-1]

    def _call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Does what the three functions would that a dictionary of tensors calls."""
        if name == _DICTIONARY and not arguments:
            return {}
        if name == _PARAMETER:
            return _expect(arguments[0], np.ndarray)
        if name == _TENSOR:
            storage, offset, shape, strides = arguments[:4]
            return self._tensor(_expect(storage, _Storage), offset, _expect(shape, tuple), _expect(strides, tuple))
        raise ValueError(f"a pickle that would call {name.replace(' ', '.')}")

    def _tensor(self, storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> np.ndarray:
        dtype = np.dtype(storage.dtype)
        if not len(shape) == len(strides) <= _MOST_AXES:
            raise ValueError(f"a tensor of {len(shape)} axes and {len(strides)} strides")
        numbers = [_expect(number, int) for number in (offset, storage.size, *shape, *strides)]
        if min(numbers) < 0:
            raise ValueError(f"a tensor of shape {list(shape)} and strides {list(strides)}")
        count, last = 1, offset
        for length, stride in zip(shape, strides, strict=True):
            count, last = count * length, last + max(length - 1, 0) * stride
        if count > storage.size or (count and last >= storage.size):
            raise ValueError(f"a tensor of shape {list(shape)} in {storage.size} numbers")
        self._left -= storage.size * dtype.itemsize
        if self._left < 0:
            raise ValueError(f"more than {MOST_TENSOR_BYTES >> 20} MiB of tensors")
        content = self._read(storage.key, storage.size * dtype.itemsize)
        if len(content) != storage.size * dtype.itemsize:
            raise ValueError(f"{len(content)} bytes for {storage.size} numbers of type {dtype}")
        flat = np.frombuffer(content, dtype)[offset:] if count else np.zeros(0, dtype)
        steps = [stride * dtype.itemsize for stride in strides]
        return np.lib.stride_tricks.as_strided(flat, shape, steps).copy()


_ARGUMENT = object()
_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("BINUNICODE", "SHORT_BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"), _ARGUMENT),
    "NEWTRUE": True, "NEWFALSE": False, "NONE": None,
}  # fmt: skip
_NEW: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "MARK": _Mark}
_TUPLES = {"TUPLE": None, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def _expect(value: Any, kind: type) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"a {type(value).__name__} where a {kind.__name__.strip('_').lower()} belongs")
    return value


def _storage(identity: Any) -> _Storage:
    """Reads which bytes a pickle refers to: ("storage", type, key, device, size)."""
    word, kind, key, _, size = _expect(identity, tuple)
    module, _, name = _expect(kind, _Name).text.partition(" ")
    if word != "storage" or module != "torch" or name not in _DTYPES:
        raise ValueError(f"tensors of the kind {module}.{name}")
    return _Storage(_DTYPES[name], str(_expect(key, str)), _expect(size, int))
