"""APNs: who may push, what is refused and why."""
import os
import stat
import subprocess
import time

import raw_h2
import signing
from apns_case import TOPIC, WithApns, device

UUID = "01234567-89ab-cdef-0123-456789abcdef"


class Messages(WithApns):
    def test_a_push_is_accepted_with_an_empty_body_and_an_id(self):
        answer = self.send()
        self.assertEqual((200, b""), (answer.status, answer.body))
        self.assertRegex(answer.headers["apns-id"], "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$")
        self.assertNotEqual(answer.headers["apns-id"], self.send().headers["apns-id"])

    def test_the_clients_id_is_echoed_also_when_refused(self):
        self.assertEqual(UUID, self.send(apns_id=UUID).headers["apns-id"])
        self.assertEqual(UUID, self.send(apns_id=UUID, apns_priority="7").headers["apns-id"])
        for bad in (UUID.upper(), "1", UUID[:-1], UUID.replace("-", "0")):
            self.refused(400, "BadMessageId", self.send(apns_id=bad))

    def test_http_1_is_refused(self):
        answer = self.emulator.curl("POST", "/3/device/" + device("a"), self.PAYLOAD, self.headers(), "--http1.1")
        self.assertEqual(505, answer.status)

    def test_paths_and_methods_are_checked(self):
        self.refused(404, "BadPath", self.send_to("/3/devices/" + device("a")))
        self.refused(404, "BadPath", self.send_to("/4/device/" + device("a"), sandbox=True))
        self.refused(405, "MethodNotAllowed", self.emulator.curl("GET", "/3/device/" + device("a"), None, self.headers()))
        self.refused(400, "MissingDeviceToken", self.send_to("/3/device/"))

    def test_device_tokens_are_hexadecimal(self):
        for bad in ("xyz", "abc", device("a") + "/", device("a") + "?x=1", "-" * 64):
            self.refused(400, "BadDeviceToken", self.send_to("/3/device/" + bad))
        for good in ("00ff" * 16, "AB" * 32, "ab" * 50):
            self.assertEqual(200, self.send_to("/3/device/" + good).status)

    def test_each_environment_has_its_tokens(self):
        for text, in_production, in_sandbox in (("device", 200, 400), ("SANDBOX1", 400, 200), ("BOTH1", 200, 200)):
            self.assertEqual(in_production, self.send(text).status, text)
            self.assertEqual(in_sandbox, self.send(text, sandbox=True).status, text)
        self.refused(400, "BadDeviceToken", self.send("SANDBOX1"))
        self.refused(400, "BadDeviceToken", self.send("device", sandbox=True))

    def test_each_push_type_has_its_topic(self):
        suffixes = {"alert": "", "voip": ".voip", "complication": ".complication", "location": ".location-query",
                    "fileprovider": ".pushkit.fileprovider", "liveactivity": ".push-type.liveactivity",
                    "pushtotalk": ".voip-ptt", "widgets": ".push-type.widgets", "controls": ".push-type.controls"}
        for kind, suffix in suffixes.items():
            self.assertEqual(200, self.send(apns_push_type=kind, apns_topic=TOPIC + suffix).status, kind)
            for other in set(suffixes.values()) - {suffix}:
                self.refused(400, "DeviceTokenNotForTopic", self.send(apns_push_type=kind, apns_topic=TOPIC + other))

    def test_topics_of_others_are_refused(self):
        self.refused(400, "MissingTopic", self.send(apns_topic=None))
        self.refused(400, "BadTopic", self.send(apns_topic="com.example.other"))

    def test_push_types_are_checked(self):
        self.refused(400, "InvalidPushType", self.send(apns_push_type=None))
        self.refused(400, "InvalidPushType", self.send(apns_push_type="Alert"))

    def test_priorities_are_1_5_and_10_and_background_is_5(self):
        for good in ("1", "5", "10", None):
            self.assertEqual(200, self.send(apns_priority=good).status, good)
        for bad in ("0", "7", "high", "05"):
            self.refused(400, "BadPriority", self.send(apns_priority=bad))
        self.assertEqual(200, self.send(apns_push_type="background", apns_priority="5").status)
        for bad in ("10", "1", None):
            self.refused(400, "BadPriority", self.send(apns_push_type="background", apns_priority=bad))

    def test_expiration_is_a_number(self):
        for good in ("0", "1700000000"):
            self.assertEqual(200, self.send(apns_expiration=good).status)
        for bad in ("-1", "1.5", "soon", "1" * 30):
            self.refused(400, "BadExpirationDate", self.send(apns_expiration=bad))

    def test_collapse_ids_have_64_bytes(self):
        self.assertEqual(200, self.send(apns_collapse_id="x" * 64).status)
        self.refused(400, "BadCollapseId", self.send(apns_collapse_id="x" * 65))

    def test_payloads_are_objects_with_aps(self):
        for bad in (b"", b"{", b"[]", b"{}", b'{"aps":1}', b'{"aps":{}}x', b'{"aps":{},"a":"\xff"}'):
            self.refused(400, "PayloadEmpty", self.send(body=bad))
        mdm = {"apns_push_type": "mdm"}
        self.assertEqual(200, self.send(body=b'{"mdm":"magic"}', **mdm).status)
        self.refused(400, "PayloadEmpty", self.send(**mdm))

    def test_payloads_have_4096_bytes_and_voip_5120(self):
        def payload(size):
            return b'{"aps":{},"x":"%s"}' % (b"x" * (size - 17))
        voip = {"apns_push_type": "voip", "apns_topic": TOPIC + ".voip"}
        self.assertEqual(200, self.send(body=payload(4096)).status)
        self.refused(413, "PayloadTooLarge", self.send(body=payload(4097)))
        self.assertEqual(200, self.send(body=payload(5120), **voip).status)
        self.refused(413, "PayloadTooLarge", self.send(body=payload(5121), **voip))
        self.refused(413, "PayloadTooLarge", self.send(body=payload(300_000)))

    def test_a_header_comes_once(self):
        self.refused(400, "DuplicateHeaders", self.send(more=["-H", "apns-topic: " + TOPIC]))


