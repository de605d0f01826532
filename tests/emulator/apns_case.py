"""A client of the emulated APNs."""
import time

import raw_h2
import signing
from emulator_case import WithEmulator

TOPIC = "com.example.app"


def device(text):
    """A device token that carries a text."""
    return text.encode().hex()


class WithApns(WithEmulator):
    FLAGS = ("--apns-token-updates-seconds", "0")
    PAYLOAD = b'{"aps":{"alert":"hello"}}'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = signing.read_key(cls.emulator.ready["apns_key_file"])
        cls.provider_token = cls.jwt(cls.emulator)

    @staticmethod
    def jwt(emulator, key=None, header=None, der=False, **claims):
        ready = emulator.ready
        all_header = {"alg": "ES256", "kid": ready["apns_key_id"], **(header or {})}
        all_claims = {"iss": ready["apns_team_id"], "iat": int(time.time()), **claims}
        return signing.es256(key or signing.read_key(ready["apns_key_file"]), all_header, all_claims, der)

    def headers(self, **changes):
        """With `apns_priority=None` one is left out."""
        headers = {"authorization": "bearer " + self.provider_token, "apns-topic": TOPIC, "apns-push-type": "alert"}
        headers.update({name.replace("_", "-"): value for name, value in changes.items()})
        return {name: value for name, value in headers.items() if value is not None}

    def send(self, text="device", body=PAYLOAD, sandbox=False, seconds=10, more=(), **changes):
        return self.send_to("/3/device/" + device(text), body, sandbox, seconds, more, **changes)

    def send_to(self, path, body=PAYLOAD, sandbox=False, seconds=10, more=(), **changes):
        base = "apns_sandbox_base_url" if sandbox else "apns_base_url"
        return self.emulator.curl("POST", path, body, self.headers(**changes), seconds=seconds, base=base, more=more)

    def refused(self, status, reason, answer):
        self.assertEqual((status, reason), (answer.status, answer.json()["reason"]))
        self.assertRegex(answer.headers["apns-id"], "^[0-9a-f-]{36}$")

    def send_raw(self, connection, text, complete=True, **changes):
        return connection.post("/3/device/" + device(text), self.headers(**changes), self.PAYLOAD, complete)

    def status_of(self, connection, stream):
        """Waits for the answer's header block; only its first byte is read: the indexed :status."""
        frame, _ = connection.until(lambda kind, _, number, __: kind == raw_h2.HEADERS and number == stream)
        return {8: 200, 12: 400, 13: 404, 14: 500}.get(frame[3][0] & 127) if frame else None

    def apns_stats(self):
        return self.emulator.stats()["gateways"]["apns"]
