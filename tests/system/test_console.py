"""The web console, in a browser: signs in and out, follows a notification live, also across a network that fails, and tells its
story; by keyboard, in light and dark, on a phone; and nothing that it shows can become a script."""
import json

from browser import Browser
from console_case import NASTY, Console, devices, launch
from invariants import check_counts
from lab import Lab, until
from relay import Relay

VIEWS = {"notifications": "Notifications", "compose": "Compose a notification", "devices": "Devices", "gateways": "Gateways", "dead-letters": "Dead letters"}


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


def settled_in(page):
    return page.value("(() => { const bar = document.querySelector('.bar-room .outcomes'); return bar ? bar.getAttribute('aria-label') : ''; })()")


def check_live(console, node):
    """The list moves without being loaded again, by server-sent events; the story too, and it is paused and goes on by keyboard."""
    page = console.page
    identity = launch(node, rate_per_second=100)
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


def check_broken_line(browser, node, key):
    """A stream that breaks is told of and taken up again, without anybody's doing."""
    identity = launch(node, rate_per_second=40)
    line = Relay(node.port)
    console = Console(browser, node, key, f"notifications/{identity}", port=line.port)
    page = console.page
    page.wait("h1 .badge-sending")
    line.refuse()
    page.wait("text=Not live: The node does not answer")
    pending = "[...document.querySelectorAll('.figure')].find(each => each.textContent.startsWith('Pending')).textContent"
    before = page.value(pending)
    line.pass_on()
    page.wait("text=Not live", "hidden")
    until("the figures to move on", lambda: page.value(pending) != before)
    node.call("POST", f"/v1/notifications/{identity}:cancel")
    page.wait("h1 .badge-canceled")
    page.close()
    line.stop()


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
        node = lab.node().start()
        key = node.make_key("devices,send,read,admin")
        check_sign_in(browser, node, key)
        node.import_devices(devices())
        console = Console(browser, node, key)
        identity = check_live(console, node)
        check_story(console, node, identity)
        check_names(console, node)
        check_keyboard(console)
        console.close()
        check_broken_line(browser, node, key)
        check_looks(browser, node, key)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
