"""Makes the pictures of the documentation anew from the shipped agents: `python docs/pictures.py`, or some by name.

`figures` and `curves` are what those commands draw. `clips`, `methods`, `report` and `objects` are of a game that is
explained, `watch`, `what-if` and `serving-page` of what the servers show in Debian's Chromium.
"""

import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.support.ui import WebDriverWait

DOCS = Path(__file__).parent
ROOT = DOCS.parent
EXPLAINED = ROOT / "build" / "pictures"
"""Explained games; a folder that is there already is taken as it is."""
STEPS, STEPS_OF_PONG = 300, 500
"""Of a game; Pong's first point is long in coming."""
COMPARED = ("grad-cam", "hires-cam", "saliency", "blur", "sarfa", "objects")
PORT = 8599
WAIT_SECONDS = 120
_READY = "return document.documentElement.dataset.ready === 'true'"


def draw_figures() -> None:
    """Fig. 1 to 3 of the paper."""
    _run("figures", "--steps", "500", "--output", str(DOCS / "figures"))


def draw_curves() -> None:
    """The learning curves, with the model cards and the tables of results."""
    _run("cards")


def make_clips() -> None:
    """The GIFs that README and the site begin with: a game by its objects, and one by Grad-CAM."""
    shutil.copy(_explained_by_objects() / "clip.gif", DOCS / "objects.gif")
    shutil.copy(_explained("Qbert") / "clip.gif", DOCS / "qbert.gif")


def draw_methods() -> None:
    """Six steps of DemonAttack as several methods see them."""
    shutil.copy(_explained("DemonAttack", ",".join(COMPARED)) / "methods.png", DOCS / "methods.png")


def show_report() -> None:
    """The report of a game of Pong, as it opens."""
    with _browser(1280, 960) as driver:
        _open(driver, (_explained("Pong") / "report.html").as_uri())
        driver.save_screenshot(str(DOCS / "report.png"))


def show_objects() -> None:
    """The report of a game of DemonAttack that is explained by its objects, as it opens."""
    with _browser(1280, 960) as driver:
        _open(driver, (_explained_by_objects() / "report.html").as_uri())
        driver.save_screenshot(str(DOCS / "objects.png"))


def show_watch() -> None:
    """The live page of Qbert, as it opens where a reader wants calm."""
    with _serving("watch", "Qbert", "--port", str(PORT)), _browser(1280, 900) as driver:
        media = {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        _open(driver, f"http://127.0.0.1:{PORT}/")
        driver.save_screenshot(str(DOCS / "watch.png"))


def show_what_if() -> None:
    """The live page of Pong, paused, with the ball where it was not."""
    with _serving("watch", "Pong", "--port", str(PORT)), _browser(1280, 1030) as driver:
        media = {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        _open(driver, f"http://127.0.0.1:{PORT}/")
        driver.find_element("id", "what-if").click()
        _wait(driver, lambda: driver.find_elements("css selector", ".handle"))
        ball = driver.find_elements("css selector", ".handle")[-1]
        ActionChains(driver).click_and_hold(ball).move_by_offset(20, -40).move_by_offset(20, -60).release().perform()
        words = driver.find_element("id", "what-if-words")
        _wait(driver, lambda: words.text.startswith("With the ball"))
        _wait(driver, lambda: words.text == driver.find_element("id", "announcer").get_attribute("textContent"))
        driver.save_screenshot(str(DOCS / "what-if.png"))


def show_serving_page() -> None:
    """The page of the server: some steps into the game of Pong, an action chosen to ask why not."""
    with _serving("serve", "--port", str(PORT), "--grpc-port", "0", ready="readyz"), _browser(1280, 1180) as driver:
        _open(driver, f"http://127.0.0.1:{PORT}/")
        for screen in range(2, 13):
            driver.find_element("id", "forward").click()
            caption = f"Screen {screen} of"
            _wait(driver, lambda caption=caption: driver.find_element("id", "given-caption").text.startswith(caption))
        driver.find_element("css selector", "#bars li:not(.taken):nth-child(n + 3) button").click()
        _wait(driver, lambda: driver.find_element("id", "why").is_displayed())
        driver.save_screenshot(str(DOCS / "serving-page.png"))


PICTURES: dict[str, Callable[[], None]] = {
    "figures": draw_figures,
    "curves": draw_curves,
    "clips": make_clips,
    "methods": draw_methods,
    "report": show_report,
    "objects": show_objects,
    "watch": show_watch,
    "what-if": show_what_if,
    "serving-page": show_serving_page,
}


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, "cli.py", *arguments], cwd=ROOT, check=True)


def _explained(game: str, method: str = "grad-cam") -> Path:
    folder = EXPLAINED / method / game
    if not (folder / "report.html").exists():
        steps = STEPS_OF_PONG if game == "Pong" else STEPS
        _run("explain", game, "--method", method, "--steps", str(steps), "--output", str(folder))
    return folder


def _explained_by_objects() -> Path:
    return _explained("DemonAttack", "objects")


@contextmanager
def _serving(*arguments: str, ready: str = "") -> Iterator[None]:
    """Runs a command that serves, from when it answers at a path on."""
    with subprocess.Popen([sys.executable, "cli.py", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + WAIT_SECONDS
            while not _answers(ready):
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"expected {' '.join(arguments)} to answer on port {PORT}, it does not")
                time.sleep(0.5)
            yield
        finally:
            process.terminate()


def _answers(path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/{path}", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@contextmanager
def _browser(width: int, height: int) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "hide-scrollbars"):
        options.add_argument(f"--{flag}")
    driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
    try:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        yield driver
    finally:
        driver.quit()


def _open(driver: webdriver.Chrome, address: str) -> None:
    driver.get(address)
    _wait(driver, lambda: driver.execute_script(_READY))


def _wait(driver: webdriver.Chrome, condition: Callable[[], object]) -> None:
    WebDriverWait(driver, WAIT_SECONDS, 0.1).until(lambda _: condition())


if __name__ == "__main__":
    for name in sys.argv[1:] or PICTURES:
        PICTURES[name]()