class Scripts(WithApns):
    def test_a_token_says_what_it_gets(self):
        self.refused(429, "TooManyRequests", self.send("SAY-429-TooManyRequests-a"))
        self.refused(403, "Forbidden", self.send("SAY-403-Forbidden"))
        answer = self.send("SAY-503-Shutdown-R7-a")
        self.refused(503, "Shutdown", answer)
        self.assertEqual("7", answer.headers["retry-after"])

    def test_a_gone_token_tells_since_when(self):
        answer = self.send("SAY-410-ExpiredToken-T1700000000123-a")
        self.refused(410, "ExpiredToken", answer)
        self.assertEqual(1700000000123, answer.json()["timestamp"])
        answer = self.send("UNREG1")
        self.refused(410, "Unregistered", answer)
        self.assertAlmostEqual(time.time() * 1000, answer.json()["timestamp"], delta=60_000)

    def test_counted_answers_end_in_success(self):
        self.assertEqual([500, 500, 200], [self.send("SAY2X-500-InternalServerError-a").status for _ in range(3)])
        self.assertEqual([503, 200], [self.send("UNAVAIL1X").status for _ in range(2)])
        self.refused(503, "ServiceUnavailable", self.send("DOWN"))

    def test_misbehaviour_is_the_same_as_with_other_gateways(self):
        self.assertEqual(b"<<< this is not JSON >>>", self.send("GARBAGE").body)
        self.assertGreater(len(self.send("HUGE").body), 99_000_000)
        answer = self.send("REDIRECT")
        self.assertEqual((307, "/elsewhere/3/device/" + device("REDIRECT")), (answer.status, answer.headers["location"]))
        connection = self.connect()
        for text, code in (("RESET", raw_h2.INTERNAL_ERROR), ("REFUSE1X", raw_h2.REFUSED_STREAM)):
            stream = self.send_raw(connection, text)
            frame, _ = connection.until(lambda kind, *_: kind == raw_h2.RST_STREAM)
            self.assertEqual((stream, code), (frame[2], int.from_bytes(frame[3], "big")))
        self.send_raw(connection, "HANG")
        self.assertEqual(200, self.status_of(connection, self.send_raw(connection, "other")))

    def test_a_followed_redirect_is_counted(self):
        before = self.emulator.stats()["redirects_followed"]
        self.send("REDIRECT", more=["-L"])
        self.assertEqual(before + 1, self.emulator.stats()["redirects_followed"])


