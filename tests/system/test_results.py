"""Results: the feed tells of each delivery once, whatever dies meanwhile; why a device got a notification or did not; what
clients report counts once; progress is told from the draft to the end."""
import http.client
import json
import random
import sys
from collections import Counter

from invariants import check_counts
from lab import Lab, until


def launch(node, audience, name, **more):
    status, made, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": name, "data": {"notification": name}}, "audience": audience, "launch": True, **more})
    assert status == 201, made
    return made["id"]


class FeedReader:
    """Follows the feed as a client does, and keeps every event that it got."""

    def __init__(self, node, limit=700):
        self.node, self.limit = node, limit
        self.cursor, self.events = "", []

    def read(self):
        """One page; whether there is more."""
        try:
            status, page, _ = self.node.call(
                "GET", f"/v1/events?limit={self.limit}" + (f"&cursor={self.cursor}" if self.cursor else ""))
        except OSError:
            return True  # the node is away
        if status == 503:
            return True
        assert status == 200, (status, page)
        assert len(page["items"]) <= self.limit
        self.events += page["items"]
        self.cursor = page["next_cursor"]
        return page["has_more"]

    def read_all(self):
        while self.read():
            pass
        return self.events


def feed_through_kills(node, emulator, chance):
    """Each delivery is told once and in one order, although the node is killed again and again meanwhile."""
    devices = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android",
                "push_token": f"{'UNREG' if n % 41 == 0 else ''}token-{n}"} for n in range(20_000)]
    node.import_devices(devices)
    identity = launch(node, {"all": True}, "kill", external_id="order-1")
    reader = FeedReader(node)
    kills = 3
    for number in range(1, kills + 1):
        mark = int(len(devices) * number / (kills + 2) * chance.uniform(0.7, 1.0))

        def pushed(m=mark):
            reader.read()
            return emulator.arrived() >= m
        until(f"{mark} pushes", pushed, 60)
        node.kill()
        node.start()
    node.wait_completed(identity)
    rows = check_counts(node, identity, len(devices))
    events = reader.read_all()
    assert len({each["id"] for each in events}) == len(events)
    outcomes = [each for each in events if "attempts" in each]
    told = Counter(each["device_id"] for each in outcomes)
    assert len(told) == len(devices) and max(told.values()) == 1, (len(told), told.most_common(3))
    for each in outcomes:
        row = rows[each["device_id"]]
        assert (each["type"], each["attempts"], each.get("code")) == (row["outcome"], row["attempts"], row.get("code")), (
            each, row)
        assert each["notification_id"] == identity and each["external_id"] == "order-1" and each["gateway"] == "fcm"
    dead = [each for each in events if each["type"] == "disabled"]
    assert len(dead) == rows_of(rows, "unregistered"), (len(dead), Counter(each["type"] for each in events))
    settled = [each for each in events if each["type"] == "notification_settled"]
    assert len(settled) == 1 and settled[0]["state"] == "completed", settled
    # Who reads it all again, in other portions, sees the same.
    again = FeedReader(node, limit=999)
    assert again.read_all() == events
    status, page, _ = node.call("GET", "/v1/events?type=disabled,notification_settled&limit=1000")
    assert status == 200 and len(page["items"]) <= len(dead) + 1
    status, page, _ = node.call("GET", "/v1/events?cursor=nonsense")
    assert status == 400 and page["code"] == "invalid_cursor", page


def rows_of(rows, outcome):
    return sum(1 for row in rows.values() if row["outcome"] == outcome)


def device(name, token=None, **more):
    return {"device_id": name, "gateway": "fcm", "platform": "android", "push_token": token or f"token-{name}", **more}


def explained(node, identity, name):
    status, told, _ = node.call("GET", f"/v1/notifications/{identity}/deliveries/{name}")
    assert status == 200, (status, told)
    return told


def is_told(node, identity, name, status, reason):
    told = explained(node, identity, name)
    assert (told["status"], told["reason"]) == (status, reason), told
    return told


