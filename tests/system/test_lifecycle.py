"""The life of a notification: change, schedule, pause, resume, cancel, expire, delete; every illegal step names the state."""
import datetime
import time

from invariants import check_accepted_once, check_counts
from lab import Lab, until

DEVICES = 3000


def rfc3339(seconds_from_now):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds_from_now)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def create(node, name, **more):
    status, made, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": name, "data": {"notification": name}}, "audience": {"all": True}, **more})
    assert status == 201, made
    return made["id"]


def step(node, identity, verb, expected=202):
    status, body, _ = node.call("POST", f"/v1/notifications/{identity}:{verb}")
    assert status == expected, (verb, status, body)
    return body


def arrived(emulator, name):
    return sum(row[3] == name for row in emulator.log())


def change(node):
    identity = create(node, "draft")
    path = f"/v1/notifications/{identity}"
    status, changed, _ = node.call("PATCH", path, {
        "content": {"body": "more"}, "ttl_seconds": 60, "collapse_key": "k", "audience": {"device_ids": ["d-1"]}})
    assert status == 200, changed
    assert changed["content"] == {"title": "draft", "body": "more", "data": {"notification": "draft"}}, changed
    assert (changed["ttl_seconds"], changed["audience"]) == (60, {"device_ids": ["d-1"]}), changed
    status, changed, _ = node.call("PATCH", path, {"content": {"body": None}, "collapse_key": None})
    assert "body" not in changed["content"] and "collapse_key" not in changed, changed
    for patch, pointer in [({"launch": True}, "/launch"), ({"content": None}, "/content"), ({"ttl": 5}, "/ttl"),
                           ({"audience": {"condition": {"property": "x"}}}, "/audience/condition"),
                           ({"scheduled_at": "tomorrow"}, "/scheduled_at"), ({"state": "draft"}, "/state"),
                           ({"scheduled_at": "2020-01-01T00:00:00Z"}, "/scheduled_at")]:
        status, problem, _ = node.call("PATCH", path, patch)
        assert status == 400 and problem["errors"][0]["pointer"] == pointer, (patch, status, problem)
    assert node.call("GET", path)[1] == changed
    status, changed, _ = node.call("PATCH", path, {"scheduled_at": rfc3339(3600)})
    assert changed["state"] == "scheduled", changed
    status, changed, _ = node.call("PATCH", path, {"scheduled_at": None})
    assert changed["state"] == "draft" and "scheduled_at" not in changed, changed
    step(node, identity, "launch")
    node.wait_completed(identity)
    status, problem, _ = node.call("PATCH", path, {"ttl_seconds": 5})
    assert status == 409 and "completed" in problem["detail"], problem
    assert node.call("DELETE", path)[0] == 204
    assert node.call("GET", path)[0] == 404 and node.call("GET", path + "/deliveries")[0] == 404
    assert node.call("DELETE", path)[0] == 404


def schedule(node, emulator, devices):
    due = time.time() + 2
    identity = create(node, "scheduled", scheduled_at=rfc3339(2))
    assert node.notification(identity)["state"] == "scheduled"
    moved = create(node, "moved", scheduled_at=rfc3339(1))
    assert node.call("PATCH", f"/v1/notifications/{moved}", {"scheduled_at": rfc3339(3600)})[0] == 200
    canceled = create(node, "never", scheduled_at=rfc3339(1))
    gone = step(node, canceled, "cancel")
    assert (gone["state"], gone["settled"]) == ("canceled", True), gone
    node.wait_completed(identity)
    check_accepted_once(node, identity, devices, emulator, "scheduled")
    first = min(int(row[0]) for row in emulator.log() if row[3] == "scheduled") / 1e6
    assert first >= due - 0.01, (first, due)
    assert node.notification(moved)["state"] == "scheduled"
    assert arrived(emulator, "never") == 0 and arrived(emulator, "moved") == 0
    step(node, moved, "launch")  # before its time, by hand
    node.wait_completed(moved)
    check_counts(node, moved, len(devices))


