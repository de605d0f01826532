"""G4, G5, G8: a step is executed in Redis and its reply never comes. The process lives on, does the step again, and it has no
second effect."""
import signal
import unittest

from crash_case import CrashCase
from lab import until
from relay import Relay

# How many entries a stream ever got.
ADDED = """
local facts = redis.call('XINFO', 'STREAM', KEYS[1])
for at = 1, #facts, 2 do if facts[at] == 'entries-added' then return facts[at + 1] end end"""
FAILED = {"leader": "fan_out.store_failed", "sender": "push_sender.store_failed", "writer": "result_writer.store_failed"}


class RepliesLost(CrashCase):
    DEVICES = 6_000

    def loses_the_reply(self, role, point, look):
        """The role's node stops before a step; meanwhile Redis becomes one that hears and does not answer. `look` changes when the
        step was executed."""
        node, relay = self.nodes[role], Relay(self.stores.redis_port)
        self.addCleanup(relay.stop)
        self.addCleanup(self.goes_by, node, self.stores.redis_port)
        self.goes_by(node, relay.port, fail=point + ":stop")
        identity = self.launch(point)
        node.wait_stopped()
        before, failed = look(), len(node.events(FAILED[role]))
        relay.deaf()
        node.process.send_signal(signal.SIGCONT)
        until("the step to be executed", lambda: look() != before)
        relay.heal()
        self.check(identity, point)
        self.assertGreater(len(node.events(FAILED[role])), failed, "it has lost a reply")
        self.assertIsNone(node.process.poll())

    def goes_by(self, node, port, fail=""):
        self.assertIn(node.stop(), (0, None))
        node.sections["redis"] = {**node.sections["redis"], "port": port}
        node.write_config()
        node.start(fail=fail)

    def appended(self):
        return self.redis("hget", self.redis("keys", "{pusher}:fan-out:*"), "audience")

    def recorded(self):
        return self.redis("eval", ADDED, "1", "{pusher}:results")

    def test_of_a_page(self):
        self.loses_the_reply("leader", "fan_out.committing:2", self.appended)

    def test_of_a_record(self):
        self.loses_the_reply("sender", "push_sender.recording:2", self.recorded)

    def test_of_an_acknowledgement(self):
        self.loses_the_reply("writer", "result_writer.committed:2", lambda: self.redis("hgetall", "{pusher}:pending"))


if __name__ == "__main__":
    unittest.main()