class ProviderTokens(WithApns):
    def with_token(self, token):
        return self.send(authorization=token and "bearer " + token)

    def test_without_credentials_nothing_goes(self):
        self.refused(403, "MissingProviderToken", self.with_token(None))
        self.refused(403, "InvalidProviderToken", self.send(authorization="key=" + self.provider_token))

    def test_another_key_is_refused(self):
        self.refused(403, "InvalidProviderToken", self.with_token(self.jwt(self.emulator, signing.new_key())))

    def test_the_signature_is_raw_and_not_der(self):
        self.refused(403, "InvalidProviderToken", self.with_token(self.jwt(self.emulator, der=True)))

    def test_header_and_claims_must_be_right(self):
        for spoilt in ({"header": {"alg": "HS256"}}, {"header": {"kid": "ZZZ123DEFG"}}, {"header": {"kid": None}},
                       {"iss": "ZZZ123GHIJ"}, {"iat": "now"}, {"iat": None}, {"iat": int(time.time()) + 90}):
            self.refused(403, "InvalidProviderToken", self.with_token(self.jwt(self.emulator, **spoilt)))
        for text in ("", "a.b", "a.b.c", self.provider_token + ".x", self.provider_token.rsplit(".", 1)[0] + "."):
            self.refused(403, "InvalidProviderToken", self.with_token(text) if text else self.send(authorization="bearer x"))

    def test_a_changed_claim_is_refused(self):
        head, _, signature = self.provider_token.split(".")
        other = self.jwt(self.emulator, iat=int(time.time()) - 5).split(".")[1]
        self.refused(403, "InvalidProviderToken", self.with_token(".".join((head, other, signature))))

    def test_an_hour_is_the_limit(self):
        now = int(time.time())
        self.assertEqual(200, self.with_token(self.jwt(self.emulator, iat=now - 3500)).status)
        self.refused(403, "ExpiredProviderToken", self.with_token(self.jwt(self.emulator, iat=now - 3700)))

    def test_revoked_keys_are_refused_until_they_are_good_again(self):
        self.emulator.control(revoke_keys=True)
        self.refused(403, "InvalidProviderToken", self.send())
        self.emulator.control(revoke_keys=False)
        self.assertEqual(200, self.send().status)

    def test_expired_keys_make_older_tokens_useless(self):
        with self.another() as emulator:
            old = self.jwt(emulator, iat=int(time.time()) - 10)
            self.assertEqual(200, self.with_token(old).status)
            emulator.control(expire_keys=True)
            self.refused(403, "ExpiredProviderToken", self.with_token(old))
            self.assertEqual(200, self.with_token(self.jwt(emulator, iat=int(time.time()) + 1)).status)


class TokenUpdates(WithApns):
    FLAGS = ()

    def test_a_second_provider_token_within_twenty_minutes_is_refused(self):
        now = int(time.time())
        first, soon, later = (self.jwt(self.emulator, iat=now - ago) for ago in (1300, 200, 0))
        def with_token(token):
            return self.send(authorization="bearer " + token)
        self.assertEqual(200, with_token(first).status)
        self.refused(429, "TooManyProviderTokenUpdates", with_token(soon))
        self.assertEqual(200, with_token(first).status)
        self.assertEqual(200, with_token(later).status)
        self.refused(429, "TooManyProviderTokenUpdates", with_token(soon))


