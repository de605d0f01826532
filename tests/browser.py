"""A Chromium for tests, over its pipe of commands: opens pages, notes what they ask for and what goes wrong in them.

The browser's own requests to the world (updates, sign-in) lead nowhere; only the loopback is reached.
"""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
         "--remote-debugging-pipe",
         "--proxy-server=http://127.0.0.1:9", "about:blank"]


class Browser:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="pusher-browser-")
        commands, self.to = os.pipe()
        self.come, answers = os.pipe()

        def place_pipes():
            # The browser reads commands from 3 and writes to 4.
            kept = os.dup(commands), os.dup(answers)
            os.dup2(kept[0], 3)
            os.dup2(kept[1], 4)
        self.process = subprocess.Popen(["chromium", f"--user-data-dir={self.profile}", *FLAGS], preexec_fn=place_pipes, close_fds=False,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)
        self.number, self.input, self.events = 0, b"", []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(30)
        os.close(self.to)
        os.close(self.come)
        shutil.rmtree(self.profile, ignore_errors=True)

    def _message(self, seconds):
        """The next message; None when none comes in time."""
        end = time.monotonic() + seconds
        while b"\0" not in self.input:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.come], [], [], left)[0]:
                return None
            more = os.read(self.come, 1 << 20)
            assert more, "the browser ended"
            self.input += more
        text, self.input = self.input.split(b"\0", 1)
        return json.loads(text)

    def command(self, method, session=None, **parameters):
        self.number += 1
        asked = {"id": self.number, "method": method, "params": parameters, **({"sessionId": session} if session else {})}
        os.write(self.to, json.dumps(asked).encode() + b"\0")
        while True:
            message = self._message(60)
            assert message is not None, f"the browser does not answer {method}"
            if message.get("id") == self.number:
                assert "error" not in message, (method, message)
                return message["result"]
            self.events.append(message)

    def await_event(self, session, method, seconds=60):
        while True:
            for each in self.events:
                if each.get("sessionId") == session and each.get("method") == method:
                    return each["params"]
            message = self._message(seconds)
            assert message is not None, f"waited in vain for {method}"
            self.events.append(message)

    def open(self, address, scripts=True, dark=False, width=1200, height=1500):
        return Page(self, address, scripts, dark, width, height)


class Page:
    """A loaded page: `asked` are the addresses of all its requests, `complaints` what the browser found wrong."""

    def __init__(self, browser, address, scripts, dark, width, height):
        self.browser = browser
        target = browser.command("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Network", "Page", "Runtime", "Log"):
            self.command(f"{domain}.enable")
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.command("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.command("Page.navigate", url=address)
        browser.await_event(self.session, "Page.loadEventFired")

    def command(self, method, **parameters):
        return self.browser.command(method, self.session, **parameters)

    def _events(self, method):
        return [each["params"] for each in self.browser.events if each.get("sessionId") == self.session and each.get("method") == method]

    @property
    def asked(self):
        return [each["request"]["url"] for each in self._events("Network.requestWillBeSent")]

    @property
    def complaints(self):
        return [each["entry"]["text"] for each in self._events("Log.entryAdded") if each["entry"]["level"] in ("error", "warning")] + \
            [each["exceptionDetails"]["text"] for each in self._events("Runtime.exceptionThrown")]

    def value(self, expression):
        """What a JavaScript expression gives in the page, also where the page's own scripts are off."""
        answer = self.command("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def source(self):
        return self.value("document.documentElement.outerHTML")

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.command("Page.captureScreenshot")["data"]))
