"""The web console, in a browser: signs in and out, follows a notification live, composes, rehearses and launches, shows devices,
gateways and dead letters; by keyboard, in light and dark, on a phone; and nothing that it shows can become a script."""
import json

from browser import Browser
from burial import Burial
from invariants import check_counts
from lab import Lab, until

NASTY = "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'>"
VIEWS = {"notifications": "Notifications", "compose": "Compose a notification", "devices": "Devices", "gateways": "Gateways", "dead-letters": "Dead letters"}


def devices():
    """600 phones: a third pays, 12 have a dead token, 6 belong to another project."""
    made = []
    for i in range(600):
        token = "UNREG" if i < 12 else "MISMATCH" if i < 18 else "ok"
        made.append({"device_id": f"phone-{i}", "gateway": "fcm", "platform": "android", "push_token": f"{token}-{i}", "user_id": f"u-{i}",
                     "properties": {"plan": "pro" if i % 3 == 0 else "free", "level": i}})
    return [*made, {"device_id": NASTY, "gateway": "fcm", "platform": "android", "push_token": "ok-nasty", "user_id": NASTY}]


class Console:
    def __init__(self, browser, node, key, place="notifications", **looks):
        self.address = f"http://127.0.0.1:{node.port}/console"
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


def check_sign_in(browser, node, key):
    page = browser.open(f"http://127.0.0.1:{node.port}/console")
    assert page.value("document.activeElement.name") == "key", "the field for the key has no focus"
    page.fill("input[name=key]", "psk_nonsense")
    page.press("Enter")
    assert "This key is not taken" in page.text("[role=alert] .failure")
    page.fill("input[name=key]", key)
    page.press("Enter")
    page.wait("text=No notifications yet")
    assert page.value("Object.values(sessionStorage)") == [key] and page.value("Object.keys(localStorage)") == []
    assert page.value("document.cookie") == ""
    page.call("reload")
    page.wait("nav.menu")
    page.click("role=button[name='Sign out']")
    page.wait("input[name=key]")
    assert page.value("sessionStorage.length") == 0
    assert all("psk_" not in each for each in page.asked), "a key is in an address"
    # The browser itself tells of the 401; nothing else was wrong.
    assert [each for each in page.complaints if "401" not in each] == [], page.complaints
    page.close()


def check_revoked(browser, node):
    key = node.make_key("read")
    revoked = node.make_key("read")
    console = Console(browser, node, revoked)
    status, _, _ = node.call("DELETE", f"/v1/keys/{revoked[:12]}", key=node.admin_key)
    assert status == 204, status
    console.go("gateways", "")
    console.page.wait("input[name=key]")
    assert console.page.text("[role=alert] .failure"), "nothing says why the session has ended"
    console.page.close()

    reader = Console(browser, node, key)
    assert reader.page.value("[...document.querySelectorAll('nav.menu a')].map(each => each.textContent)") == ["Notifications", "Gateways"]
    reader.go("compose", "Compose")
    assert "scope “send”" in reader.page.text("main")
    reader.close()


def settled_in(page):
    return page.value("(() => { const bar = document.querySelector('.bar-room .outcomes'); return bar ? bar.getAttribute('aria-label') : ''; })()")


def check_live(console, node):
    """The list moves without being loaded again, by server-sent events; the story too, and it is paused and goes on by keyboard."""
    page = console.page
    identity = launch(node, rate_per_second=60)
    console.go("notifications", "Notifications")
    page.wait("a:has-text('Weekly digest')")
    first = until("the first outcome to be shown", lambda: settled_in(page))
    until("the list to move", lambda: settled_in(page) != first)
    assert any(each.endswith(f"/v1/notifications/{identity}/progress") for each in page.asked), page.asked

    page.click("a:has-text('Weekly digest')")
    page.wait("role=button[name='Pause']")
    page.value("[...document.querySelectorAll('button')].find(each => each.textContent === 'Pause').focus()")
    page.press("Enter")
    page.wait("h1 .badge-paused")
    assert node.notification(identity)["state"] == "paused"
    page.value("[...document.querySelectorAll('button')].find(each => each.textContent === 'Resume').focus()")
    page.press("Enter")
    page.wait("h1 .badge-completed")
    return identity