def explanations(node):
    """One call says why a device got a notification or did not, for every reason that there is."""
    pro = {"condition": {"all": [{"property": "group", "eq": "why"}, {"property": "plan", "eq": "pro"}]}}
    properties = {"group": "why", "plan": "pro"}
    node.import_devices([
        device("why-good", properties=properties), device("why-dead", "UNREG-why", properties=properties),
        device("why-bad", "MISMATCH-why", properties=properties), device("why-free", properties={"group": "why", "plan": "free"}),
        device("why-apple", "aabbccdd" * 8, gateway="apns", properties=properties) | {"platform": "ios"},
        device("why-waits", "SAY-503-UNAVAILABLE-R300-why", properties=properties)])
    status, draft, _ = node.call("POST", "/v1/notifications", {"content": {"title": "why"}, "audience": pro, "external_id": "why-1"})
    assert status == 201, draft
    identity = draft["id"]
    is_told(node, identity, "why-good", "not_launched", "draft")
    assert node.call("PATCH", f"/v1/notifications/{identity}", {"scheduled_at": "2099-01-01T00:00:00Z"})[0] == 200
    assert "2099" in is_told(node, identity, "why-good", "not_launched", "scheduled")["explanation"]
    assert node.call("POST", f"/v1/notifications/{identity}:launch")[0] == 202
    until("the pushes that can be settled", lambda: node.notification(identity)["counts"]["pending"] == 1
          and node.notification(identity)["fan_out_done"])
    told = is_told(node, identity, "why-good", "settled", "accepted")
    assert told["delivery"]["gateway"] == "fcm" and told["delivery"]["attempts"] == 1, told
    is_told(node, identity, "why-dead", "settled", "unregistered")
    told = is_told(node, identity, "why-bad", "settled", "rejected")
    assert "SENDER_ID_MISMATCH" in told["explanation"] and told["explanation"].count(":") == 1, told
    told = is_told(node, identity, "why-apple", "settled", "skipped")
    assert told["delivery"]["code"] == "no_credential" and told["delivery"]["gateway"] == "apns", told
    told = is_told(node, identity, "why-free", "not_targeted", "condition_not_met")
    assert told["unmet"] == {"pointer": "/all/1", "condition": {"property": "plan", "eq": "pro"}, "negated": False}, told
    told = until("the retry to be put aside", lambda: (lambda t: t if t["reason"] == "waits_for_retry" else None)(
        explained(node, identity, "why-waits")))
    assert told["status"] == "pending" and told["retry"]["attempts"] == 1, told
    node.import_devices([device("why-late", properties=properties)])
    is_told(node, identity, "why-late", "not_targeted", "registered_later")
    assert node.call("POST", f"/v1/notifications/{identity}:pause")[0] == 202
    is_told(node, identity, "why-waits", "pending", "paused")
    assert node.call("POST", f"/v1/notifications/{identity}:cancel")[0] == 202
    until("the rest to be settled", lambda: node.notification(identity)["settled"])
    is_told(node, identity, "why-waits", "settled", "canceled")
    # The device whose token died is disabled by now, so that the next notification leaves it out.
    second = launch(node, pro, "why-2")
    until("the second to be sent", lambda: node.notification(second)["counts"]["accepted"] >= 2)
    is_told(node, second, "why-dead", "not_targeted", "disabled")
    third = launch(node, {"device_ids": ["why-good"]}, "why-3")
    node.wait_completed(third)
    is_told(node, third, "why-late", "not_targeted", "not_listed")
    assert node.call("GET", f"/v1/notifications/{third}/deliveries/nobody")[0] == 404
    assert node.call("GET", "/v1/notifications/nothing/deliveries/why-good")[0] == 404
    node.call("POST", f"/v1/notifications/{second}:cancel")
    # The external id finds it again.
    status, found, _ = node.call("GET", "/v1/notifications?external_id=why-1")
    assert [each["id"] for each in found["items"]] == [identity], found
    assert node.call("GET", "/v1/notifications?external_id=why")[1]["items"] == []
    return identity


def filters(node, identity):
    def listed(query):
        status, page, _ = node.call("GET", f"/v1/notifications/{identity}/deliveries?{query}")
        assert status == 200, page
        return {row["device_id"] for row in page["items"]}
    assert listed("outcome=rejected") == {"why-bad"}
    assert listed("gateway=apns") == {"why-apple"}
    assert listed("code=SENDER_ID_MISMATCH") == {"why-bad"}
    assert listed("device_id=why-good") == {"why-good"}
    assert listed("device_id=why-good&outcome=rejected") == set()
    now = node.notification(identity)["created_at"]
    status, page, _ = node.call("GET", f"/v1/notifications?created_from={now}&state=completed&limit=1000")
    assert status == 200 and page["items"] and all(each["created_at"] >= now for each in page["items"]), page
    status, page, _ = node.call("GET", f"/v1/notifications?created_to={now}&limit=1000")
    assert all(each["created_at"] < now for each in page["items"]), page


