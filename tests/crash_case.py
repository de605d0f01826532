"""Four nodes with one role each, of which a test lets one die where it says. The others live on, so that what is doubled or
lost is the doing of that one crash."""
import datetime
import subprocess
import time
import unittest

from invariants import check_accepted_once, check_counts, pushes_by_token
from lab import Lab, until
from one_role import one_role_nodes, start_together

LEASE_MS, HEARTBEAT_MS, POLL_MS = 2_000, 500, 500
SLACK = 15  # seconds, for a busy machine
CONNECTIONS = 2
# What one sender may have sent without a record of it: its windows of unrecorded answers, and its streams.
AT_RISK = 256 + CONNECTIONS * 100
QUEUE = "1.fcm.production.campaign"
# Targets that were appended (of what is forgotten: all), and how many of them have no result in the journal, at one moment.
LOOK = """
local names = redis.call('KEYS', '{pusher}:fan-out:*')
local appended = names[1] and redis.call('HGET', names[1], 'audience') or ARGV[2]
return {tonumber(appended), tonumber(redis.call('HGET', '{pusher}:outstanding', ARGV[1]))}"""


class CrashCase(unittest.TestCase):
    DEVICES = 12_000
    EMULATOR_FLAGS = ()
    SECONDS = {}  # names and roles of nodes that are not started until a test does it
    LIMITS = {}
    feed, settled = "", []

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(emulator_flags=cls.EMULATOR_FLAGS)
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.stores = cls.lab.stores()
        cls.stores.start()
        cls.nodes = one_role_nodes(cls.lab, cls.stores, cls.SECONDS, **cls.LIMITS)
        start_together([node for name, node in cls.nodes.items() if name not in cls.SECONDS])
        cls.front = cls.nodes["front"]
        cls.front.make_key()
        cls.front.checks_answers = False  # pages of thousands of deliveries; other tests do it
        cls.devices = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"ok-{n}"}
                       for n in range(cls.DEVICES)]
        cls.front.import_devices(cls.devices)

    def redis(self, *arguments):
        return subprocess.run(["redis-cli", "-e", "-p", str(self.stores.redis_port), *arguments], capture_output=True,
                              text=True, check=True).stdout.strip()

    def restarted(self, role, fail, wait=True):
        """The node of a role, started anew with something that will befall it."""
        node = self.nodes[role]
        self.assertEqual(node.stop(), 0, node.log_tail())
        return node.start(wait=wait, fail=fail)

    def notification(self, name, **more):
        return {"content": {"title": "Hello", "data": {"notification": name}}, "audience": {"all": True}, "launch": True,
                **more}

    def launch(self, name, **more):
        status, made, _ = self.front.call("POST", "/v1/notifications", self.notification(name, **more))
        self.assertEqual(status, 201, made)
        return made["id"]

    def sent_but_unrecorded(self, name):
        """After a sender's death: what the gateway accepted without that the journal knows."""
        seen = [-1, sum(pushes_by_token(self.lab.emulator, name).values())]

        def all_answered():
            seen.append(sum(pushes_by_token(self.lab.emulator, name).values()))
            return seen[-1] == seen[-2] == seen[-3]
        until("the gateway to have answered all", all_answered, interval=0.1)
        appended, outstanding = map(int, self.redis("eval", LOOK, "0", QUEUE, str(self.DEVICES)).split())
        return seen[-1] - (appended - outstanding)

    def check(self, identity, name, doubled=0, since=None):
        """G3, G4, G5: everyone reached, so many of them twice, a row each, and nothing left of it in the journal."""
        self.front.wait_completed(identity)
        if since:
            print(f"{name}: completed {time.monotonic() - since:.2f} s after the restart, {doubled} doubled", flush=True)
        rows = check_counts(self.front, identity, self.DEVICES)
        self.assertTrue(all(row["outcome"] == "accepted" for row in rows.values()))
        twice = check_accepted_once(self.front, identity, self.devices, self.lab.emulator, name, most_duplicates=doubled)
        self.assertEqual(twice, doubled)
        self.assertEqual(self.redis("hget", "{pusher}:outstanding", QUEUE), "0")
        until("the journal to forget it", lambda: not self.redis("keys", "{pusher}:fan-out:*"))
        self.assertEqual(self.redis("hlen", "{pusher}:pending"), "0")
        self.assertEqual(self.settled_events(identity), 1, "completed once")

    def settled_events(self, identity):
        """How often the feed says that it is settled."""
        more = True
        while more:
            status, page, _ = self.front.call(
                "GET", "/v1/events?type=notification_settled&limit=1000" + (f"&cursor={self.feed}" if self.feed else ""))
            self.assertEqual(status, 200, page)
            self.settled.extend(each["notification_id"] for each in page["items"])
            type(self).feed, more = page["next_cursor"], page["has_more"]
        return self.settled.count(identity)


def at(line):
    return datetime.datetime.fromisoformat(line["ts"].replace("Z", "+00:00")).timestamp()


class TakeoverCase(CrashCase):
    """Who dies does not come back: another node follows."""
    DEVICES = 6_000
    EMULATOR_FLAGS = ("--delay-ms", "20")
    SECONDS = {"leader-2": "fan-out", "sender-2": "push-sender", "writer-2": "result-writer"}
    LIMITS = {"lease_ms": LEASE_MS, "heartbeat_ms": HEARTBEAT_MS, "poll_interval_ms": POLL_MS,
              "connections_per_credential": CONNECTIONS}

    def tearDown(self):
        for name in self.SECONDS:
            self.assertIn(self.nodes[name].stop(), (0, None))
        for node in self.nodes.values():
            if node.directory.name not in self.SECONDS and node.process.poll() is not None:
                node.start()

    def followed(self, who, event, most_ms, since):
        """Until the second one takes over, on a data directory of its own: it is told nothing by whoever died."""
        second = self.nodes[who]
        if second.process is None or second.process.poll() is not None:
            second.start()
        until(f"{who} to follow", lambda: second.events(event), most_ms / 1000 + SLACK)
        print(f"{self.id().rsplit('.')[-1]}: {who} followed after {at(second.events(event)[-1]) - since:.2f} s, "
              f"promised {most_ms / 1000} s after the last sign of life", flush=True)
