"""What the gateway emulator promises to those who test against it. Run by ctest as contract.emulator."""
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import unittest

import raw_h2
from emulator_process import Emulator, base64url

BINARY = sys.argv.pop(1)
DIRECTORY = tempfile.mkdtemp(prefix="emulator-test-")


def tearDownModule():
    shutil.rmtree(DIRECTORY)


def start(*flags):
    return Emulator(BINARY, DIRECTORY, *flags)


class WithEmulator(unittest.TestCase):
    FLAGS = ()

    @classmethod
    def setUpClass(cls):
        cls.emulator = start(*cls.FLAGS)
        cls.access_token = cls.emulator.mint()

    @classmethod
    def tearDownClass(cls):
        cls.emulator.__exit__()

    def push(self, token="device-1", **fields):
        return self.emulator.push(self.access_token, {"token": token, **fields})

    def connect(self):
        connection = raw_h2.Connection(self.emulator.ready["port"], self.emulator.ready["ca_file"])
        self.addCleanup(connection.close)
        return connection

    def post_raw(self, connection, token, complete=True):
        headers = self.emulator.push_headers(self.access_token)
        return connection.post(self.emulator.push_path, headers, self.body(token), complete)

    @staticmethod
    def body(token):
        return json.dumps({"message": {"token": token}}).encode()


