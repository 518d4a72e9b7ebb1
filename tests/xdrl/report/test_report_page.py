"""The report's page in a real browser: what it says, to whom, in which colours and on which screens."""

import dataclasses

import numpy as np

from xdrl.evaluation import record_episode
from xdrl.games import Protocol
from xdrl.report import build_report


def test_it_opens_without_a_complaint_and_says_what_it_shows(report, built):
    assert report.complaints() == []
    assert report.text("#title") == "Pong" and report.text("#position") == "Step 0 of 79"
    assert report.run("return document.title") == "Pong: what the agent looked at"
    assert "python cli.py explain" in report.texts("#made dd")
    assert report.run("return document.getElementById('warnings').hidden") == (built.lines == [])


def test_under_the_map_stands_what_is_known_of_its_method_or_how_to_find_out(report):
    words = report.run("return document.getElementById('known').textContent")
    assert "with other methods on this agent is not known: " in words and words.endswith("--methods all tests it.")


def test_a_phone_needs_no_scrolling_to_the_side(report):
    report.resize(360, 740)
    report.click("#actions button")
    report.wait(lambda: not report.run("return document.getElementById('why').hidden"))
    for view in ("side", "blend"):
        report.choose("#view", view)
        assert report.run("return document.documentElement.scrollWidth") <= 360


def test_dark_and_light_follow_the_system_until_the_reader_chooses(report):
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = report.run(ground)
    report.emulate(prefers_color_scheme="dark")
    report.wait(lambda: report.run(ground) != light)
    report.click("#theme")
    assert report.run(ground) == light and report.text("#theme") == "Dark"


def test_everything_that_is_pressed_or_drawn_has_a_name(report):
    report.click("#actions button")
    report.wait(lambda: report.text("#why-own"))
    script = """
        return [...document.querySelectorAll("button, select, input, svg[role], canvas[role]")].filter((each) =>
            !(each.getAttribute("aria-label") || each.labels?.length || each.textContent.trim())
        ).map((each) => each.outerHTML);
    """
    assert report.run(script) == []
    assert report.run("return document.querySelectorAll('main, header, aside, h1').length") == 4
    assert report.run("return document.documentElement.lang") == "en"


def test_the_truth_table_and_where_there_is_none_the_command(report, agent, recording, built, tmp_path):
    rows = [
        report.run("return [...arguments[0].cells].map(c => c.textContent)", row)
        for row in report.driver.find_elements("css selector", "#truth tbody tr")
    ]
    decides, compares = "better than chance (0.08): ✓ yes", "better than what moves (0.82): ✕ no"
    lists = f"{decides}To compare, without a say in the verdict:{compares}"
    assert rows[0] == ["Points at <objects>", "✓ yes", "0.31 [0.27, 0.35]", lists]
    assert rows[1] == ["Differs between actions", "✕ no", "none", "nothing"]
    colours = "return [...arguments[0].querySelectorAll('.verdict')].map((each) => getComputedStyle(each).color)"
    own, better, worse = report.run(colours, report.driver.find_element("css selector", "#truth tbody tr"))
    assert own == better != worse, "what wins against the map does not look like a success"
    first = record_episode(agent, Protocol(), 1, is_greedy=True, seed=0)
    build_report(agent, first, np.zeros(1, bool), tmp_path / "one.html")
    report.open(tmp_path / "one.html")
    assert report.text("#truth code") == "python cli.py trust Pong"
    assert report.run("return document.getElementById('trust-summary').hidden")
    report.press("ArrowRight")
    report.press(" ")
    report.wait(lambda: report.text("#play") == "Play")
    assert report.step() == 0 and report.complaints() == []


def test_the_report_begins_with_what_the_truth_tests_found(report):
    found = "1 of 2 claims about the heatmap holds (1 fails, 0 not shown): Points at <objects>."
    assert report.text("header #trust-summary") == report.text("#truth > p") == found


def test_a_reader_who_wants_calm_gets_it(report):
    transition = "return getComputedStyle(document.getElementById('play')).transitionDuration"
    assert report.run(transition) == "0.12s"
    report.emulate(prefers_reduced_motion="reduce")
    assert report.run(transition) == "0s"


def test_names_with_markup_in_them_are_harmless(page, agent, recording, built, tmp_path):
    evil = "</script><script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">"

    class Evil:
        """The agent, under a name that is a program."""

        action_names, network, explain = agent.action_names, agent.network, staticmethod(agent.explain)
        game = dataclasses.replace(agent.game, name=evil)
        provenance, judges_actions = agent.provenance, agent.judges_actions

    claims = [{"claim": evil, "verdict": "yes", "rivals": [{"against": evil, "verdict": "no", "decides": True}]}]
    build_report(Evil(), recording, built.flips, tmp_path / "evil.html", facts=[(evil, evil)], claims=claims)
    page.open(tmp_path / "evil.html")
    assert page.text("#title") == evil and evil in page.texts("#made dd")
    assert page.run("return document.title").startswith("</script>")
    assert page.run("return document.querySelectorAll('script, img').length") == 2, "the data and the page's own"
    assert page.complaints() == []
