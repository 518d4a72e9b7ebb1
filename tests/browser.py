"""A headless browser, for the tests of pages."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

WAIT_SECONDS = 20


class Page:
    """A page in the browser, and what tests do with it."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, address: str | Path) -> None:
        """Opens a page and waits until it has drawn itself."""
        self.driver.get(address.as_uri() if isinstance(address, Path) else address)
        self.wait(lambda: self.run("return document.documentElement.dataset.ready") == "true")

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition: Callable[[], Any]) -> Any:
        return WebDriverWait(self.driver, WAIT_SECONDS, 0.02).until(lambda _: condition())

    def text(self, selector: str) -> str:
        return self.run("return document.querySelector(arguments[0])?.textContent.trim() ?? ''", selector)

    def texts(self, selector: str) -> list[str]:
        return self.run("return [...document.querySelectorAll(arguments[0])].map(e => e.textContent.trim())", selector)

    def click(self, selector: str) -> None:
        """Clicks as a hand does: fails where something lies over the element."""
        self.driver.find_element("css selector", selector).click()

    def choose(self, selector: str, value: Any) -> None:
        """Sets a field as a reader does, and lets the page hear of it."""
        events = "for (const name of ['input', 'change']) field.dispatchEvent(new Event(name, { bubbles: true }))"
        script = f"const field = document.querySelector(arguments[0]); field.value = arguments[1]; {events}"
        self.run(script, selector, value)

    def press(self, key: str, focus: str | None = None) -> None:
        """Presses a key, also after `shift+` or `control+`, on what has the focus, or on an element that gets it."""
        self.run("(document.querySelector(arguments[0]) ?? document.activeElement).focus()", focus)
        *held, name = key.split("+") if len(key) > 1 else [key]
        code = getattr(Keys, name.upper().replace("ARROW", "ARROW_"), name)
        chain = ActionChains(self.driver)
        for modifier in held:
            chain.key_down(getattr(Keys, modifier.upper()))
        chain.send_keys(code)
        for modifier in held:
            chain.key_up(getattr(Keys, modifier.upper()))
        chain.perform()

    def complaints(self) -> list[dict]:
        """What the browser has logged since it was asked last."""
        return list(self.driver.get_log("browser"))

    def resize(self, width: int, height: int = 900) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def emulate(self, **features: str) -> None:
        media = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Debian's Chromium without a window. Where it is not installed its tests are skipped, but not in a CI."""
    programs = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    if not all(programs.values()):
        problem = (
            f"expected chromium and chromedriver on the PATH (apt-get install chromium chromium-driver): {programs}"
        )
        (pytest.fail if os.environ.get("CI") else pytest.skip)(problem)
    options = webdriver.ChromeOptions()
    options.binary_location = str(programs["chromium"])
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    flags = ["headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-dev-shm-usage"]
    flags += ["disable-background-networking", "disable-component-update", "disable-sync", "window-size=1280,900"]
    for flag in [*flags, f"user-data-dir={tmp_path_factory.mktemp('browser')}"]:
        options.add_argument(f"--{flag}")
    started = webdriver.Chrome(options=options, service=Service(programs["chromedriver"]))
    started.set_script_timeout(WAIT_SECONDS)
    yield started
    started.quit()


@pytest.fixture
def page(driver: webdriver.Chrome) -> Page:
    """A page of desk size with nothing open, and nothing in the log."""
    opened = Page(driver)
    driver.get("about:blank")
    opened.resize(1280)
    opened.emulate(prefers_color_scheme="light")
    opened.complaints()
    return opened
