"""Webhooks: every event at least once, in order, signed; retried, rotated, disabled, replayed; the leader may be killed."""

from lab import Lab, until
from receiver import Receiver

DEVICES = 300


def open_webhook(node, url, **more):
    status, made, headers = node.call("POST", "/v1/webhooks", {"url": url, **more}, key=node.admin_key)
    assert status == 201, made
    assert headers["Location"] == f"/v1/webhooks/{made['id']}"
    return made


def webhook(node, identity):
    status, found, _ = node.call("GET", f"/v1/webhooks/{identity}", key=node.admin_key)
    assert status == 200, found
    return found


def change(node, identity, verb="", body=None, method="POST"):
    status, found, _ = node.call(method, f"/v1/webhooks/{identity}{verb}", body, key=node.admin_key)
    assert status == 200, (status, found)
    return found


def attempts(node, identity):
    status, page, _ = node.call("GET", f"/v1/webhooks/{identity}/attempts?limit=1000", key=node.admin_key)
    assert status == 200, page
    return page["items"]


def notify(node, **more):
    status, made, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": "t"}, "audience": {"all": True}, "launch": True, **more})
    assert status == 201, made
    node.wait_completed(made["id"])
    return made["id"]


def feed(node, after=""):
    """All events of the feed behind the cursor."""
    found, cursor = [], after
    while True:
        status, page, _ = node.call("GET", "/v1/events?limit=1000" + (f"&cursor={cursor}" if cursor else ""))
        assert status == 200, page
        found, cursor = found + page["items"], page["next_cursor"]
        if not page["has_more"]:
            return found, cursor


def once(requests):
    """The events of the requests, without the repetitions of a whole request; a repetition has the same events."""
    by_id, events = {}, []
    for request in requests:
        ids = [each["id"] for each in request.events()]
        if request.id in by_id:
            assert by_id[request.id] == ids, "the same id came with other events"
            continue
        by_id[request.id] = ids
        events += request.events()
    return events


def check_all_delivered(node, receiver, path, secret, after):
    """Everything behind the cursor, each event once in the order of the feed, every request signed and chained."""
    expected, _ = feed(node, after)
    until(f"{len(expected)} events at {path}", lambda: len(once(receiver.of(path))) >= len(expected), 60)
    requests = receiver.of(path)
    assert [e["id"] for e in once(requests)] == [e["id"] for e in expected]
    assert all(r.signed_by(secret) for r in requests)
    cursor = after
    for request in requests:
        if request.body["cursor"] == cursor:
            continue  # a repetition
        assert request.body["after"] == cursor, (request.body["after"], cursor)
        cursor = request.body["cursor"]
    assert receiver.most_under_way[path] == 1, "two requests were under way for one webhook"
    return requests


def check_batches(node, receiver):
    _, start = feed(node)
    made = open_webhook(node, receiver.url("/all"), description="everything", batch={"max_events": 50, "max_wait_ms": 200})
    assert made["secret"].startswith("whsec_") and made["events"] is None and made["state"] == "enabled", made
    assert "secret" not in webhook(node, made["id"])
    some = open_webhook(node, receiver.url("/settled"), events=["notification_settled"], batch={"max_wait_ms": 0})
    identity = notify(node)
    requests = check_all_delivered(node, receiver, "/all", made["secret"], start)
    assert max(len(r.events()) for r in requests) == 50 and len(requests) < 20, [len(r.events()) for r in requests]
    assert all(r.headers["Content-Type"] == "application/json" and r.body["type"] == "events" for r in requests)
    assert [e["sequence"] for r in requests for e in r.events()] == sorted(
        e["sequence"] for r in requests for e in r.events())
    settled = until("the settled event", lambda: once(receiver.of("/settled")))
    assert [(e["type"], e["notification_id"]) for e in settled] == [("notification_settled", identity)], settled
    shown = until("the cursor to move", lambda: webhook(node, made["id"])["delivery"].get("last_taken_at")
                  and webhook(node, made["id"]))
    assert shown["delivery"]["failed_tries"] == 0
    assert all(a["taken"] and a["status"] == 204 for a in attempts(node, made["id"]))
    change(node, some["id"], body={"enabled": False}, method="PATCH")
    return made


def check_rotation(node, receiver, made):
    rotated = change(node, made["id"], ":rotate-secret")
    assert rotated["secret"] != made["secret"] and rotated["previous_secret_until"]
    receiver.forget()
    notify(node, audience={"device_ids": ["d-1"]})
    request = until("a request", lambda: receiver.of("/all"))[0]
    assert len(request.signatures) == 2 and request.signed_by(made["secret"]) and request.signed_by(rotated["secret"])
    assert request.signatures[0] != request.signatures[1]
    until("the old secret to end", lambda: "previous_secret_until" not in webhook(node, made["id"]))
    receiver.forget()
    notify(node, audience={"device_ids": ["d-2"]})
    request = until("a request", lambda: receiver.of("/all"))[0]
    assert len(request.signatures) == 1 and request.signed_by(rotated["secret"])
    return rotated["secret"]


