"""Huawei Push Kit: access tokens, messages to many devices, and its answers, most of them with status 200."""
import json
import os
import stat
import time
import urllib.parse

from emulator_case import WithEmulator

FORM = {"content-type": "application/x-www-form-urlencoded"}


class WithHms(WithEmulator):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(cls.emulator.ready["hms_app_secret_file"]) as file:
            cls.secret = file.read()
        cls.hms_token = cls.mint(cls.emulator, cls.secret).json()["access_token"]

    @staticmethod
    def mint(emulator, secret, version="--http1.1", **changes):
        form = {"grant_type": "client_credentials", "client_id": emulator.ready["hms_app_id"], "client_secret": secret}
        return emulator.curl("POST", "/oauth2/v3/token", urllib.parse.urlencode({**form, **changes}).encode(), FORM, version)

    def post(self, body, version="--http2", path=None, token=None, seconds=10, content_type="application/json"):
        path = path or "/v1/%s/messages:send" % self.emulator.ready["hms_app_id"]
        headers = {"authorization": "Bearer " + (token or self.hms_token), "content-type": content_type}
        return self.emulator.curl("POST", path, body, headers, version, seconds)

    def send(self, *tokens, version="--http2", **fields):
        message = {"token": list(tokens), "data": "hello", **fields}
        return self.post(json.dumps({"message": {k: v for k, v in message.items() if v is not None}}).encode(), version)

    def answered(self, code, answer, status=200):
        self.assertEqual((status, code), (answer.status, answer.json()["code"]), answer.body)
        self.assertTrue(answer.json()["msg"])
        self.assertTrue(answer.json()["requestId"])


class AccessTokens(WithHms):
    def test_client_credentials_get_a_token_over_both_versions_of_http(self):
        for version in ("--http1.1", "--http2"):
            answer = self.mint(self.emulator, self.secret, version)
            self.assertEqual((200, 3600, "Bearer"), (answer.status, answer.json()["expires_in"], answer.json()["token_type"]))
            self.assertIn(b"\\/", answer.body)
            message = b'{"message":{"token":["a"],"data":"x"}}'
            self.answered("80000000", self.post(message, token=answer.json()["access_token"]))

    def test_wrong_credentials_are_refused(self):
        for spoilt in ({"client_secret": "x"}, {"client_id": "1"}, {"grant_type": "password"}):
            answer = self.mint(self.emulator, self.secret, **spoilt)
            self.assertEqual((400, 1101), (answer.status, answer.json()["error"]))
            self.assertTrue(answer.json()["sub_error"])
        answer = self.emulator.curl("POST", "/oauth2/v3/token", b"{}", {"content-type": "application/json"})
        self.assertEqual(400, answer.status)

    def test_the_secret_is_for_its_owner(self):
        self.assertEqual(0o600, stat.S_IMODE(os.stat(self.emulator.ready["hms_app_secret_file"]).st_mode))

    def test_unknown_and_revoked_tokens(self):
        self.answered("80200001", self.post(b"{}", token="x"))
        path = "/v1/%s/messages:send" % self.emulator.ready["hms_app_id"]
        self.answered("80200001", self.emulator.curl("POST", path, b"{}", {"content-type": "application/json"}))
        with self.another() as emulator:
            old = self.mint(emulator, self.secret).json()["access_token"]
            message = b'{"message":{"token":["a"],"data":"x"}}'
            self.answered("80000000", self.post(message, token=old))
            emulator.control(revoke_tokens=True)
            self.answered("80200001", self.post(message, token=old))


class ShortLivedTokens(WithHms):
    FLAGS = ("--token-lifetime", "1")

    def test_an_expired_token_is_told_from_an_unknown_one(self):
        deadline = time.monotonic() + 10
        while self.send("a").json()["code"] != "80200003":
            self.assertLess(time.monotonic(), deadline)


