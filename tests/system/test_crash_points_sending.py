"""Crash points S1 to W2 of docs/guarantees.md: push-sender and result-writer die exactly there; what is doubled is what the
gateway had seen and the journal did not know, to the last push."""
import time
import unittest

from crash_case import AT_RISK, CONNECTIONS, CrashCase
from lab import until


class Sender(CrashCase):
    DEVICES = 6_000
    EMULATOR_FLAGS = ("--delay-ms", "20")
    LIMITS = {"connections_per_credential": CONNECTIONS}

    def crash(self, name, fail):
        self.restarted("sender", fail)
        identity = self.launch(name)
        self.nodes["sender"].wait_fallen()
        unrecorded = self.sent_but_unrecorded(name)
        since = time.monotonic()
        self.nodes["sender"].start()
        self.check(identity, name, doubled=unrecorded, since=since)
        took = self.nodes["sender"].events("push_sender.took_over")
        self.assertTrue(took, "it took up what its predecessor had claimed")
        return unrecorded

    def test_s1_claimed_and_none_sent(self):
        self.assertEqual(self.crash("s1", "push_sender.claimed:1:exit"), 0)

    def test_s2_half_of_the_batches_sent(self):
        unrecorded = self.crash("s2", "push_sender.answered:30:exit")
        self.assertTrue(0 < unrecorded <= AT_RISK, unrecorded)

    def test_s3_all_of_a_batch_sent_and_not_recorded(self):
        unrecorded = self.crash("s3", "push_sender.recording:2:exit")
        self.assertTrue(0 < unrecorded <= AT_RISK, unrecorded)

    def test_s4_recorded_and_nobody_knows(self):
        """What the record itself was for is not doubled: only what came behind it."""
        for turn in (1, 5):
            name = f"s4-{turn}"
            unrecorded = self.crash(name, f"push_sender.recorded:{turn}:exit")
            self.assertLessEqual(unrecorded, AT_RISK)


class SmallBatch(CrashCase):
    """All of a notification in one batch that is recorded by one record: after it there is nothing to double."""
    DEVICES = 100
    LIMITS = {"record_interval_ms": 1000}

    def test_s3_and_s4(self):
        for name, fail, doubled in (("s3-small", "push_sender.recording:1:exit", 100), ("s4-small", "push_sender.recorded:1:exit", 0)):
            self.restarted("sender", fail)
            identity = self.launch(name)
            self.nodes["sender"].wait_fallen()
            self.assertEqual(self.sent_but_unrecorded(name), doubled)
            self.nodes["sender"].start()
            self.check(identity, name, doubled=doubled)


class Writer(CrashCase):
    """Sent slowly enough that the writer has several transactions of each notification."""
    DEVICES = 6_000
    EMULATOR_FLAGS = ("--delay-ms", "80")
    LIMITS = {"connections_per_credential": CONNECTIONS}

    def crash(self, name, fail):
        """Gives the writer's numbers of new and repeated rows after its restart."""
        writer = self.nodes["writer"]
        self.restarted("writer", fail)
        identity = self.launch(name)
        writer.wait_fallen()
        until("all to be sent", lambda: self.sent_but_unrecorded(name) == 0)
        # What was committed is whole: rows and counts agree while nobody writes.
        committed = self.front.notification(identity)["counts"]["accepted"]
        self.assertEqual(len(self.front.deliveries(identity)), committed)
        since = time.monotonic()
        writer.start()
        self.check(identity, name, since=since)
        until("the writer's numbers", lambda: writer.metric('pusher_delivery_rows_total{row="new"}') + committed == self.DEVICES)
        return committed, writer.metric('pusher_delivery_rows_total{row="repeated"}')

    def test_w1_committed_and_not_acknowledged(self):
        committed, repeated = self.crash("w1", "result_writer.committed:2:exit")
        self.assertTrue(0 < committed and 0 < repeated <= committed, (committed, repeated))

    def test_w2_in_the_middle_of_a_transaction(self):
        for turn in (1, 3):
            committed, repeated = self.crash(f"w2-{turn}", f"result_writer.rows_inserted:{turn}:exit")
            self.assertEqual(committed > 0, turn > 1)
            self.assertEqual(repeated, 0)


if __name__ == "__main__":
    unittest.main()