def check_story(console, node, identity):
    """The numbers are those of the API, in the table of reasons, in the plot's table and in the deliveries."""
    page = console.page
    check_counts(node, identity, 601)
    counts = node.notification(identity)["counts"]
    page.wait("text=SENDER_ID_MISMATCH")
    rows = page.value("[...document.querySelectorAll('[aria-labelledby=why] tbody tr')].map(row => [row.querySelector('.badge').textContent, +row.querySelectorAll('.number')[0].textContent])")
    assert sorted(rows) == sorted([[outcome, counts[outcome]] for outcome in ("accepted", "unregistered", "rejected")]), rows
    assert page.value("document.querySelector('.plot canvas').width") > 300, "no plot is drawn"
    page.click("summary:has-text('Show as numbers')")
    page.wait(".numbers td")
    total = page.value("[...document.querySelectorAll('.numbers td')].reduce((sum, each) => sum + +each.textContent.replaceAll(',', ''), 0)")
    assert total == 601, total
    page.click("role=button[name='Show the devices: rejected SENDER_ID_MISMATCH']")
    page.until("document.querySelectorAll('[aria-labelledby=deliveries] tbody tr').length === 6")
    page.click("[aria-labelledby=deliveries] a:has-text('phone-1')")
    page.wait("h1:has-text('phone-1')")
    page.wait("[aria-labelledby=history] td:has-text('SENDER_ID_MISMATCH')")


def check_names(console, node):
    """What a device and a title are called stays text."""
    page = console.page
    identity = launch(node, content={"title": NASTY, "body": NASTY, "image_url": "https://elsewhere.example/picture.png"}, audience={"device_ids": [NASTY]})
    node.wait_completed(identity)
    console.go(f"notifications/{identity}", NASTY)
    page.wait("[aria-labelledby=deliveries] a")
    assert page.text("[aria-labelledby=deliveries] tbody a") == NASTY
    page.click("[aria-labelledby=deliveries] tbody a")
    page.wait(f"h1:has-text({json.dumps(NASTY)})")
    assert page.count("main script") == page.count("main img") == 0


def count_in(page, wanted):
    page.until(f"document.querySelector('.counted').textContent.startsWith('{wanted} device')")


def check_compose(console, node):
    """A condition from parts, counted as it is built and the same as JSON; rehearsed as a phone shows it; launched."""
    page = console.page
    console.go("compose", "Compose a notification")
    count_in(page, 589)  # without those whose token was dead
    page.click("role=button[name='Rehearse']")
    page.wait("[aria-live=assertive] .failure")
    page.fill("label:has-text('Title') + input", "Hello {{properties.plan | there}}")
    page.fill("label:has-text('Body') + textarea", NASTY)
    page.click("role=button[name='Condition']")
    page.fill("[aria-label='Name of the property']", "plan")
    page.fill("[aria-label=Value]", "pro")
    _, counted, _ = node.call("POST", "/v1/devices:count", {"condition": {"property": "plan", "eq": "pro"}})
    count_in(page, counted["count"])
    page.click("role=button[name='Write it as JSON']")
    typed = json.loads(page.value("document.querySelector('.condition textarea').value"))
    assert typed == {"property": "plan", "eq": "pro"}, typed
    page.fill(".condition textarea", json.dumps({"all": [typed, {"property": "level", "lt": 300}]}))
    _, counted, _ = node.call("POST", "/v1/devices:count", {"condition": {"all": [typed, {"property": "level", "lt": 300}]}})
    count_in(page, counted["count"])
    page.click("role=button[name='Build it from parts']")
    assert page.count(".leaf") == 2
    page.click("role=button[name='Rehearse']")
    page.wait(".phone-android .push")
    assert page.text(".phone-android .title") == "Hello there" and page.text(".phone-android .body") == NASTY
    page.click("role=button[name='Launch now']")
    page.wait("dialog")
    assert f"{counted['count']} devices" in page.text("dialog")
    page.press("Escape")
    page.wait("dialog", "detached")
    assert page.value("document.activeElement.textContent") == "Launch now", "the focus is lost"
    page.click("role=button[name='Launch now']")
    page.click("dialog >> role=button[name='Launch']")
    page.wait("h1 .badge-completed")
    identity = page.value("location.hash.split('/').pop()")
    made = node.notification(identity)
    assert made["counts"]["audience"] == counted["count"], made
    assert made["audience"] == {"condition": {"all": [typed, {"property": "level", "lt": 300}]}}, made["audience"]


