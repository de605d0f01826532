"""Results: the feed tells of each delivery once, whatever dies meanwhile."""
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


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    with Lab(emulator_flags=("--delay-ms", "20")) as lab:
        node = lab.node(sections={"limits": {"connections_per_credential": 2}}).start()
        node.make_key()
        feed_through_kills(node, lab.emulator, random.Random(seed))
        assert node.stop() == 0


if __name__ == "__main__":
    main()
