"""G16: batches that kill their sender again and again become dead letters with their reason, an alarm and a line in the log; a
sender starts and works on without them, and requeued they are sent."""
import unittest

from crash_case import QUEUE, CrashCase
from lab import until


class Poison(CrashCase):
    DEVICES = 8

    def test_it_is_contained(self):
        sender = self.nodes["sender"]
        self.assertEqual(sender.stop(), 0)
        poison = self.launch("poison")
        until("it to be appended", lambda: self.redis("hget", "{pusher}:outstanding", QUEUE) == "8")
        deaths = 0
        while self.redis("xlen", "{pusher}:dead") != "8":
            sender.start(wait=False, fail="push_sender.answered:1:exit")
            until("the sender to die, or all to be dead letters", lambda: sender.process.poll() is not None
                  or self.redis("xlen", "{pusher}:dead") == "8")
            deaths += sender.process.poll() is not None
            # Each device dies alone, so that it takes no other along: five strikes each at most, and two together.
            self.assertLess(deaths, 8 * 5 + 3)
        print(f"dead letters after {deaths} deaths", flush=True)
        # Whoever buried them lives, says so, and does what else there is.
        sender.wait_ready()
        metric = 'pusher_dead_letters_total{reason="no_progress",stage="push-sender"}'
        self.assertGreaterEqual(sender.metric(metric), 1)  # those before were buried by those who died later
        self.assertEqual(len(sender.events("journal.dead_letter")), 8)
        until("the alarm", lambda: self.front.metric('pusher_journal_entries{place="dead_letters"}') == 8)
        self.assertIn("dead letters", self.front.inspect("status", code=1))
        letters = self.front.inspected("dead-letters")["dead_letters"]
        # One device each: the batch was split, so that one bad device could not have taken others along.
        self.assertEqual([each["targets"] for each in letters], [1] * 8)
        self.assertEqual({each["reason"] for each in letters}, {"claimed 5 times without progress"})
        self.assertEqual(self.front.notification(poison)["counts"]["pending"], 8)
        self.assertEqual(sender.stop(), 0)
        sender.start()
        healthy = self.launch("healthy")
        self.assertEqual(self.front.wait_completed(healthy)["counts"]["accepted"], 8)
        done = self.front.inspected("dead-letters", "requeue", "all")
        self.assertEqual((done["requeued"], done["targets"]), (8, 8))
        self.assertEqual(self.front.wait_completed(poison)["counts"]["accepted"], 8)


if __name__ == "__main__":
    unittest.main()
