"""How far something has come, where no terminal shows a bar."""

from xdrl.commands import console
from xdrl.commands.console import PlainLines, following


def test_without_a_terminal_a_line_says_how_far_it_has_come(monkeypatch, capsys):
    monkeypatch.setattr(console, "PLAIN_LINE_SECONDS", 0.0)
    with following() as show:
        show(1, 3, "deletion")
        show(2, 3, "occlusion")
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["1 of 3 done; deletion", "2 of 3 done; occlusion"]


def test_lines_come_seldom(capsys):
    lines = PlainLines()
    for number in range(3):
        lines.say(lambda number=number: f"line {number}")
    assert not capsys.readouterr().out