class Messages(WithHms):
    def refused(self, code="80100003", **fields):
        self.answered(code, self.send("a", **fields))

    def test_both_paths_and_versions_of_http_work(self):
        for version in ("--http1.1", "--http2"):
            self.answered("80000000", self.send("a", "b", version=version))
        body = b'{"message":{"token":["a"],"data":"x"}}'
        self.answered("80000000", self.post(body, path="/v2/%s/messages:send" % self.emulator.ready["hms_app_id"]))
        self.answered("80300002", self.post(body, path="/v1/200000002/messages:send"))

    def test_a_full_message_is_accepted(self):
        self.answered("80000000", self.send("a", notification={"title": "t", "body": "b"}, android={
            "urgency": "HIGH", "ttl": "86400s", "collapse_key": -1, "category": "IM", "bi_tag": "b", "receipt_id": "r",
            "notification": {"title": "t", "body": "b", "click_action": {"type": 3}, "channel_id": "c",
                             "badge": {"add_num": 1, "class": "x"}, "style": 1, "notify_id": 7}}))

    def test_unknown_fields_are_refused_wherever_they_are(self):
        for fields in ({"foo": 1}, {"android": {"priority": "HIGH"}}, {"notification": {"click_action": {"type": 1}}},
                       {"android": {"notification": {"click_action": {"type": 3, "x": 1}}}}):
            self.refused(**fields)
        self.answered("80100003", self.post(b'{"message":{"token":["a"],"data":"x"},"to":"a"}'))

    def test_types_are_checked(self):
        for fields in ({"data": {"a": "b"}}, {"data": 1}, {"token": "a"}, {"token": [1]}, {"android": []},
                       {"android": {"collapse_key": "1"}}, {"android": {"ttl": 5}}, {"notification": "x"}):
            self.refused(**fields)
        for body in (b"", b"{", b"[]", b"{}", b'{"message":1}', b'{"message":{"token":["\xff"],"data":"x"}}'):
            self.answered("80100003", self.post(body))
        self.answered("80100003", self.post(b'{"message":{"token":["a"],"data":"x"}}', content_type="text/plain"))

    def test_a_message_needs_content_and_one_kind_of_target(self):
        self.refused(data=None)
        self.refused(topic="t")
        self.refused(token=None)
        self.answered("80000000", self.send(token=None, topic="t"))

    def test_android_values_are_checked(self):
        for ttl in ("86400", "1.5s", "-1s", "s", "1d", "1296001s"):
            self.refused("80100004", android={"ttl": ttl})
        for key in (-2, 101):
            self.refused("80100013", android={"collapse_key": key})
        self.refused("80100001", android={"urgency": "high"})

    def test_a_notification_needs_a_click_action(self):
        for action in (None, {}, {"type": 0}, {"type": 5}, {"type": "3"}, {"type": 1}, {"type": 2}):
            notification = {"title": "t", "body": "b"}
            if action is not None:
                notification["click_action"] = action
            self.refused(android={"notification": notification})
        for action in ({"type": 1, "intent": "i"}, {"type": 2, "url": "https://example.com"}, {"type": 3}, {"type": 4}):
            self.answered("80000000", self.send("a", android={"notification": {"click_action": action}}))

    def test_validate_only_accepts_without_counting(self):
        before = self.emulator.stats()["gateways"]["hms"]["accepted"]
        self.answered("80000000", self.post(b'{"validate_only":true,"message":{"token":["a"],"data":"x"}}'))
        self.assertEqual(before, self.emulator.stats()["gateways"]["hms"]["accepted"])

    def test_tokens_are_1_to_1000(self):
        self.answered("80100001", self.send())
        self.answered("80000000", self.send(*("t%d" % i for i in range(1000))))
        self.answered("80300010", self.send(*("t%d" % i for i in range(1001))))

    def test_the_message_without_its_tokens_has_4096_bytes(self):
        room = 4096 - len('{"data":""}')
        many = ["x" * 100] * 50
        self.answered("80000000", self.send(*many, data="x" * room))
        self.answered("80300008", self.send("a", data="x" * (room + 1)))
        self.answered("80300008", self.send("a", data="x" * 300_000))