def check_ping(node, receiver, made, secret):
    receiver.forget()
    said = change(node, made["id"], ":test")
    assert (said["status"], said["taken"], said["type"]) == (204, True, "ping"), said
    ping = receiver.of("/all")[-1]
    assert ping.body["type"] == "ping" and ping.signed_by(secret) and ping.id == said["message_id"]
    receiver.answer("/all", 418, body=b"short\x00 and \x1b[31mstout\n" + "\u00fc".encode() * 1000)
    said = change(node, made["id"], ":test")
    assert said["status"] == 418 and not said["taken"], said
    assert said["answer"].startswith("short  and  [31mstout ??") and len(said["answer"]) <= 200, said
    receiver.answer("/all")
    assert [a["type"] for a in attempts(node, made["id"])[:2]] == ["ping", "ping"]


def check_retry(node, receiver, made, secret):
    """A receiver that fails gets the same batch under the same id, and holds up nobody else."""
    receiver.forget()
    _, start = feed(node)
    other = open_webhook(node, receiver.url("/other"))
    receiver.answer("/all", 503, {"Retry-After": "2"}, times=2)
    notify(node)
    shown = until("a failure to be shown", lambda: webhook(node, made["id"])["delivery"]["failed_tries"] > 0
                  and webhook(node, made["id"]))
    assert shown["delivery"]["failing_since"] and shown["delivery"]["last_trouble"] == "answered 503", shown
    check_all_delivered(node, receiver, "/other", other["secret"], start)
    check_all_delivered(node, receiver, "/all", secret, start)
    tries = receiver.of("/all")[:3]
    assert len({t.id for t in tries}) == 1 and len({t.raw for t in tries}) == 1, [t.id for t in tries]
    assert all(b.at - a.at >= 1.9 for a, b in zip(tries, tries[1:])), "Retry-After was not kept"
    until("the failure to be over", lambda: "failing_since" not in webhook(node, made["id"])["delivery"])
    assert [a["status"] for a in reversed(attempts(node, made["id"])) if a["message_id"] == tries[0].id] == [
        503, 503, 204]
    change(node, other["id"], body={"enabled": False}, method="PATCH")


def check_gone(node, receiver):
    made = open_webhook(node, receiver.url("/gone"), batch={"max_wait_ms": 0})
    receiver.answer("/gone", 410)
    notify(node, audience={"device_ids": ["d-1"]})
    until("the webhook to be gone", lambda: webhook(node, made["id"])["state"] == "gone")
    assert webhook(node, made["id"])["enabled"] is False and len(receiver.of("/gone")) == 1
    receiver.answer("/gone")
    change(node, made["id"], ":enable")
    until("the batch again", lambda: len(receiver.of("/gone")) == 2)
    assert receiver.of("/gone")[0].id == receiver.of("/gone")[1].id
    node.call("DELETE", f"/v1/webhooks/{made['id']}", key=node.admin_key)
    assert node.call("GET", f"/v1/webhooks/{made['id']}", key=node.admin_key)[0] == 404


def check_disabled(node, receiver):
    """After the last try of the schedule it is disabled with an alarm; enabled again, it goes on where it was."""
    _, start = feed(node)
    made = open_webhook(node, receiver.url("/broken"), batch={"max_wait_ms": 0})
    receiver.answer("/broken", 302, {"Location": receiver.url("/elsewhere")})
    notify(node)
    until("the webhook to be disabled", lambda: webhook(node, made["id"])["state"] == "failing", 30)
    tries = receiver.of("/broken")
    assert len(tries) == 3 and len({t.id for t in tries}) == 1, [t.id for t in tries]
    assert not receiver.of("/elsewhere"), "a redirect was followed"
    listed = attempts(node, made["id"])
    assert [a["status"] for a in listed] == [302] * 3 and "next_try_at" not in listed[0], listed
    assert listed[0]["trouble"] == "redirects are not followed" and "next_try_at" in listed[1], listed
    until("the alarm", lambda: "webhook.disabled" in (node.directory / "node.log").read_text()
          and 'pusher_webhooks_disabled_total{reason="failing"} 1' in node.admin("/metrics")[1])
    receiver.answer("/broken")
    change(node, made["id"], body={"enabled": True}, method="PATCH")
    check_all_delivered(node, receiver, "/broken", made["secret"], start)
    change(node, made["id"], body={"enabled": False}, method="PATCH")


