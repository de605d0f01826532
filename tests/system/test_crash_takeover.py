"""G6, G7: who dies or stops at a crash point and does not come back is followed by another node when its lease or heartbeat is
gone; who is stopped for three leases and wakes up has no effect any more."""
import datetime
import signal
import time
import unittest

from crash_case import CrashCase
from lab import until

LEASE_MS, HEARTBEAT_MS, POLL_MS = 2_000, 500, 500
SLACK = 15  # seconds, for a busy machine
CONNECTIONS = 2
AT_RISK = 256 + CONNECTIONS * 100


def at(line):
    return datetime.datetime.fromisoformat(line["ts"].replace("Z", "+00:00")).timestamp()


class Takeover(CrashCase):
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

    def test_fan_out_dies(self):
        for point in ("fan_out.lease_taken:1", "fan_out.committed:2", "fan_out.concluding:1"):
            with self.subTest(point):
                first, second = self.nodes["leader"], self.nodes["leader-2"]
                self.restarted("leader", point + ":exit", wait=False)
                identity = self.launch(point)
                first.wait_fallen()
                (second.directory / "node.log").unlink(missing_ok=True)
                self.followed("leader-2", "fan_out.leads", LEASE_MS + 1000, time.time())
                self.check(identity, point)
                self.assertEqual(second.stop(), 0)
                first.start()

    def test_sender_dies(self):
        first, second = self.nodes["sender"], self.nodes["sender-2"]
        for fail in ("push_sender.claimed:1", "push_sender.answered:30"):
            with self.subTest(fail):
                self.restarted("sender", fail + ":exit")
                identity = self.launch(fail)
                first.wait_fallen()
                fallen = time.time()
                unrecorded = self.sent_but_unrecorded(fail)
                self.assertLessEqual(unrecorded, AT_RISK)
                (second.directory / "node.log").unlink(missing_ok=True)
                self.followed("sender-2", "push_sender.took_over", 3 * HEARTBEAT_MS + POLL_MS, fallen)
                self.check(identity, fail, doubled=unrecorded)
                self.assertEqual(second.stop(), 0)
                first.start()

    def test_writer_dies(self):
        self.restarted("writer", "result_writer.committed:2:exit")
        identity = self.launch("writer")
        self.nodes["writer"].wait_fallen()
        self.nodes["writer-2"].start()
        self.check(identity, "writer")

    def stopped_and_woken(self, name, point, **more):
        """F4: the leader stops for three leases, another leads meanwhile; woken up, it stands down."""
        first, second = self.nodes["leader"], self.nodes["leader-2"]
        self.restarted("leader", f"{point}:stop")
        stood_down = len(first.events("fan_out.stood_down"))
        second.start()  # stands by
        identity = self.launch(name, **more)
        first.wait_stopped()
        try:
            epoch = int(self.redis("get", "{pusher}:epoch"))
            since = time.time()
            time.sleep(3 * LEASE_MS / 1000)  # the fault itself
            self.followed("leader-2", "fan_out.leads", LEASE_MS + 1000, since)
            self.assertEqual(int(self.redis("get", "{pusher}:epoch")), epoch + 1)
        finally:
            first.process.send_signal(signal.SIGCONT)
        until("the former leader to stand down", lambda: len(first.events("fan_out.stood_down")) > stood_down)
        return identity

    def test_f4_stopped_between_lease_check_and_append(self):
        """While the new leader is in the midst of the same notification."""
        identity = self.stopped_and_woken("f4", "fan_out.committing:2", rate_per_second=600)
        self.assertEqual(self.front.notification(identity)["state"], "sending")
        self.check(identity, "f4")
        self.check(self.launch("f4-next"), "f4-next")

    def test_f4_stopped_before_it_marks_complete(self):
        identity = self.stopped_and_woken("f4-concluding", "fan_out.concluding:1")
        self.check(identity, "f4-concluding")


if __name__ == "__main__":
    unittest.main()
