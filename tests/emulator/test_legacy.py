"""Legacy FCM: one request for up to a thousand devices, answered one by one."""
import json
import os
import stat

from emulator_case import WithEmulator


class WithLegacy(WithEmulator):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(cls.emulator.ready["legacy_server_key_file"]) as file:
            cls.server_key = file.read()

    def post(self, body, version="--http2", key=None, seconds=10, content_type="application/json"):
        headers = {"authorization": "key=" + (key or self.server_key), "content-type": content_type}
        return self.emulator.curl("POST", "/fcm/send", body, headers, version, seconds)

    def send(self, *tokens, version="--http2", seconds=10, **fields):
        target = {"to": tokens[0]} if len(tokens) == 1 else {"registration_ids": tokens} if tokens else {}
        return self.post(json.dumps({**target, **fields}).encode(), version, seconds=seconds)

    def errors(self, answer):
        self.assertEqual(200, answer.status, answer.body)
        body = answer.json()
        errors = [each.get("error") for each in body["results"]]
        self.assertEqual(len(errors) - errors.count(None), body["failure"])
        self.assertEqual(errors.count(None), body["success"])
        for each in body["results"]:
            self.assertEqual("error" in each, "message_id" not in each)
        return errors


class Messages(WithLegacy):
    def refused(self, answer, status=400):
        self.assertEqual(status, answer.status, answer.body)
        self.assertRaises(ValueError, answer.json)

    def test_one_or_many_over_both_versions_of_http(self):
        for version in ("--http1.1", "--http2"):
            answer = self.send("a", version=version, data={"k": "v"}, priority="high", time_to_live=0)
            self.assertEqual([None], self.errors(answer))
            self.assertTrue(answer.json()["multicast_id"])
            self.assertEqual([None] * 3, self.errors(self.send("a", "b", "c", version=version)))

    def test_only_the_server_key_opens(self):
        self.refused(self.post(b'{"to":"a"}', key="x"), 401)
        self.refused(self.emulator.curl("POST", "/fcm/send", b'{"to":"a"}', {"content-type": "application/json"}), 401)
        self.assertEqual(0o600, stat.S_IMODE(os.stat(self.emulator.ready["legacy_server_key_file"]).st_mode))
        self.assertEqual(self.emulator.ready["base_url"] + "/fcm/send", self.emulator.ready["legacy_url"])

    def test_bodies_are_checked(self):
        for body in (b"", b"{", b"[]", b'{"to":"a"}x', b'{"to":"\xff"}'):
            self.refused(self.post(body))
        self.refused(self.post(b'{"to":"a"}', content_type="text/plain"))
        self.refused(self.post(b"to=a", content_type="application/x-www-form-urlencoded"))

    def test_unknown_fields_and_wrong_types_are_refused(self):
        for fields in ({"message": {}}, {"ttl": 1}, {"data": {"n": 1}}, {"data": {"n": {}}}, {"data": "x"},
                       {"time_to_live": "60"}, {"time_to_live": 1.5}, {"priority": "HIGH"}, {"priority": 5},
                       {"notification": "x"}, {"dry_run": "yes"}, {"registration_ids": ["b"]}, {"condition": "c"}):
            self.refused(self.send("a", **fields))

    def test_tokens_are_1_to_1000(self):
        self.assertEqual([None] * 1000, self.errors(self.send(*("t%d" % i for i in range(1000)))))
        self.refused(self.send(*("t%d" % i for i in range(1001))))
        self.refused(self.send(registration_ids=[]))
        self.refused(self.send(registration_ids=["a", 1]))
        self.assertEqual(["MissingRegistration"], self.errors(self.send()))

    def test_faults_of_the_message_are_told_for_each_token(self):
        for ttl in (-1, 2419201):
            self.assertEqual(["InvalidTtl"] * 2, self.errors(self.send("a", "b", time_to_live=ttl)))
        self.assertEqual([None], self.errors(self.send("a", time_to_live=2419200)))
        for key in ("from", "google.x", "message_type"):
            self.assertEqual(["InvalidDataKey"], self.errors(self.send("a", data={key: "x"})))
        self.assertEqual([None], self.errors(self.send("a", data={"k": "x" * 4095})))
        self.assertEqual(["MessageTooBig"] * 2, self.errors(self.send("a", "b", data={"k": "x" * 4096})))


class Scripts(WithLegacy):
    def test_results_come_in_the_order_of_the_tokens(self):
        answer = self.send("a", "SAY-200-NotRegistered-x", "CANON-q", "SAY-200-InvalidRegistration-x", "UNREG", "b")
        self.assertEqual([None, "NotRegistered", None, "InvalidRegistration", "NotRegistered", None], self.errors(answer))
        self.assertEqual("NEW-q", answer.json()["results"][2]["registration_id"])
        self.assertEqual((3, 3, 1), tuple(answer.json()[name] for name in ("success", "failure", "canonical_ids")))

    def test_a_token_may_fail_a_number_of_times(self):
        answers = [self.send("SAY1X-200-Unavailable-R5-x", "a") for _ in range(2)]
        self.assertEqual([["Unavailable", None], [None, None]], [self.errors(each) for each in answers])
        self.assertEqual(["5", None], [each.headers.get("retry-after") for each in answers])

    def test_a_token_may_fail_the_request(self):
        answer = self.send("a", "SAY-503-Unavailable-R4-x")
        self.assertEqual((503, "4"), (answer.status, answer.headers["retry-after"]))

    def test_misbehaviour_over_both_versions_of_http(self):
        for version in ("--http1.1", "--http2"):
            self.assertEqual([503, 200], [self.send("UNAVAIL1X" + version, version=version).status for _ in range(2)])
            self.assertEqual(503, self.send("DOWN", version=version).status)
            self.assertEqual(b"<<< this is not JSON >>>", self.send("GARBAGE", version=version).body)
            self.assertGreater(len(self.send("HUGE", version=version).body), 99_000_000)
            answer = self.send("REDIRECT", version=version)
            self.assertEqual((307, "/elsewhere/fcm/send"), (answer.status, answer.headers["location"]))
            self.assertEqual(28, self.send("HANG", version=version, seconds=1).exit_code)
            for token in ("RESET", "REFUSE9X"):
                self.assertEqual(0, self.send(token, version=version).status)

    def test_one_line_of_the_log_is_for_one_token(self):
        with self.another() as emulator:
            for _ in range(2):
                self.send("a", "UNREG")
            self.send("b", "c", nonsense=1)
            self.send("d", dry_run=True)
            self.send()
            legacy = emulator.stats()["gateways"]["legacy"]
            self.assertEqual(0, emulator.stop())
            rows = emulator.log()
        self.assertEqual([["200", "a", "-", "-"], ["200", "UNREG", "-", "NotRegistered"]] * 2,
                         [row[1:5] for row in rows[:4]])
        self.assertEqual([["400", "b"], ["400", "c"], ["200", "d"], ["200", "-"]], [row[1:3] for row in rows[4:]])
        self.assertEqual(["VALIDATED", "MissingRegistration"], [row[4] for row in rows[6:]])
        self.assertEqual({"legacy"}, {row[7] for row in rows})
        self.assertEqual((5, 2, 1), (legacy["requests"], legacy["accepted"], legacy["duplicates_accepted"]))

    def test_failures_can_be_for_this_gateway_alone(self):
        self.addCleanup(self.emulator.control, fail="none")
        for fail in ("503", "500", "429", "401"):
            self.emulator.control(gateway="legacy", fail=fail)
            self.assertEqual(int(fail), self.send("a").status)
            self.assertEqual(200, self.push().status)