class Certificates(WithApns):
    def with_certificate(self, text="device", **changes):
        certificate = ["--cert", self.emulator.ready["apns_certificate_file"]]
        return self.send(text, more=certificate, authorization=None, **changes)

    def test_a_client_certificate_is_enough(self):
        self.assertEqual(200, self.with_certificate().status)
        self.assertEqual(200, self.with_certificate(apns_topic=None).status)
        self.refused(400, "InvalidPushType", self.with_certificate(apns_push_type="location", apns_topic=TOPIC + ".location-query"))

    def test_the_bundle_is_as_good(self):
        certificate = ["--cert", self.emulator.ready["apns_certificate_p12"] + ":pusher", "--cert-type", "P12"]
        self.assertEqual(200, self.send(more=certificate, authorization=None).status)

    def test_a_bad_provider_token_is_not_saved_by_a_certificate(self):
        certificate = ["--cert", self.emulator.ready["apns_certificate_file"]]
        self.refused(403, "InvalidProviderToken", self.send(more=certificate, authorization="bearer x"))

    def test_a_strangers_certificate_ends_the_handshake(self):
        key, pem = (os.path.join(self.emulator.directory, "stranger." + kind) for kind in ("key2", "pem2"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/UID=" + TOPIC,
                        "-keyout", key, "-out", pem], check=True, capture_output=True)
        self.assertEqual(0, self.send(more=["--cert", pem, "--key", key], authorization=None).status)

    def test_the_files_are_for_their_owner_and_name_the_topic(self):
        for name in ("apns_key_file", "apns_certificate_file", "apns_certificate_p12"):
            self.assertEqual(0o600, stat.S_IMODE(os.stat(self.emulator.ready[name]).st_mode), name)
        subject = subprocess.run(["openssl", "x509", "-noout", "-subject", "-in",
                                  self.emulator.ready["apns_certificate_file"]], capture_output=True, text=True).stdout
        self.assertIn("UID = " + TOPIC, subject)


class Books(WithApns):
    def test_log_and_counters_name_the_gateway(self):
        with self.another() as emulator:
            for _ in range(2):
                self.send("a", apns_id=UUID)
            self.send("SAY-410-Unregistered-b")
            self.send("b", apns_priority="7")
            apns = self.apns_stats()
            self.assertEqual(0, emulator.stop())
            rows = emulator.log()
        self.assertEqual((4, 2, 1, 4), tuple(apns[name] for name in (
            "requests", "accepted", "duplicates_accepted", "connections")))
        self.assertEqual({"200": 2, "400": 1, "410": 1}, apns["by_status"])
        self.assertEqual([["200", device("a"), UUID, "-"]] * 2, [row[1:5] for row in rows[:2]])
        self.assertEqual(["410", device("SAY-410-Unregistered-b")], rows[2][1:3])
        self.assertEqual(["Unregistered", "BadPriority"], [row[4] for row in rows[2:]])
        self.assertEqual({"apns"}, {row[7] for row in rows})

    def test_one_gateway_fails_while_the_others_work(self):
        self.addCleanup(self.emulator.control, fail="none")
        for fail, status, reason in (("503", 503, "ServiceUnavailable"), ("429", 429, "TooManyRequests"),
                                     ("500", 500, "InternalServerError"), ("401", 403, "InvalidProviderToken")):
            self.assertEqual(200, self.emulator.control(gateway="apns", fail=fail).status)
            self.refused(status, reason, self.send())
            self.assertEqual(200, self.push().status)
        self.emulator.control(gateway="apns", fail="hang")
        self.assertEqual(28, self.send(seconds=1).exit_code)
        self.assertEqual(200, self.push().status)
        self.emulator.control(gateway="apns", fail="none")
        self.emulator.control(gateway="fcm", fail="503")
        self.assertEqual((200, 503), (self.send().status, self.push().status))

    def test_unknown_gateways_are_refused(self):
        for order in ({"gateway": "pager", "fail": "503"}, {"gateway": "apns"}, {"gateway": "apns", "fail": "x"}):
            self.assertEqual(400, self.emulator.control(**order).status)
