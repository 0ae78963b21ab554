"""Archives of results, unpacked to be looked at: files of bounded size in known places, whoever wrote them."""

import contextlib
import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path

from engine.store import USERS
from engine.stored_json import why
from market.errors import Refused
from scenarios.reading.errors import one_line
from scenarios.reading.files import LARGEST_TABLE, opened

METADATA = "ro-crate-metadata.json"
PLUGINS = "plugins"  # the folder of an archive with the plugins' files
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


class ArchiveError(Refused):
    """An archive that cannot be made or read; its text is one line."""

    def __init__(self, said: str) -> None:
        super().__init__(one_line(said))


@contextlib.contextmanager
def unpacked(path):
    """A folder with an archive's files, gone in the end; raises ArchiveError, and OSError as opened does."""
    with tempfile.TemporaryDirectory() as place:
        with opened(path) as file:
            try:
                _unpack(file, Path(place))
            except BROKEN as error:
                said = f"cannot be unpacked ({why(error)}); an archive as `archive` writes it is needed"
                raise ArchiveError(f"{path}: {said}") from None
        yield Path(place)


def belongs(name):
    """Is it the name of a file of a result's folder or archive: at its top, one of its users', or a plugin?"""
    file = Path(name).name
    return name in (file, f"{USERS}/{file}", f"{PLUGINS}/{file}")


def _unpack(file, place):
    for folder in (USERS, PLUGINS):
        (place / folder).mkdir()
    with zipfile.ZipFile(file) as held:
        found = [one for one in held.infolist() if not one.is_dir() and belongs(one.filename)]
        if len({one.filename for one in found}) < len(found):  # other programs might unpack the other one
            raise RuntimeError("a file stands twice")
        if sum(one.file_size for one in found) > LARGEST_TABLE:
            raise RuntimeError(f"more than {LARGEST_TABLE / 1e9:g} GB")
        for one in found:
            with held.open(one) as source, open(place / one.filename, "wb") as target:
                shutil.copyfileobj(source, target)
