"""Reads members of a stranger's zip archive, of which none may be larger than it has to be."""

import zipfile
import zlib

from xdrl.errors import UserError

_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)
"""What a damaged, encrypted or unusual member raises."""


def read_member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """Reads a member.

    Args:
        archive: that it is of.
        name: of the member.
        limit: bytes that it may have, unpacked.

    Raises:
        UserError: there is no such member, it is damaged, or it is larger.
    """
    try:
        with archive.open(name) as member:
            content = member.read(limit + 1)
    except KeyError as error:
        raise UserError(f"expected {name} in the archive, got none") from error
    except _DAMAGE as error:
        raise UserError(f"expected {name} in the archive, but it cannot be unpacked: {error}") from error
    if len(content) > limit:
        raise UserError(f"expected at most {limit:,} bytes of {name}, got more")
    return content
