"""G7: who dies at a crash point and does not come back is followed by another node when its lease or heartbeat is gone."""
import time
import unittest

from crash_case import AT_RISK, HEARTBEAT_MS, LEASE_MS, POLL_MS, TakeoverCase


class Takeover(TakeoverCase):
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

    def test_fan_out_fails_again_and_again(self):
        """Its process lives and could keep the lease for ever: it gives it back until its fan-out plays again."""
        first, second = self.nodes["leader"], self.nodes["leader-2"]
        self.restarted("leader", "fan_out.committing:1+:throw")
        (second.directory / "node.log").unlink(missing_ok=True)
        second.start()  # stands by
        identity = self.launch("again")
        self.followed("leader-2", "fan_out.leads", 2 * LEASE_MS, time.time())
        self.check(identity, "again")
        self.assertEqual(first.stop(), 0)
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


if __name__ == "__main__":
    unittest.main()
