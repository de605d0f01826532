"""What is done in the web console: a notification composed, counted, rehearsed and launched; devices found; gateways and dead letters
watched and decided; and only what the key may."""
import json

from browser import Browser
from burial import Burial
from console_case import NASTY, Console, devices, launch
from lab import Lab, until


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
    page.value("document.querySelector('[aria-label=Type]').focus()")
    page.choose("[aria-label=Type]", "number")
    page.choose("[aria-label=Type]", "text")
    assert page.value("document.activeElement.getAttribute('aria-label')") == "Type", "the focus is lost"
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
    console.go("notifications", "Notifications")
    page.wait("text=2 dead letters wait for a decision")
    page.click("a:has-text('Decide')")
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


def check_scopes(browser, node, admin):
    """A key that ends leads back to signing in; one of a single scope sees what it may."""
    key = node.make_key("read")
    revoked = node.make_key("read")
    console = Console(browser, node, revoked)
    status, _, _ = node.call("DELETE", f"/v1/keys/{revoked[:12]}", key=admin)
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


def main():
    with Lab(emulator_flags=("--delay-ms", "5")) as lab, Browser() as browser:
        node = lab.node(sections={"limits": {"devices_per_batch": 100}}).start()
        key = node.make_key("devices,send,read,admin")
        node.import_devices(devices())
        node.wait_completed(launch(node))
        console = Console(browser, node, key)
        check_compose(console, node)
        check_devices(console)
        check_gateways(console, lab, node)
        check_dead_letters(console, node)
        console.close()
        check_scopes(browser, node, key)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
