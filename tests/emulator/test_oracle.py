"""The log and the counters, by which other tests judge."""
import time
import unittest

import raw_h2
from emulator_case import WithEmulator, start


class Oracle(unittest.TestCase):
    def test_the_log_is_complete_after_sigterm(self):
        with start() as emulator:
            access_token = emulator.mint()
            emulator.push(access_token, {"token": "a", "data": {"notification": "n1"}})
            emulator.push(access_token, {"token": "UNREG", "data": {"notification": "n1"}})
            emulator.push(access_token, {"token": "a\tb\n", "data": {"x": "y"}})
            emulator.push(access_token, {"topic": "news"})
            emulator.push(access_token, {"token": "bad", "nonsense": 1})
            emulator.push("wrong", {"token": "stranger"})
            self.assertEqual(0, emulator.stop())
            rows = emulator.log()
        self.assertEqual([
            ["200", "a", "n1", "-"], ["404", "UNREG", "n1", "UNREGISTERED"], ["200", "a?b?", "-", "-"],
            ["200", "news", "-", "-"], ["400", "bad", "-", "INVALID_ARGUMENT"],
            ["401", "stranger", "-", "UNAUTHENTICATED"]], [row[1:5] for row in rows])
        times = [int(row[0]) for row in rows]
        self.assertEqual(sorted(times), times)
        self.assertEqual(6, len({row[5] for row in rows}))
        self.assertEqual({"1"}, {row[6] for row in rows})

    def test_the_log_holds_what_a_client_sent_that_died_before_the_answer(self):
        with start("--delay-ms", "60000") as emulator:
            access_token = emulator.mint()
            connection = raw_h2.Connection(emulator.ready["port"], emulator.ready["ca_file"])
            connection.post(emulator.push_path, emulator.push_headers(access_token), WithEmulator.body("orphan"))
            deadline = time.monotonic() + 10
            while "orphan" not in [row[2] for row in emulator.log()]:
                self.assertLess(time.monotonic(), deadline)
            connection.close()
            self.assertEqual(0, emulator.stop())

    def test_the_log_holds_all_that_was_answered_before_a_request_to_the_control_endpoints(self):
        with start() as emulator:
            access_token = emulator.mint()
            for number in range(20):
                emulator.push(access_token, {"token": "seen-%d" % number})
                emulator.stats()
                self.assertEqual(number + 1, len(emulator.log()))

    def test_the_counters_tell_unique_tokens_from_duplicates(self):
        with start() as emulator:
            access_token = emulator.mint()
            for token, notification in (("a", "n1"), ("a", "n1"), ("a", "n2"), ("b", "n1"), ("UNREG", "n1")):
                emulator.push(access_token, {"token": token, "data": {"notification": notification}})
            stats = emulator.stats()
        self.assertEqual((5, 2, 1, 1), (stats["requests"], stats["unique_tokens_accepted"],
                                        stats["duplicates_accepted"], stats["mints"]))
        self.assertEqual({"200": 4, "404": 1}, stats["by_status"])
        self.assertGreaterEqual(stats["connections"], 6)