class Scripts(WithHms):
    def test_illegal_tokens_among_others_are_listed_in_a_json_string(self):
        answer = self.send("a", "ILLEGAL1", "b", "ILLEGAL2")
        self.answered("80100000", answer)
        self.assertEqual({"success": 2, "failure": 2, "illegal_tokens": ["ILLEGAL1", "ILLEGAL2"]},
                         json.loads(answer.json()["msg"]))
        self.answered("80300007", self.send("ILLEGAL1", "ILLEGAL2"))

    def test_a_token_says_what_the_request_gets(self):
        self.answered("80100016", self.send("a", "SAY-200-80100016-x"))
        answer = self.send("SAY-503-81000001-R9-x")
        self.answered("81000001", answer, 503)
        self.assertEqual("9", answer.headers["retry-after"])
        self.assertEqual(["81000001", "80000000"], [self.send("SAY1X-502-81000001-y").json()["code"] for _ in range(2)])

    def test_misbehaviour_over_both_versions_of_http(self):
        for version in ("--http1.1", "--http2"):
            self.assertEqual([503, 200], [self.send("UNAVAIL1X" + version, version=version).status for _ in range(2)])
            self.assertEqual(503, self.send("DOWN", version=version).status)
            self.assertEqual(b"<<< this is not JSON >>>", self.send("GARBAGE", version=version).body)
            self.assertGreater(len(self.send("HUGE", version=version).body), 99_000_000)
            answer = self.send("REDIRECT", version=version)
            self.assertEqual(307, answer.status)
            self.assertTrue(answer.headers["location"].startswith("/elsewhere/v1/"))
            body = b'{"message":{"token":["HANG"],"data":"x"}}'
            self.assertEqual(28, self.post(body, version, seconds=1).exit_code)
            for token in ("RESET", "REFUSE9X"):
                self.assertEqual(0, self.send(token, version=version).status)

    def test_one_line_of_the_log_is_for_one_token(self):
        with self.another() as emulator:
            self.addClassCleanup(setattr, type(self), "hms_token", self.hms_token)
            type(self).hms_token = self.mint(emulator, self.secret).json()["access_token"]
            self.send("a", "ILLEGAL1")
            self.send("a", "ILLEGAL1")
            self.send("b", "c", android={"x": 1})
            self.post(b"{")
            hms = emulator.stats()["gateways"]["hms"]
            self.assertEqual(0, emulator.stop())
            rows = emulator.log()
        self.assertEqual([["200", "a", "-", "-"], ["200", "ILLEGAL1", "-", "80300007"]] * 2
                         + [["200", "b", "-", "80100003"], ["200", "c", "-", "80100003"], ["200", "-", "-", "80100003"]],
                         [row[1:5] for row in rows])
        self.assertEqual({"hms"}, {row[7] for row in rows})
        self.assertEqual((4, 2, 1), (hms["requests"], hms["accepted"], hms["duplicates_accepted"]))


class Failures(WithHms):
    def test_failures_can_be_for_this_gateway_alone(self):
        self.addCleanup(self.emulator.control, fail="none")
        for fail in ("503", "500", "429", "401"):
            self.emulator.control(gateway="hms", fail=fail)
            self.assertEqual(int(fail), self.send("a").status)
            self.assertEqual(200, self.push().status)


class Delayed(WithHms):
    FLAGS = ("--delay-ms", "200")

    def test_answers_wait_over_both_versions_of_http(self):
        for version in ("--http1.1", "--http2"):
            begin = time.monotonic()
            self.answered("80000000", self.send("a", version=version))
            self.assertGreaterEqual(time.monotonic() - begin, 0.2)