def check_replay(node, receiver, made, secret):
    before, end = feed(node)
    for start in ({"cursor": "c0.0.0"}, {"since": "2020-01-01T00:00:00Z"}):
        receiver.forget()
        change(node, made["id"], ":replay", start)
        until("the replay", lambda: len(once(receiver.of("/all"))) >= len(before), 60)
        assert [e["id"] for e in once(receiver.of("/all"))] == [e["id"] for e in before]
        assert all(r.signed_by(secret) for r in receiver.of("/all"))
    receiver.forget()
    change(node, made["id"], ":replay", {"since": before[-1]["at"]})
    # An event is recorded a moment after it happened: whole rows of the feed are delivered.
    tail = [e["id"] for e in before if e["at"] >= before[-1]["at"]]
    until("the tail", lambda: tail[-1] in [e["id"] for e in once(receiver.of("/all"))])
    again = [e["id"] for e in once(receiver.of("/all"))]
    assert [e["id"] for e in before][-len(again):] == again and set(tail) <= set(again) and len(again) < 400, again
    change(node, made["id"], ":replay", {"cursor": end})
    for wrong in ({}, {"cursor": end, "since": "2020-01-01T00:00:00Z"}, {"cursor": "x"}, {"since": "yesterday"}):
        status, told, _ = node.call("POST", f"/v1/webhooks/{made['id']}:replay", wrong, key=node.admin_key)
        assert status == 400, (wrong, told)


def check_hanging(node, receiver):
    """A receiver that never answers takes its time-out, and nothing else is held up."""
    made = open_webhook(node, receiver.url("/hangs"), batch={"max_wait_ms": 0})
    receiver.answer("/hangs", delay=600)
    notify(node, audience={"device_ids": ["d-1"]})
    until("the request", lambda: receiver.of("/hangs"))
    notify(node)
    until("the time-out", lambda: webhook(node, made["id"])["delivery"].get("last_trouble"), 20)
    assert webhook(node, made["id"])["delivery"]["last_trouble"] == "there was no answer within 2000 ms"
    node.call("DELETE", f"/v1/webhooks/{made['id']}", key=node.admin_key)


def check_access(node, receiver, made):
    status, told, _ = node.call("GET", "/v1/webhooks")
    assert (status, told["code"]) == (403, "forbidden"), told
    for body, pointer in (({}, "/url"), ({"url": "ftp://x.example/"}, "/url"), ({"url": 1}, "/url"),
                          ({"url": receiver.url("/x"), "events": ["nothing"]}, "/events/0"),
                          ({"url": receiver.url("/x"), "events": []}, "/events"),
                          ({"url": receiver.url("/x"), "batch": {"max_events": 0}}, "/batch/max_events"),
                          ({"url": receiver.url("/x"), "evnts": None}, "/evnts")):
        status, told, _ = node.call("POST", "/v1/webhooks", body, key=node.admin_key)
        assert status == 400 and told["errors"][0]["pointer"] == pointer, told
    count = len(node.call("GET", "/v1/webhooks", key=node.admin_key)[1]["items"])
    for _ in range(6 - count):
        open_webhook(node, receiver.url("/many"))
    status, told, _ = node.call("POST", "/v1/webhooks", {"url": receiver.url("/x")}, key=node.admin_key)
    assert (status, told["code"]) == (409, "conflict"), told
    page = node.call("GET", "/v1/webhooks?limit=2", key=node.admin_key)[1]
    assert len(page["items"]) == 2 and page["has_more"] and page["items"][0]["id"] == made["id"], page


def check_leader_killed(node, receiver, made, secret):
    """G1 for webhooks: kill -9 in the middle; every event at least once, in order, repetitions under the same id."""
    receiver.forget()
    _, start = feed(node)
    receiver.answer("/all", delay=0.02)
    change(node, made["id"], body={"batch": {"max_events": 7, "max_wait_ms": 20}}, method="PATCH")
    for kill in range(3):
        status, sent, _ = node.call("POST", "/v1/notifications", {
            "content": {"title": str(kill)}, "audience": {"all": True}, "launch": True})
        assert status == 201, sent
        mark = len(receiver.of("/all")) + 5 + 9 * kill
        until(f"{mark} requests", lambda m=mark: len(receiver.of("/all")) >= m)
        node.kill()
        node.start()
        node.wait_completed(sent["id"])
    receiver.answer("/all")
    requests = check_all_delivered(node, receiver, "/all", secret, start)
    repeated = len(requests) - len({r.id for r in requests})
    assert repeated <= 3, f"{repeated} requests were repeated by 3 kills"
    print(f"{len(requests)} requests, {repeated} of them repetitions, over 3 kills", flush=True)


def main():
    sections = {"webhooks": {"allow_private_addresses": True, "retry_seconds": "1,1", "timeout_seconds": 2,
                             "secret_overlap_seconds": 2, "per_application": 6},
                "limits": {"poll_interval_ms": 200}}
    receiver = Receiver()
    with Lab() as lab:
        node = lab.node(sections=sections).start()
        node.admin_key = node.make_key("admin")
        node.make_key("devices,send,read")
        node.import_devices({"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}"}
                            for n in range(DEVICES))
        made = check_batches(node, receiver)
        secret = check_rotation(node, receiver, made)
        check_ping(node, receiver, made, secret)
        check_retry(node, receiver, made, secret)
        check_gone(node, receiver)
        check_disabled(node, receiver)
        check_hanging(node, receiver)
        check_replay(node, receiver, made, secret)
        check_leader_killed(node, receiver, made, secret)
        check_access(node, receiver, made)
        log = (node.directory / "node.log").read_text()
        assert "whsec_" not in log, "a secret was logged"
        assert node.stop() == 0
    receiver.stop()


if __name__ == "__main__":
    main()