def check_devices(console):
    page = console.page
    console.go("devices", "Devices")
    page.wait("td >> text=Android")
    assert page.text("main .head .muted") == "589 devices"
    page.choose("[aria-label='Find by']", "push_token")
    page.fill("[aria-label='What to find']", "ok-77")
    page.press("Enter")
    page.wait("h1:has-text('phone-77')")
    page.wait("text=registered")
    console.go("devices/nobody", "nobody")
    page.wait("text=There is no device with this id")


def check_gateways(console, lab, node):
    page = console.page
    console.go("gateways", "Gateways")
    page.wait(".gateway .badge-well")
    lab.emulator.control(fail="503")
    identity = launch(node)
    page.wait(".gateway .badge-breaker")
    assert page.text(".gateway .troubles"), "nothing says what is wrong"
    lab.emulator.control(fail="none")
    node.call("POST", f"/v1/notifications/{identity}:cancel")
    until("it to be settled", lambda: node.notification(identity)["settled"])


def check_dead_letters(console, node):
    page = console.page
    node.inspect("pause", "push-sender")
    until("the hold to be seen", lambda: node.inspected("status")["nodes"][0]["report"]["held_stages"])
    identity = launch(node)
    until("all of it to be appended", lambda: node.notification(identity)["fan_out_done"])
    ids = Burial(node).bury("1.fcm.production.campaign", 2)
    assert len(ids) == 2, ids
    console.go("dead-letters", "Dead letters")
    page.wait("text=claimed 5 times without progress")
    assert page.count("tbody tr") == 2
    page.click("tbody tr >> role=button[name='Drop']")
    page.click("dialog >> role=button[name='Drop']")
    page.until("document.querySelectorAll('tbody tr').length === 1")
    page.click("tbody tr >> role=button[name='Requeue']")
    page.click("dialog >> role=button[name='Requeue']")
    page.wait("text=No dead letters")
    node.inspect("resume", "push-sender")
    counts = node.wait_completed(identity)["counts"]
    assert counts["failed"] > 0 and counts["failed"] + counts["accepted"] + counts["rejected"] == counts["audience"], counts


def check_keyboard(console):
    page = console.page
    console.go("notifications", "Notifications")
    page.call("reload")
    page.wait("nav.menu")
    page.press("Tab")
    assert page.value("document.activeElement.textContent") == "Skip to the content"
    page.press("Enter")
    assert page.value("document.activeElement.id") == "main"
    page.press("Tab")
    outline = page.value("getComputedStyle(document.activeElement).outlineStyle + ' ' + document.activeElement.textContent")
    assert outline == "solid Compose", outline
    unnamed = page.value("[...document.querySelectorAll('button, input, select, textarea, a')].filter(each => !(each.textContent.trim() || "
                         "each.getAttribute('aria-label') || each.labels?.length)).length")
    assert unnamed == 0, "something that can be used has no name"


def check_looks(browser, node, key):
    for looks in ({"dark": True}, {"width": 360, "height": 780}):
        console = Console(browser, node, key, **looks)
        page = console.page
        for view, heading in VIEWS.items():
            console.go(view, heading)
            page.until("!document.querySelector('.loading')")
            assert page.value("document.documentElement.scrollWidth") <= looks.get("width", 1280), f"{view} is wider than its window"
        background = "getComputedStyle(document.body).backgroundColor"
        dark, light = "rgb(15, 19, 26)", "rgb(245, 246, 248)"
        assert page.value(background) == (dark if "dark" in looks else light)
        page.click(".who button[aria-pressed]")
        assert page.value(background) == (light if "dark" in looks else dark)
        page.call("reload")
        page.wait("nav.menu")
        assert page.value(background) == (light if "dark" in looks else dark), "the choice is forgotten"
        console.close()


def main():
    with Lab(emulator_flags=("--delay-ms", "5")) as lab, Browser() as browser:
        node = lab.node(sections={"limits": {"devices_per_batch": 100}}).start()
        node.admin_key = node.make_key("devices,send,read,admin")
        check_sign_in(browser, node, node.admin_key)
        node.import_devices(devices())
        console = Console(browser, node, node.admin_key)
        identity = check_live(console, node)
        check_story(console, node, identity)
        check_names(console, node)
        check_compose(console, node)
        check_devices(console)
        check_gateways(console, lab, node)
        check_dead_letters(console, node)
        check_keyboard(console)
        console.close()
        check_looks(browser, node, node.admin_key)
        check_revoked(browser, node)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