class CommandLine(unittest.TestCase):
    def run_binary(self, *flags):
        return subprocess.run([BINARY, *flags], capture_output=True, text=True, timeout=10)

    def test_help_lists_the_scripted_tokens(self):
        done = self.run_binary("--help")
        self.assertEqual(0, done.returncode)
        for word in ("UNREG", "QUOTA<n>X", "--answer-rate", "/_control"):
            self.assertIn(word, done.stdout)

    def test_bad_flags_are_named_and_exit_with_2(self):
        for flags in (["--nonsense", "1"], ["--max-streams", "many"], ["--listen", "nowhere"], ["--delay-ms"],
                      ["--answer-rate", "429:2"], ["--answer-rate", "418:0.1"], []):
            done = self.run_binary(*flags)
            self.assertEqual(2, done.returncode, flags)
            self.assertIn(flags[0] if flags else "--directory", done.stderr)

    def test_print_token_mints_a_good_one_and_prints_nothing_else(self):
        directory = tempfile.mkdtemp(prefix="emulator-test-")
        process = subprocess.Popen([BINARY, "--directory", directory, "--print-token"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        try:
            token = process.stdout.readline().strip()
            with open(os.path.join(directory, "ready.json")) as file:
                self.assertEqual(token, json.load(file)["access_token"])
        finally:
            process.terminate()
            self.assertEqual("", process.communicate(timeout=10)[0])
            shutil.rmtree(directory)
        self.assertEqual(0, process.returncode)


class Identity(WithEmulator):
    def test_secrets_are_readable_by_their_owner_only(self):
        for name in ("service-account.json", "server.key", "ready.json"):
            mode = os.stat(os.path.join(DIRECTORY, name)).st_mode
            self.assertEqual(0o600, stat.S_IMODE(mode), name)

    def test_the_account_file_names_this_emulator(self):
        self.assertEqual(self.emulator.ready["base_url"] + "/token", self.emulator.account["token_uri"])

    def test_a_second_start_keeps_certificates_and_account(self):
        with open(self.emulator.ready["ca_file"]) as file:
            ca = file.read()
        with start() as second:
            with open(second.ready["ca_file"]) as file:
                self.assertEqual(ca, file.read())
            self.assertEqual(self.emulator.account["private_key"], second.account["private_key"])
            self.assertNotEqual(self.emulator.account["token_uri"], second.account["token_uri"])
            self.assertEqual(200, second.push(second.mint(), {"token": "a"}).status)


class TokenEndpoint(WithEmulator):
    def refused(self, assertion, error="invalid_grant", **more):
        answer = self.emulator.exchange(assertion, **more)
        self.assertEqual(400, answer.status)
        self.assertEqual(error, answer.json()["error"])
        self.assertTrue(answer.json()["error_description"])

    def test_a_signed_assertion_is_exchanged_over_both_versions_of_http(self):
        for version in ("--http1.1", "--http2"):
            answer = self.emulator.exchange(self.emulator.assertion(), version=version)
            self.assertEqual(200, answer.status)
            self.assertEqual("Bearer", answer.json()["token_type"])
            self.assertEqual(3600, answer.json()["expires_in"])
            self.assertEqual(200, self.emulator.push(answer.json()["access_token"], {"token": "a"}).status)

    def test_cloud_platform_scope_is_as_good(self):
        scope = "https://www.googleapis.com/auth/cloud-platform"
        self.assertEqual(200, self.emulator.exchange(self.emulator.assertion(scope=scope)).status)

    def test_another_key_is_refused(self):
        key = os.path.join(DIRECTORY, "stranger.key")
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        self.refused(self.emulator.assertion(key_file=key))

    def test_a_changed_claim_is_refused(self):
        head, claims, signature = self.emulator.assertion().split(".")
        other = self.emulator.assertion(exp=int(time.time()) + 3000).split(".")[1]
        self.assertNotEqual(claims, other)
        self.refused(".".join((head, other, signature)))

    def test_unsigned_assertions_are_refused(self):
        head = base64url(b'{"alg":"none","typ":"JWT"}')
        self.refused(head + "." + self.emulator.assertion().split(".")[1] + ".")

    def test_wrong_headers_are_refused(self):
        self.refused(self.emulator.assertion(header={"alg": "HS256"}))
        self.refused(self.emulator.assertion(header={"kid": "another"}))

    def test_wrong_claims_are_refused(self):
        now = int(time.time())
        self.refused(self.emulator.assertion(iss="stranger@example.com"))
        self.refused(self.emulator.assertion(aud="https://oauth2.googleapis.com/token"))
        self.refused(self.emulator.assertion(iat=now, exp=now + 3700))
        self.refused(self.emulator.assertion(iat=now - 7200, exp=now - 3600))
        self.refused(self.emulator.assertion(iat=now + 600, exp=now + 1200))
        self.refused(self.emulator.assertion(exp="soon"))
        self.refused(self.emulator.assertion(scope="https://www.googleapis.com/auth/drive"), "invalid_scope")

    def test_a_clock_that_is_half_a_minute_ahead_is_tolerated(self):
        now = int(time.time())
        self.assertEqual(200, self.emulator.exchange(self.emulator.assertion(iat=now + 30, exp=now + 3630)).status)

    def test_other_grants_and_forms_are_refused(self):
        self.refused(self.emulator.assertion(), "unsupported_grant_type", grant_type="client_credentials")
        for body in (b"", b"grant_type", b"grant_type=%zz"):
            answer = self.emulator.curl("POST", "/token", body, {"content-type": "application/x-www-form-urlencoded"})
            self.assertEqual((400, "invalid_request"), (answer.status, answer.json()["error"]))
        answer = self.emulator.curl("POST", "/token", b"{}", {"content-type": "application/json"})
        self.assertEqual(400, answer.status)

    def test_mints_are_counted(self):
        before = self.emulator.stats()
        self.emulator.mint()
        self.emulator.exchange("nonsense")
        after = self.emulator.stats()
        self.assertEqual(before["mints"] + 1, after["mints"])
        self.assertEqual(before["mints_refused"] + 1, after["mints_refused"])


class ShortLivedTokens(WithEmulator):
    FLAGS = ("--token-lifetime", "1")

    def test_an_expired_token_is_unauthenticated(self):
        answer = self.emulator.exchange(self.emulator.assertion()).json()
        self.assertEqual(1, answer["expires_in"])
        deadline = time.monotonic() + 10
        while self.emulator.push(answer["access_token"], {"token": "a"}).status != 401:
            self.assertLess(time.monotonic(), deadline)


class Credentials(WithEmulator):
    def unauthenticated(self, headers):
        answer = self.emulator.curl("POST", self.emulator.push_path, self.body("a"),
                                    {"content-type": "application/json", **headers})
        self.assertEqual((401, "UNAUTHENTICATED"), (answer.status, answer.error()["status"]))
        self.assertIsNone(answer.fcm_code())
        self.assertIn("www-authenticate", answer.headers)

    def test_without_a_good_bearer_token_nothing_goes(self):
        self.unauthenticated({})
        self.unauthenticated({"authorization": "Bearer ya29.c.invented"})
        self.unauthenticated({"authorization": "key=" + self.access_token})

    def test_another_project_is_denied(self):
        answer = self.emulator.curl("POST", "/v1/projects/another/messages:send", self.body("a"),
                                    self.emulator.push_headers(self.access_token))
        self.assertEqual((403, "PERMISSION_DENIED"), (answer.status, answer.error()["status"]))
        self.assertIsNone(answer.fcm_code())

    def test_revoked_tokens_are_unauthenticated_and_a_new_one_works(self):
        with start() as emulator:
            old = emulator.mint()
            self.assertEqual(200, emulator.push(old, {"token": "a"}).status)
            self.assertEqual(200, emulator.control(revoke_tokens=True).status)
            self.assertEqual(401, emulator.push(old, {"token": "a"}).status)
            self.assertEqual(200, emulator.push(emulator.mint(), {"token": "a"}).status)


class Messages(WithEmulator):
    def refused(self, field=None, fcm=None, **message):
        message.setdefault("token", "device-1")
        answer = self.emulator.push(self.access_token, {k: v for k, v in message.items() if v is not None})
        self.assertEqual((400, "INVALID_ARGUMENT"), (answer.status, answer.error()["status"]), message)
        if field is not None:
            violation = answer.details()["google.rpc.BadRequest"]["fieldViolations"][0]
            self.assertEqual(field, violation["field"])
        self.assertEqual("INVALID_ARGUMENT" if fcm else None, answer.fcm_code(), message)

    def test_a_full_message_is_accepted(self):
        answer = self.push(
            notification={"title": "Grüße", "body": "😀", "image": "https://example.com/a.png"},
            data={"notification": "n1", "deep_link": "app://x"},
            android={"collapse_key": "c", "priority": "HIGH", "ttl": "3.5s", "direct_boot_ok": True,
                     "data": {"a": "b"}, "fcm_options": {"analytics_label": "spring-1"},
                     "notification": {"channel_id": "c", "tag": "t", "color": "#a0B1c2", "notification_count": 3,
                                      "title_loc_args": ["x"], "event_time": "2026-01-02T03:04:05.678Z",
                                      "visibility": "PUBLIC", "notification_priority": "PRIORITY_HIGH",
                                      "vibrate_timings": ["0.1s", "2s"], "clickAction": "OPEN",
                                      "light_settings": {"color": {"red": 0.5}, "light_on_duration": "1s"}}},
            apns={"headers": {"apns-priority": "10"}, "payload": {"aps": {"badge": 3, "alert": {"title": "x"}}},
                  "fcm_options": {"image": "https://example.com/a.png"}},
            webpush={"headers": {"TTL": "10"}, "notification": {"actions": [{"a": 1}]},
                     "fcm_options": {"link": "https://example.com"}},
            fcm_options={"analytics_label": "x"})
        self.assertEqual(200, answer.status, answer.body)
        self.assertRegex(answer.json()["name"], r"^projects/pusher-emulated/messages/0:\S+$")

    def test_every_accepted_message_has_a_name_of_its_own(self):
        self.assertNotEqual(self.push().json()["name"], self.push().json()["name"])

    def test_unknown_fields_are_refused_wherever_they_are(self):
        self.refused(foo=1, field="message")
        self.refused(notification={"subtitle": "x"}, field="message.notification")
        self.refused(android={"notification": {"foo": "x"}}, field="message.android.notification")
        self.refused(apns={"aps": {}}, field="message.apns")
        self.refused(registration_ids=["a"])
        answer = self.emulator.curl("POST", self.emulator.push_path, b'{"message":{"token":"a"},"to":"a"}',
                                    self.emulator.push_headers(self.access_token))
        self.assertEqual(400, answer.status)

    def test_wrong_types_are_refused(self):
        self.refused(data={"count": 5}, field="message.data[0].value")
        self.refused(data={"a": "b", "nested": {}}, field="message.data[1].value")
        self.refused(data=["a"], field="message.data")
        self.refused(token=5)
        self.refused(notification="hello", field="message.notification")
        self.refused(notification={"title": 1}, field="message.notification.title")
        self.refused(android={"direct_boot_ok": "yes"}, field="message.android.direct_boot_ok")
        self.refused(android={"notification": {"notification_count": 1.5}})
        self.refused(android={"notification": {"title_loc_args": [1]}},
                     field="message.android.notification.title_loc_args[0]")
        self.refused(apns={"headers": {"apns-priority": 10}}, field="message.apns.headers[0].value")
        self.refused(apns={"payload": "{}"}, field="message.apns.payload")

    def test_ttl_is_a_duration_of_four_weeks_at_most(self):
        for good in ("0s", "86400s", "2419200s", "1.000000001s"):
            self.assertEqual(200, self.push(android={"ttl": good}).status, good)
        for bad in ("2419201s", "2419200.1s", "10", "-1s", "1.s", ".5s", "1m", "", "s", 10):
            self.refused(android={"ttl": bad}, field="message.android.ttl")

    def test_enumerations_are_checked(self):
        self.refused(android={"priority": "URGENT"}, field="message.android.priority")
        self.refused(android={"notification": {"visibility": "SOMETIMES"}})

    def test_reserved_data_keys_are_refused(self):
        for key in ("from", "message_type", "google.x", "gcm.notification.title"):
            self.refused(data={key: "x"}, field="message.data[0].key", fcm=True)
        self.refused(android={"data": {"from": "x"}}, field="message.android.data[0].key", fcm=True)

    def test_a_message_has_exactly_one_target(self):
        self.refused(token=None, fcm=True)
        self.refused(token="", fcm=True)
        self.refused(topic="news")
        self.refused(fid="x")
        for target in ({"topic": "news"}, {"condition": "'a' in topics"}, {"fid": "abc"}):
            self.assertEqual(200, self.emulator.push(self.access_token, target).status, target)
        self.refused(token=None, topic="/topics/news")

    def test_4096_bytes_pass_and_one_more_is_refused(self):
        self.assertEqual(200, self.push(data={"k": "x" * 4095}).status)
        self.refused(data={"k": "x" * 4096}, field="message", fcm=True)
        self.assertEqual(200, self.push(notification={"body": "x" * 4096}).status)
        self.refused(notification={"body": "x" * 4096, "title": "x"}, fcm=True)
        self.refused(data={"k": "ü" * 2048}, fcm=True)
        self.refused(data={"k": "x" * 2000}, android={"data": {"k": "x" * 2095}}, fcm=True)
        self.refused(apns={"payload": {"aps": {"alert": "x" * 4090}}}, fcm=True)
        self.refused(token=None, topic="t", data={"k": "x" * 2048}, fcm=True)

    def test_bodies_that_are_no_json_are_refused(self):
        for body in (b"", b"{", b"[]", b"null", b'{"message":{"token":"a"}}x', b'{"message":{"token":"\xff"}}',
                     b'{"message":{"token":"a"}}\0{', b"[" * 100000, b"{}", b'{"message":null}'):
            answer = self.emulator.curl("POST", self.emulator.push_path, body,
                                        self.emulator.push_headers(self.access_token))
            self.assertEqual(400, answer.status, body[:40])
            self.assertEqual("INVALID_ARGUMENT", answer.error()["status"])

    def test_huge_bodies_and_deep_ones_are_refused(self):
        self.refused(data={"k": "x" * 300000})
        deep = b'{"message":{"token":"a","apns":{"payload":{"a":' + b"[" * 50000 + b"]" * 50000 + b"}}}}"
        answer = self.emulator.curl("POST", self.emulator.push_path, deep,
                                    self.emulator.push_headers(self.access_token))
        self.assertEqual(400, answer.status)

    def test_other_content_types_are_refused(self):
        headers = {"authorization": "Bearer " + self.access_token, "content-type": "text/plain"}
        self.assertEqual(400, self.emulator.curl("POST", self.emulator.push_path, self.body("a"), headers).status)

    def test_validate_only_accepts_without_counting(self):
        before = self.emulator.stats()["unique_tokens_accepted"]
        body = b'{"validate_only":true,"message":{"token":"only-validated"}}'
        answer = self.emulator.curl("POST", self.emulator.push_path, body,
                                    self.emulator.push_headers(self.access_token))
        self.assertEqual(200, answer.status)
        self.assertEqual(before, self.emulator.stats()["unique_tokens_accepted"])


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
            answer = self.emulator.curl("POST", "/fcm/send", b"{}", version=version)
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


if __name__ == "__main__":
    unittest.main(verbosity=1)
