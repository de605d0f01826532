"""A person at the web console, and what is there to be looked at."""
import json

NASTY = "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'>"


def devices():
    """600 phones: a third pays, 12 have a dead token, 6 belong to another project."""
    made = []
    for i in range(600):
        token = "UNREG" if i < 12 else "MISMATCH" if i < 18 else "ok"
        made.append({"device_id": f"phone-{i}", "gateway": "fcm", "platform": "android", "push_token": f"{token}-{i}", "user_id": f"u-{i}",
                     "properties": {"plan": "pro" if i % 3 == 0 else "free", "level": i}})
    return [*made, {"device_id": NASTY, "gateway": "fcm", "platform": "android", "push_token": "ok-nasty", "user_id": NASTY}]


class Console:
    def __init__(self, browser, node, key, place="notifications", port=None, **looks):
        self.address = f"http://127.0.0.1:{port or node.port}/console"
        self.page = browser.open(f"{self.address}#/{place}", **{"width": 1280, "height": 900, **looks})
        self.page.fill("input[name=key]", key)
        self.page.press("Enter")
        self.page.wait("nav.menu")

    def go(self, place, heading):
        self.page.value(f"location.hash = '#/{place}'")
        self.page.wait(f"h1:has-text({json.dumps(heading)})")

    def sound(self):
        """Nothing was asked of anybody else, nothing is wrong, and nothing that is shown became a script."""
        assert all(each.startswith(self.address.removesuffix("/console")) for each in self.page.asked), self.page.asked
        # What the API refuses, the browser tells of; the page shows it.
        wrong = [each for each in self.page.complaints if "responded with a status of 4" not in each]
        assert not wrong, wrong
        assert self.page.value("window.hit") is None, "what is shown ran as a script"

    def close(self):
        self.sound()
        self.page.close()


def launch(node, **more):
    status, made, _ = node.call("POST", "/v1/notifications", {"content": {"title": "Weekly digest"}, "audience": {"all": True}, "launch": True, **more})
    assert status == 201, made
    return made["id"]