def history_and_reports(node):
    """What clients report counts once, and stands in the device's history with everything else."""
    node.import_devices([device(f"story-{n}") for n in range(50)])
    identity = launch(node, {"device_ids": [f"story-{n}" for n in range(50)]}, "story", external_id="story-1")
    node.wait_completed(identity)
    reports = [{"device_id": f"story-{n}", "type": kind, "notification_id": identity}
               for n in range(50) for kind in ("received", "opened") if kind == "received" or n % 2 == 0]
    odd = [{"device_id": "nobody", "type": "opened", "notification_id": identity},
           {"device_id": "story-1", "type": "opened", "notification_id": "nothing"}]
    status, told, _ = node.call("POST", "/v1/events:report", {"events": reports + odd + reports[:5]})
    assert status == 200 and told["recorded"] == 75 and told["repeated"] == 5, told
    assert [each["pointer"] for each in told["refused"]] == ["/events/75/device_id", "/events/76/notification_id"], told
    path, said = "/v1/devices/story-1/events", {"type": "opened", "notification_id": identity}
    assert node.call("POST", path, said)[0] == 201
    assert node.call("POST", path, said)[0] == 200
    counts = node.notification(identity)["counts"]
    assert (counts["received"], counts["opened"]) == (50, 26), counts
    node.call("PUT", "/v1/devices/story-1", {k: v for k, v in device("story-1", "token-other").items() if k != "device_id"})
    status, page, _ = node.call("GET", "/v1/devices/story-1/events")
    kinds = [each["type"] for each in page["items"]]
    assert kinds == ["token_replaced", "opened", "received", "accepted", "registered"], kinds
    assert page["items"][3]["external_id"] == "story-1" and page["items"][3]["gateway"] == "fcm", page
    status, page, _ = node.call("GET", "/v1/devices/story-1/events?type=accepted,opened")
    assert [each["type"] for each in page["items"]] == ["opened", "accepted"], page
    status, page, _ = node.call("GET", f"/v1/devices/story-1/events?notification_id={identity}")
    assert [each["type"] for each in page["items"]] == ["opened", "received", "accepted", "registered"], page
    reader = FeedReader(node)
    told = Counter((each["device_id"], each["type"]) for each in reader.read_all()
                   if each["type"] in ("received", "opened") and each["notification_id"] == identity)
    assert len(told) == 76 and max(told.values()) == 1, told


class Watcher:
    """Follows server-sent events as a client does."""

    def __init__(self, node, identity, last_event=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)
        headers = {"Authorization": f"Bearer {node.key}", **({"Last-Event-ID": last_event} if last_event else {})}
        self.connection.request("GET", f"/v1/notifications/{identity}/progress", headers=headers)
        self.answer = self.connection.getresponse()

    def events(self):
        """(name, id, data) of each event, until the stream ends."""
        fields = {}
        for line in self.answer:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                yield fields["event"], fields["id"], json.loads(fields["data"])
                fields = {}


def progress(node):
    """A watcher sees a notification from its draft to its end; another that was away goes on where it was."""
    node.import_devices([device(f"watched-{n}", properties={"group": "watched"}) for n in range(300)])
    status, draft, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": "watched"}, "audience": {"condition": {"property": "group", "eq": "watched"}}, "rate_per_second": 100})
    assert status == 201, draft
    identity = draft["id"]
    watcher = Watcher(node, identity)
    assert watcher.answer.status == 200 and watcher.answer.getheader("Content-Type") == "text/event-stream"
    seen = []
    for name, event, data in watcher.events():
        seen.append((name, event, data))
        if len(seen) == 1:
            assert data["state"] == "draft", data
            assert node.call("POST", f"/v1/notifications/{identity}:launch")[0] == 202
    states = [data["state"] for _, _, data in seen]
    assert states[-1] == "completed" and "sending" in states, states
    assert [name for name, _, _ in seen].count("settled") == 1 and seen[-1][0] == "settled"
    settled = [data["counts"]["accepted"] for _, _, data in seen]
    assert settled == sorted(settled) and settled[-1] == 300 and len(set(settled)) > 3, settled
    assert len({event for _, event, _ in seen}) == len(seen)
    assert Watcher(node, identity, seen[-1][1]).answer.status == 204
    again = list(Watcher(node, identity, seen[1][1]).events())
    assert again == [seen[-1]], again
    assert Watcher(node, "nothing").answer.status == 404


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    with Lab(emulator_flags=("--delay-ms", "20")) as lab:
        node = lab.node(sections={"limits": {"connections_per_credential": 2}}).start()
        node.make_key()
        feed_through_kills(node, lab.emulator, random.Random(seed))
        filters(node, explanations(node))
        history_and_reports(node)
        progress(node)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
