import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from xdrl.errors import UserError
from xdrl.storage.files import replaced_folder, save_json


def write(folder: Path, text: str, previous: Path | None = None) -> None:
    with replaced_folder(folder, previous) as aside:
        (aside / "deep").mkdir()
        (aside / "deep" / "file").write_text(text)


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_is_made_with_the_folders_above_it(tmp_path: Path):
    write(tmp_path / "a" / "b", "new")
    assert contents(tmp_path) == {"a/b/deep/file": "new"}


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path):
    write(tmp_path / "a", "old")
    (tmp_path / "a" / "left over").touch()
    write(tmp_path / "a", "new")
    assert contents(tmp_path) == {"a/deep/file": "new"}


def test_the_one_before_is_kept_where_asked_for(tmp_path: Path):
    for text in ("first", "second", "third"):
        write(tmp_path / "a", text, previous=tmp_path / "a.previous")
    assert contents(tmp_path) == {"a/deep/file": "third", "a.previous/deep/file": "second"}


def test_nobody_sees_it_before_it_is_whole(tmp_path: Path):
    write(tmp_path / "a", "old")
    with replaced_folder(tmp_path / "a") as aside:
        (aside / "half").touch()
        assert contents(tmp_path / "a") == {"deep/file": "old"}
        assert aside.parent == tmp_path  # on the same disk, so that renaming is one act


@pytest.mark.parametrize("error", [ValueError("half"), KeyboardInterrupt(), GeneratorExit()], ids=repr)
def test_a_failure_while_filling_leaves_the_old_one_and_no_litter(tmp_path: Path, error: BaseException):
    write(tmp_path / "a", "first", previous=tmp_path / "a.previous")
    write(tmp_path / "a", "second", previous=tmp_path / "a.previous")
    before = contents(tmp_path)
    with pytest.raises(type(error)):
        with replaced_folder(tmp_path / "a", tmp_path / "a.previous") as aside:
            (aside / "half").touch()
            raise error
    assert contents(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a.previous"]


def test_a_disk_that_takes_no_more_is_one_clear_error(tmp_path: Path, file_size_limit):
    write(tmp_path / "a", "old")
    with file_size_limit(100), pytest.raises(UserError, match=r"a cannot be written: File too large; what was there"):
        write(tmp_path / "a", 200 * "new")
    assert contents(tmp_path) == {"a/deep/file": "old"}


def test_what_killed_processes_left_is_cleared_away(tmp_path: Path):
    write(tmp_path / "a", "old")
    for litter in (".a.new", ".a.outgoing"):
        (tmp_path / litter).mkdir()
        (tmp_path / litter / "half").touch()
    write(tmp_path / "a", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_values_are_written_with_the_folders_above_them(tmp_path: Path):
    save_json(tmp_path / "a" / "b.json", {"one": 1})
    assert json.loads((tmp_path / "a" / "b.json").read_text()) == {"one": 1}
    with pytest.raises(UserError, match="cannot be written"):
        save_json(tmp_path / "a" / "b.json" / "c.json", {})


def test_values_that_do_not_fit_on_the_disk_leave_those_of_before(
    tmp_path: Path, file_size_limit: Callable[[int], AbstractContextManager[None]]
):
    save_json(tmp_path / "a.json", {"one": 1})
    with file_size_limit(1000), pytest.raises(UserError, match="cannot be written"):
        save_json(tmp_path / "a.json", {"many": [0] * 10_000})
    assert contents(tmp_path) == {"a.json": '{\n "one": 1\n}\n'}