def illegal_steps(node):
    draft = create(node, "steps")
    for verb in ("pause", "resume", "cancel"):
        assert "draft" in step(node, draft, verb, 409)["detail"]
    step(node, draft, "launch")
    node.wait_completed(draft)
    for verb in ("launch", "pause", "resume", "cancel"):
        problem = step(node, draft, verb, 409)
        assert problem["code"] == "wrong_state" and "completed" in problem["detail"], problem
    assert node.call("POST", "/v1/notifications/01999999-9999-7999-8999-999999999999:pause")[0] == 404


def pause_and_resume(node, emulator, devices):
    identity = create(node, "paused", launch=True, rate_per_second=500)
    until("some pushes", lambda: arrived(emulator, "paused") > 100)
    assert step(node, identity, "pause")["state"] == "paused"
    assert "paused" in step(node, identity, "pause", 409)["detail"]
    assert "paused" in step(node, identity, "launch", 409)["detail"]
    assert node.call("DELETE", f"/v1/notifications/{identity}")[0] == 409
    # Another one passes it.
    other = create(node, "passes", launch=True)
    node.wait_completed(other)
    held = node.notification(identity)
    still = arrived(emulator, "paused")
    assert still < len(devices) and held["state"] == "paused", (still, held)
    node.kill()
    node.start()
    again = create(node, "passes again", launch=True)
    node.wait_completed(again)
    assert arrived(emulator, "paused") == still
    resumed = step(node, identity, "resume")
    assert resumed["state"] in ("sending", "launched"), resumed
    node.wait_completed(identity)
    check_counts(node, identity, len(devices))
    check_accepted_once(node, identity, devices, emulator, "paused")


def cancel(node, emulator, devices):
    identity = create(node, "canceled", launch=True, rate_per_second=100)
    until("some pushes", lambda: arrived(emulator, "canceled") > 50)
    body = step(node, identity, "cancel")
    assert body["state"] == "canceled" and "canceled_at" in body, body
    settled = until("the cancel to settle", lambda: (
        lambda now: now if now["settled"] else None)(node.notification(identity)), 30)
    counts = settled["counts"]
    assert counts["accepted"] == arrived(emulator, "canceled") < 1000, (counts, arrived(emulator, "canceled"))
    assert counts["accepted"] + counts["canceled"] == counts["audience"] and counts["pending"] == 0, counts
    rows = node.deliveries(identity)
    assert len(rows) == counts["audience"]
    assert {row["outcome"] for row in rows} == {"accepted", "canceled"}
    assert all(row["code"] == "CANCELED" for row in rows if row["outcome"] == "canceled"), rows[:5]
    assert "canceled" in step(node, identity, "resume", 409)["detail"]
    assert node.call("DELETE", f"/v1/notifications/{identity}")[0] == 204
    # While it is paused, too.
    identity = create(node, "held", launch=True, rate_per_second=100)
    until("some pushes", lambda: arrived(emulator, "held") > 50)
    step(node, identity, "pause")
    step(node, identity, "cancel")
    until("the cancel to settle", lambda: node.notification(identity)["settled"], 30)


def expiry(node, emulator, devices):
    identity = create(node, "expires", launch=True, rate_per_second=100, ttl_seconds=3)
    step(node, identity, "pause")
    ended = until("the paused one to end", lambda: (
        lambda now: now if now["settled"] else None)(node.notification(identity)), 60)
    counts = ended["counts"]
    assert counts["expired"] > 0 and counts["accepted"] + counts["expired"] == counts["audience"], ended
    assert ended["state"] == ("completed" if counts["accepted"] else "expired"), ended


def main():
    with Lab() as lab:
        devices = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}"}
                   for n in range(DEVICES)]
        node = lab.node().start()
        node.make_key()
        node.import_devices(devices)
        change(node)
        schedule(node, lab.emulator, devices)
        illegal_steps(node)
        pause_and_resume(node, lab.emulator, devices)
        cancel(node, lab.emulator, devices)
        expiry(node, lab.emulator, devices)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
