"""Scripted answers, streams, connections and rates."""
import time
import unittest

import raw_h2
from emulator_case import WithEmulator, start


class ScriptedTokens(WithEmulator):
    def test_each_prefix_has_its_answer(self):
        for token, status, code, grpc in (
                ("UNREG1", 404, "UNREGISTERED", "NOT_FOUND"),
                ("BAD1", 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
                ("BADTOKEN1", 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
                ("MISMATCH1", 403, "SENDER_ID_MISMATCH", "PERMISSION_DENIED"),
                ("AUTH1", 401, "THIRD_PARTY_AUTH_ERROR", "UNAUTHENTICATED"),
                ("DOWN1", 503, "UNAVAILABLE", "UNAVAILABLE"),
                ("QUOTA1X1", 429, "QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED"),
                ("UNAVAIL1X1", 503, "UNAVAILABLE", "UNAVAILABLE"),
                ("INTERNAL1X1", 500, "INTERNAL", "INTERNAL")):
            answer = self.push(token)
            self.assertEqual((status, code, grpc), (answer.status, answer.fcm_code(), answer.error()["status"]), token)
            self.assertEqual(status, answer.error()["code"])
            retry_after = answer.headers.get("retry-after")
            self.assertEqual("1" if status in (429, 503) else None, retry_after, token)

    def test_only_a_bad_token_is_called_one(self):
        self.assertIn("registration token is not a valid", self.push("BADTOKEN2").error()["message"])
        self.assertNotIn("token", self.push("BAD2").error()["message"])

    def test_counted_failures_end_in_success(self):
        for prefix, status in (("QUOTA", 429), ("UNAVAIL", 503), ("INTERNAL", 500)):
            token = prefix + "2Xend"
            self.assertEqual([status, status, 200], [self.push(token).status for _ in range(3)])

    def test_a_token_says_what_it_gets(self):
        answer = self.push("SAY-503-UNAVAILABLE-R12-x")
        self.assertEqual((503, "UNAVAILABLE", "12"), (answer.status, answer.fcm_code(), answer.headers["retry-after"]))
        answer = self.push("SAY-429-none-x")
        self.assertEqual((429, None, "RESOURCE_EXHAUSTED"), (answer.status, answer.fcm_code(), answer.error()["status"]))
        self.assertEqual([404, 404, 200], [self.push("SAY2X-404-UNREGISTERED-x").status for _ in range(3)])
        for other in ("SAY", "SAY-", "SAY-x-y-z", "SAY-700-x", "SAY-503", "SAYINGS", "SAY-503x-y"):
            self.assertEqual(200, self.push(other).status, other)

    def test_a_redirect_names_another_path_of_the_same_host(self):
        answer = self.push("REDIRECT")
        self.assertEqual((307, "/elsewhere" + self.emulator.push_path), (answer.status, answer.headers["location"]))

    def test_prefixes_without_their_number_are_ordinary(self):
        self.assertEqual(200, self.push("QUOTAx").status)
        self.assertEqual(200, self.push("INTERNAL5").status)

    def test_html_and_garbage_are_no_json(self):
        answer = self.push("HTML1")
        self.assertEqual(404, answer.status)
        self.assertTrue(answer.headers["content-type"].startswith("text/html"))
        answer = self.push("GARBAGE1")
        self.assertEqual(200, answer.status)
        self.assertRaises(ValueError, answer.json)

    def test_huge_streams_a_hundred_megabytes(self):
        answer = self.push("HUGE1")
        self.assertEqual(200, answer.status)
        self.assertGreater(len(answer.body), 100_000_000 - 1)

    def test_hang_never_answers_while_others_on_its_connection_do(self):
        connection = self.connect()
        silent = self.post_raw(connection, "HANG1")
        answered = self.post_raw(connection, "device")
        frame, seen = connection.until(lambda kind, flags, stream, _: kind == raw_h2.DATA and flags & raw_h2.END_STREAM)
        self.assertEqual(answered, frame[2])
        self.assertNotIn(silent, [each[2] for each in seen])

    def test_reset_and_refuse_end_the_stream_with_their_codes(self):
        connection = self.connect()
        for token, code in (("RESET1", raw_h2.INTERNAL_ERROR), ("REFUSE1X1", raw_h2.REFUSED_STREAM)):
            stream = self.post_raw(connection, token)
            frame, _ = connection.until(lambda kind, *_: kind == raw_h2.RST_STREAM)
            self.assertEqual((stream, code), (frame[2], int.from_bytes(frame[3], "big")))
        self.assertEqual(200, self.push("REFUSE1X1").status)


class Streams(WithEmulator):
    FLAGS = ("--max-streams", "3")

    def test_the_limit_is_announced_and_going_beyond_is_answered_with_goaway(self):
        connection = self.connect()
        settings, _ = connection.until(lambda kind, flags, *_: kind == raw_h2.SETTINGS and not flags & raw_h2.ACK)
        self.assertEqual(3, raw_h2.parse_settings(settings[3])[raw_h2.MAX_CONCURRENT_STREAMS])
        connection.socket.sendall(connection.frame(raw_h2.SETTINGS, raw_h2.ACK, 0, b""))
        for _ in range(4):
            self.post_raw(connection, "HANG1")
        frame, _ = connection.until(lambda kind, *_: kind == raw_h2.GOAWAY)
        self.assertIsNotNone(frame)
        self.assertEqual(5, raw_h2.parse_goaway(frame[3])[0])

    def test_a_push_over_http_1_is_refused(self):
        answer = self.emulator.curl("POST", self.emulator.push_path, self.body("a"),
                                    self.emulator.push_headers(self.access_token), version="--http1.1")
        self.assertEqual(505, answer.status)

    def test_other_protocols_are_refused_in_the_handshake(self):
        with self.assertRaises(OSError):
            raw_h2.Connection(self.emulator.ready["port"], self.emulator.ready["ca_file"], ["spdy/3"])

    def test_unknown_paths_answer_googles_html_404(self):
        for version in ("--http2", "--http1.1"):
            answer = self.emulator.curl("POST", "/batch", b"{}", version=version)
            self.assertEqual(404, answer.status)
            self.assertIn(b"<html", answer.body)


class GoingAway(WithEmulator):
    FLAGS = ("--goaway-every", "3")

    def test_goaway_names_the_last_stream_and_serves_those_before_it(self):
        connection = self.connect()
        late = self.post_raw(connection, "late", complete=False)
        streams = [self.post_raw(connection, "device-%d" % i) for i in range(3)]
        frame, _ = connection.until(lambda kind, *_: kind == raw_h2.GOAWAY)
        last, code, _ = raw_h2.parse_goaway(frame[3])
        self.assertEqual((streams[-1], raw_h2.NO_ERROR), (last, code))
        connection.finish(late, self.body("late"))
        frame, seen = connection.until(lambda kind, flags, stream, _: kind == raw_h2.DATA and stream == late)
        self.assertIsNotNone(frame)
        end, _ = connection.until(lambda *_: False)
        self.assertIsNone(end)

    def test_streams_after_goaway_are_not_processed(self):
        connection = self.connect()
        tokens = ["together-%d" % i for i in range(6)]
        requests = [connection.request(self.emulator.push_path, self.emulator.push_headers(self.access_token),
                                       self.body(token)) for token in tokens]
        connection.socket.sendall(b"".join(frames for _, frames in requests))
        _, seen = connection.until(lambda *_: False)
        last = next(raw_h2.parse_goaway(each[3])[0] for each in seen if each and each[0] == raw_h2.GOAWAY)
        processed = [token for token, (stream, _) in zip(tokens, requests) if stream <= last]
        self.assertEqual(tokens[:3], processed)
        served = {row[2] for row in self.wait_for_log(tokens[2])}
        self.assertEqual(set(processed), served & set(tokens))

    def wait_for_log(self, target):
        deadline = time.monotonic() + 10
        while target not in [row[2] for row in self.emulator.log()]:
            self.assertLess(time.monotonic(), deadline)
        return self.emulator.log()


class Dropping(WithEmulator):
    FLAGS = ("--drop-every", "2")

    def test_the_connection_ends_without_a_word_after_so_many_requests(self):
        connection = self.connect()
        self.post_raw(connection, "HANG1")
        self.post_raw(connection, "device")
        end, seen = connection.until(lambda *_: False)
        self.assertIsNone(end)
        self.assertNotIn(raw_h2.GOAWAY, [each[0] for each in seen if each])


class Rates(unittest.TestCase):
    TOKENS = ["rated-%d" % i for i in range(60)]

    def statuses(self, *flags):
        with start(*flags) as emulator:
            access_token = emulator.mint()
            connection = raw_h2.Connection(emulator.ready["port"], emulator.ready["ca_file"])
            for token in self.TOKENS + self.TOKENS:
                connection.post(emulator.push_path, emulator.push_headers(access_token), WithEmulator.body(token))
                connection.until(lambda kind, flags, *_: kind == raw_h2.DATA and flags & raw_h2.END_STREAM)
            connection.close()
            self.assertEqual(0, emulator.stop())
            return [int(row[1]) for row in emulator.log()]

    def test_a_share_of_first_attempts_fails_and_the_same_in_every_run(self):
        first = self.statuses("--answer-rate", "429:0.3", "--answer-rate", "503:0.3")
        again = self.statuses("--answer-rate", "429:0.3", "--answer-rate", "503:0.3")
        self.assertEqual(first, again)
        self.assertEqual({200, 429, 503}, set(first[:60]))
        self.assertEqual({200}, set(first[60:]))

    def test_beyond_the_maximum_rate_pushes_are_told_to_wait(self):
        with start("--max-rate", "1") as emulator:
            access_token = emulator.mint()
            deadline = time.monotonic() + 10
            while True:
                answer = emulator.push(access_token, {"token": "a"})
                if answer.status == 429:
                    break
                self.assertLess(time.monotonic(), deadline)
            self.assertEqual(("QUOTA_EXCEEDED", "1"), (answer.fcm_code(), answer.headers["retry-after"]))

    def test_answers_are_delayed_all_at_once_and_not_one_after_another(self):
        with start("--delay-ms", "200") as emulator:
            access_token = emulator.mint()
            connection = raw_h2.Connection(emulator.ready["port"], emulator.ready["ca_file"])
            begin = time.monotonic()
            for i in range(50):
                connection.post(emulator.push_path, emulator.push_headers(access_token), WithEmulator.body("d%d" % i))
            for _ in range(50):
                frame, _ = connection.until(lambda kind, flags, *_: kind == raw_h2.DATA and flags & raw_h2.END_STREAM)
                self.assertIsNotNone(frame)
            elapsed = time.monotonic() - begin
            connection.close()
        self.assertGreaterEqual(elapsed, 0.2)
        self.assertLess(elapsed, 50 * 0.2)


class Control(WithEmulator):
    def tearDown(self):
        self.emulator.control(fail="none")

    def test_all_pushes_fail_until_told_otherwise(self):
        for name in ("503", "500", "429", "401"):
            self.assertEqual(200, self.emulator.control(fail=name).status)
            self.assertEqual(int(name), self.push().status)
        self.emulator.control(fail="hang")
        self.assertEqual(28, self.emulator.push(self.access_token, {"token": "a"}, seconds=1).exit_code)
        self.emulator.control(fail="none")
        self.assertEqual(200, self.push().status)

    def test_unknown_orders_are_refused(self):
        for order in ({}, {"fail": "later"}, {"explode": True}, {"revoke_tokens": "yes"}):
            self.assertEqual(400, self.emulator.control(**order).status, order)
        self.assertEqual(200, self.push().status)

    def test_connections_are_closed_on_demand(self):
        connection = self.connect()
        self.post_raw(connection, "HANG1")
        self.assertEqual(200, self.emulator.control(close_connections=True).status)
        end, seen = connection.until(lambda *_: False)
        self.assertIsNone(end)
