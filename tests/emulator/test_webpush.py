"""Web Push: encryption, VAPID, headers, and what is refused."""
import base64
import os
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

import signing
from emulator_case import WithEmulator
from emulator_process import base64url


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def hkdf(salt, secret, info, size):
    return HKDF(hashes.SHA256(), size, salt, info).derive(secret)


class WithWebPush(WithEmulator):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server_key = signing.new_key()

    def encrypt(self, plain, delimiter=b"\2", padding=b"", sender=None, salt=None, auth=None, record_size=4096):
        subscription = from_base64url(self.emulator.ready["webpush_p256dh"])
        auth = auth or from_base64url(self.emulator.ready["webpush_auth"])
        sender, salt = sender or signing.new_key(), salt or os.urandom(16)
        point = signing.public_point(sender)
        shared = sender.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), subscription))
        secret = hkdf(auth, shared, b"WebPush: info\0" + subscription + point, 32)
        key = hkdf(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
        nonce = hkdf(salt, secret, b"Content-Encoding: nonce\0", 12)
        record = AESGCM(key).encrypt(nonce, plain + delimiter + padding, None)
        return salt + record_size.to_bytes(4, "big") + bytes([65]) + point + record

    def vapid(self, key=None, shown_key=None, header=None, der=False, **claims):
        key = key or self.server_key
        all_claims = {"aud": self.emulator.ready["webpush_base_url"], "exp": int(time.time()) + 3600,
                      "sub": "mailto:push@example.com", **claims}
        token = signing.es256(key, {"alg": "ES256", "typ": "JWT", **(header or {})}, all_claims, der)
        return "vapid t=%s, k=%s" % (token, base64url(signing.public_point(shown_key or key)))

    def send(self, name="device", body=None, version="--http2", seconds=10, more=(), **changes):
        """A header that is changed to None is left out."""
        headers = {"TTL": "60", "Content-Encoding": "aes128gcm", "Authorization": self.vapid(),
                   "Content-Type": "application/octet-stream"}
        headers.update({key.replace("_", "-"): value for key, value in changes.items()})
        headers = {key: value for key, value in headers.items() if value is not None}
        body = self.encrypt(b"hello") if body is None else body
        return self.emulator.curl("POST", "/wpush/" + name, body, headers, version, seconds, more=more)

    def refused(self, status, answer):
        self.assertEqual((status, status), (answer.status, answer.json()["code"]))
        self.assertTrue(answer.json()["errno"])


class Messages(WithWebPush):
    def test_a_message_is_decrypted_and_shown(self):
        for version in ("--http1.1", "--http2"):
            plain = "Grüße über " + version
            answer = self.send("a.b-c_d", self.encrypt(plain.encode()), version, Topic="news", Urgency="high")
            self.assertEqual((201, b""), (answer.status, answer.body))
            self.assertTrue(answer.headers["location"])
            last = self.emulator.curl("GET", "/_last").json()
            self.assertEqual((plain, "/wpush/a.b-c_d"), (last["plaintext"], last["path"]))
            self.assertEqual(plain.encode(), from_base64url(last["plaintext_base64url"]))
            self.assertEqual({"ttl": "60", "content-encoding": "aes128gcm", "topic": "news", "urgency": "high"}, last["headers"])

    def test_ttl_is_mandatory_and_a_number(self):
        self.assertEqual(201, self.send(TTL="0").status)
        for bad in (None, "-1", "1.5", "soon", "1" * 11):
            self.refused(400, self.send(TTL=bad))

    def test_urgency_and_topic_are_checked(self):
        for urgency in ("very-low", "low", "normal", "high"):
            self.assertEqual(201, self.send(Urgency=urgency).status)
        for bad in ("urgent", "High", "low, high"):
            self.refused(400, self.send(Urgency=bad))
        self.assertEqual(201, self.send(Topic="a" * 32).status)
        for bad in ("a" * 33, "a b", "a+b", "a="):
            self.refused(400, self.send(Topic=bad))

    def test_the_encoding_is_aes128gcm_alone(self):
        for bad in (None, "aesgcm", "AES128GCM", "aes128gcm, gzip"):
            self.refused(400, self.send(Content_Encoding=bad))
        self.refused(400, self.send(Encryption="salt=x"))
        self.refused(400, self.send(Crypto_Key="dh=x"))

    def test_a_body_has_4096_bytes_with_3993_of_text(self):
        self.assertEqual(4096, len(self.encrypt(b"x" * 3993)))
        self.assertEqual(201, self.send(body=self.encrypt(b"x" * 3993)).status)
        self.refused(413, self.send(body=self.encrypt(b"x" * 3994)))
        self.refused(413, self.send(body=b"x" * 300_000))

    def test_padding_is_taken_off(self):
        self.assertEqual(201, self.send(body=self.encrypt(b"padded", padding=bytes(500))).status)
        self.assertEqual("padded", self.emulator.curl("GET", "/_last").json()["plaintext"])

    def test_what_does_not_decrypt_is_refused(self):
        good = self.encrypt(b"hello")
        for bad in (b"", good[:86], good[:-1], good[:-1] + bytes([good[-1] ^ 1]), good[:20] + bytes([64]) + good[21:],
                    good[:21] + bytes(65) + good[86:], bytes(16) + good[16:], good[:21] + b"\4" + bytes(64) + good[86:],
                    self.encrypt(b"hello", delimiter=b"\1"), self.encrypt(b"hello", delimiter=b""),
                    self.encrypt(b"", delimiter=b"\0"), self.encrypt(b"hello", padding=b"\0x"),
                    self.encrypt(b"hello", auth=os.urandom(16)), self.encrypt(b"hello", record_size=17),
                    self.encrypt(b"hello" * 20, record_size=100)):
            self.refused(400, self.send(body=bad))

    def test_reused_salts_and_keys_are_counted(self):
        def reused():
            return self.emulator.stats()["gateways"]["webpush"]["reused_keys"]
        before, sender, salt = reused(), signing.new_key(), os.urandom(16)
        for options, more in (({"sender": sender}, 0), ({"sender": sender}, 1), ({"salt": salt}, 1), ({"salt": salt}, 2),
                              ({"salt": salt, "sender": sender}, 4)):
            self.assertEqual(201, self.send(body=self.encrypt(b"x", **options)).status)
            self.assertEqual(before + more, reused())

    def test_other_paths_and_methods_are_unknown(self):
        self.refused(404, self.send("a%20b"))
        self.assertEqual(404, self.send("").status)
        self.assertEqual(404, self.emulator.curl("GET", "/wpush/a").status)


class Vapid(WithWebPush):
    def with_authorization(self, authorization, name="device"):
        return self.send(name, Authorization=authorization)

    def test_missing_or_malformed_credentials_are_unauthorized(self):
        token = self.vapid().split("t=")[1].split(",")[0]
        for bad in (None, "Bearer x", "vapid t=" + token, "vapid k=x", "WebPush " + token, "vapid t=a, k=b, x=c"):
            answer = self.with_authorization(bad)
            self.refused(401, answer)
            self.assertEqual("vapid", answer.headers["www-authenticate"])

    def test_signatures_are_verified_with_the_key_shown(self):
        for bad in (self.vapid(shown_key=signing.new_key()), self.vapid(der=True), self.vapid(header={"alg": "none"}),
                    self.vapid()[:-4], "vapid t=a.b.c, k=" + "A" * 87):
            self.refused(403, self.with_authorization(bad))

    def test_claims_are_checked(self):
        now, base = int(time.time()), self.emulator.ready["webpush_base_url"]
        for bad in ({"aud": base + "/"}, {"aud": base + "/wpush/device"}, {"aud": "https://localhost"}, {"aud": [base]},
                    {"aud": None}, {"exp": now - 1}, {"exp": now + 24 * 3600 + 60}, {"exp": None}, {"exp": str(now + 60)},
                    {"sub": None}, {"sub": "push@example.com"}, {"sub": "mailto:"}, {"sub": "http://example.com"}):
            self.refused(403, self.with_authorization(self.vapid(**bad)))
        for good in ({"sub": "https://example.com"}, {"exp": now + 24 * 3600 - 60}):
            self.assertEqual(201, self.with_authorization(self.vapid(**good)).status)

    def test_an_endpoint_belongs_to_its_first_key(self):
        other = signing.new_key()
        self.assertEqual(201, self.send("bound").status)
        self.refused(403, self.with_authorization(self.vapid(key=other), "bound"))
        self.assertEqual(201, self.with_authorization(self.vapid(key=other), "unbound").status)
        self.assertEqual(201, self.send("bound").status)


class Scripts(WithWebPush):
    def test_an_endpoint_says_what_it_gets(self):
        answer = self.send("SAY-410-106-x")
        self.refused(410, answer)
        self.assertEqual(106, answer.json()["errno"])
        answer = self.send("SAY-429-201-R30-x")
        self.refused(429, answer)
        self.assertEqual("30", answer.headers["retry-after"])
        self.assertEqual([500, 201], [self.send("SAY1X-500-999-x").status for _ in range(2)])
        self.refused(410, self.send("UNREG"))

    def test_misbehaviour_over_both_versions_of_http(self):
        for version in ("--http1.1", "--http2"):
            self.assertEqual([503, 201], [self.send("UNAVAIL1X" + version, version=version).status for _ in range(2)])
            self.assertEqual(503, self.send("DOWN", version=version).status)
            self.assertEqual(b"<<< this is not JSON >>>", self.send("GARBAGE", version=version).body)
            self.assertGreater(len(self.send("HUGE", version=version).body), 99_000_000)
            answer = self.send("REDIRECT", version=version)
            self.assertEqual((307, "/elsewhere/wpush/REDIRECT"), (answer.status, answer.headers["location"]))
            self.assertEqual(28, self.send("HANG", version=version, seconds=1).exit_code)
            for name in ("RESET", "REFUSE9X"):
                self.assertEqual(0, self.send(name, version=version).status)

    def test_the_log_and_the_counters(self):
        with self.another() as emulator:
            for plain in (b"x", b"x", b"y"):
                self.send("a", self.encrypt(plain), Topic="t")
            self.send("SAY-410-106-x")
            webpush = emulator.stats()["gateways"]["webpush"]
            self.assertEqual(0, emulator.stop())
            rows = emulator.log()
        self.assertEqual([["201", "/wpush/a", "t", "-"]] * 3 + [["410", "/wpush/SAY-410-106-x", "-", "106"]],
                         [row[1:5] for row in rows])
        self.assertEqual({"webpush"}, {row[7] for row in rows})
        self.assertEqual((4, 3, 1), (webpush["requests"], webpush["accepted"], webpush["duplicates_accepted"]))

    def test_failures_can_be_for_this_gateway_alone(self):
        self.addCleanup(self.emulator.control, fail="none")
        for fail in ("503", "500", "429", "401"):
            self.emulator.control(gateway="webpush", fail=fail)
            self.assertEqual(int(fail), self.send().status)
            self.assertEqual(200, self.push().status)
