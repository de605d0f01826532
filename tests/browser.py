"""A Chromium for tests, driven by Playwright: opens pages, does what a person does there, notes what they ask for and what
goes wrong in them.

Playwright comes by npm as console/package-lock.json names it, once into each build tree.
"""
import fcntl
import filecmp
import json
import os
import pathlib
import shutil
import subprocess
import sys

from waiting import until

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent / "console"
CANNOT = 77  # what ctest takes for "not on this machine"


def installed_playwright():
    """The directory in which node finds playwright-core."""
    place = pathlib.Path(os.environ["PUSHER_BUILD_DIR"]).resolve() / "console-tests"
    place.mkdir(parents=True, exist_ok=True)
    lock, stamp = SOURCE / "package-lock.json", place / "installed-lock.json"
    with open(place / "installing", "w", encoding="ascii") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (stamp.exists() and filecmp.cmp(lock, stamp, shallow=False)):
            for each in ("package.json", "package-lock.json"):
                shutil.copy(SOURCE / each, place / each)
            try:
                subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=place, check=True,
                               stdout=subprocess.DEVNULL)
            except (OSError, subprocess.CalledProcessError) as fault:
                print(f"Playwright cannot be had here: {fault}")
                sys.exit(CANNOT)
            shutil.copy(lock, stamp)
    return place


class Browser:
    def __init__(self):
        self.process = subprocess.Popen(["node", str(HERE / "browser.mjs"), str(installed_playwright())], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n", "the browser did not start"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(30)

    def order(self, **given):
        self.process.stdin.write(json.dumps(given) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the browser ended"
        answer = json.loads(line)
        assert "fault" not in answer, f"{given}: {answer['fault']}"
        return answer["value"]

    def open(self, address, scripts=True, dark=False, width=1200, height=1500):
        return Page(self, self.order(order="open", address=address, scripts=scripts, dark=dark, width=width, height=height))


class Page:
    """A loaded page. Selectors are Playwright's: CSS, `text=…`, `role=button[name="…"]`; of several elements the first is meant."""

    def __init__(self, browser, number):
        self.browser, self.number = browser, number

    def call(self, method, *arguments):
        return self.browser.order(order=method, page=self.number, arguments=arguments)

    def _on(self, selector, method, *arguments):
        return self.browser.order(order=method, page=self.number, selector=selector, arguments=arguments)

    def close(self):
        self.browser.order(order="close", page=self.number)

    @property
    def asked(self):
        """The addresses of all its requests."""
        return self.browser.order(order="known", page=self.number)["asked"]

    @property
    def complaints(self):
        """What the browser found wrong."""
        return self.browser.order(order="known", page=self.number)["complaints"]

    def value(self, expression):
        """What a JavaScript expression gives in the page, also where the page's own scripts are off."""
        return self.call("evaluate", expression)

    def until(self, expression):
        """Waits until a JavaScript expression holds in the page. (Playwright's own waiting needs what our policy forbids.)"""
        until(expression, lambda: self.value(expression), 20, 0.05)

    def source(self):
        return self.value("document.documentElement.outerHTML")

    def click(self, selector):
        self._on(selector, "click")

    def fill(self, selector, text):
        self._on(selector, "fill", text)

    def choose(self, selector, value):
        """An option of a select."""
        self._on(selector, "selectOption", value)

    def press(self, *keys):
        """Keys, one after the other, such as Tab and Enter."""
        for each in keys:
            self.browser.order(order="press", page=self.number, keyboard=True, arguments=[each])

    def type(self, text):
        self.browser.order(order="insertText", page=self.number, keyboard=True, arguments=[text])

    def text(self, selector):
        """What stands there, once it is there."""
        return self._on(selector, "innerText")

    def wait(self, selector, state="visible"):
        self._on(selector, "waitFor", {"state": state})

    def count(self, selector):
        """How many a CSS selector finds now."""
        return self.value(f"document.querySelectorAll({json.dumps(selector)}).length")

    def screenshot(self, path, whole=True):
        self.call("screenshot", {"path": str(path), "fullPage": whole})
