"""Logs: one event is one line of JSON whatever a client sends; no token and no key in it, at any level; storms are sampled; a
pipe that nobody reads, or that is closed, stops nothing; people on a terminal get text."""
import base64
import json
import os
import pathlib
import pty
import subprocess
import threading
import unittest

from lab import Lab, until

HOSTILE = "\x1b[2J\x1b]0;owned\x07 line\nbreak\r\x00 \u009b31m \u2028 \u202e \ud7ff \"}\\"

PRINTABLE = "".join(each for each in HOSTILE if each.isprintable())  # titles may have no other


def lines_of(node):
    """Every line must be a document of its own, and begin with the time."""
    text = (node.directory / "node.log").read_bytes()
    assert text.endswith(b"\n")
    read = [json.loads(line) for line in text.decode("utf-8").splitlines()]
    assert len(read) == text.count(b"\n"), "a line is broken"
    for each in read:
        assert list(each)[:3] == ["ts", "level", "event"], each
    return read


class Logs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)

    def node(self, name, **more):
        return self.lab.node(name, {**self.lab.emulator.sections(), "node": {"name": name}, **more})

    def test_hostile(self):
        """Everything that a client can put somewhere, at level debug."""
        node = self.node("hostile", log={"level": "debug"}, limits={"request_timeout_seconds": 1}).start()
        key = node.make_key("devices,send,read,admin")
        token, auth = "SECRETTOKEN-" + "7" * 40, base64.urlsafe_b64encode(b"SECRETAUTH-16byt").decode().rstrip("=")
        for n, text in enumerate((token, f"UNREG-{token}", f"DOWN-{token}", f"HANG-{token}", f"BAD-{token}")):
            status, made, _ = node.call("PUT", f"/v1/devices/d-{n}", {"gateway": "fcm", "platform": "android", "push_token": text})
            self.assertEqual(status, 201, made)
            node.call("PATCH", f"/v1/devices/d-{n}", {"user_id": HOSTILE, "properties": {"note": HOSTILE}})
        endpoint = f"{self.lab.emulator.ready['webpush_base_url']}/wpush/{token}"
        node.call("PUT", "/v1/devices/web", {"gateway": "webpush", "platform": "web", "subscription": {
            "endpoint": endpoint, "keys": {"p256dh": self.lab.emulator.ready["webpush_p256dh"], "auth": auth}}})
        account = json.loads(pathlib.Path(self.lab.emulator.ready["service_account_file"]).read_text())
        node.call("POST", "/v1/credentials", {"gateway": "fcm", "name": HOSTILE, "service_account": account})
        node.call("POST", "/v1/credentials", {"gateway": "fcm", "name": "broken", "service_account": {**account, "private_key": "SECRETKEY"}})
        node.call("POST", "/v1/applications", {"name": HOSTILE})
        node.checks_answers = False
        ids = []
        for n in range(3):
            status, made, _ = node.call("POST", "/v1/notifications", {
                "content": {"title": f"SECRETTITLE {PRINTABLE}", "data": {"code": "SECRETDATA"}}, "audience": {"all": True}, "launch": True,
                "external_id": f"{n} {PRINTABLE}", "ttl_seconds": 4}, headers={"X-Request-Id": f"id-{n}\"}}{{"})
            self.assertEqual(status, 201, made)
            ids.append(made["id"])
        for wrong in (key + "x", "SECRETWRONGKEY"):
            node.call("GET", "/v1/devices/d-1", key=wrong)
        node.send("POST", "/v1/notifications", b"\xff\xfe{\"title\": \x1b[31m", {"Authorization": f"Bearer {key}", "Content-Type": "application/json",
                                                                             "X-Request-Id": "x" * 500, "traceparent": "00-SECRET\t-x-01"})
        node.inspect("log-level", "trace")
        for each in ids:
            node.wait_completed(each)
        socket = next(node.directory.rglob("redis.sock"))
        subprocess.run(["redis-cli", "-s", str(socket), "xadd", "{pusher}:push:1.fcm.production.campaign", "*", "b", f"SECRET\n{HOSTILE}".replace("\0", "")],
                       check=True, capture_output=True)
        until("the letter", lambda: node.events("journal.dead_letter"))
        node.stop()
        lines = lines_of(node)
        self.assertGreater(len(lines), 20)
        log = (node.directory / "node.log").read_text()
        for secret in ("SECRET", key, auth, account["private_key"][40:80]):
            self.assertNotIn(secret, log)
        for each in range(0x20):
            self.assertNotIn(chr(each), log.replace("\n", ""))
        for each in "\x7f\u009b\u2028\u202e":
            self.assertNotIn(each, log)
        launched = [each for each in lines if each["event"] == "notification.launched"]
        self.assertEqual([each["notification"] for each in launched], ids)
        self.assertEqual(launched[0]["request_id"], 'id-0"}{')
        self.assertTrue(all(each["application"] for each in launched))
        self.assertEqual(lines[0]["ts"][-8:].count("Z"), 1)
        self.assertRegex(lines[0]["ts"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")

    def test_storm(self):
        """Hundreds of launches a second leave some dozens of lines, which say how many there were."""
        node = self.node("storm").start()
        node.make_key()
        node.call("PUT", "/v1/devices/d", {"gateway": "fcm", "platform": "android", "push_token": "t"})
        body = json.dumps({"content": {"title": "x"}, "audience": {"device_ids": ["d"]}, "launch": True})
        count = [0] * 8

        def send(which):
            for _ in range(60):
                status, _, _ = node.send("POST", "/v1/notifications", body, {"Authorization": f"Bearer {node.key}", "Content-Type": "application/json"})
                count[which] += status == 201

        threads = [threading.Thread(target=send, args=(n,)) for n in range(len(count))]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

        def told():
            written = [each for each in lines_of(node) if each["event"] == "notification.launched"]
            node.call("POST", "/v1/notifications", {"content": {"title": "x"}, "audience": {"device_ids": ["d"]}, "launch": True})
            count[0] += 1
            repeated = [each for each in lines_of(node) if each["event"] == "log.repeated" and each["of"] == "notification.launched"]
            return len(written) + sum(int(each.get("left_out", 0)) for each in written + repeated) in (sum(count) - 1, sum(count))

        until("all to be written or spoken of", told, 20, 0.3)
        written = sum(node.metric(f'pusher_log_lines_total{{level="{level}"}}') for level in ("info", "warn", "error"))
        until("the metric", lambda: node.metric('pusher_log_lines_total{level="info"}') >= written)
        node.stop()

    def stream(self, name, **arguments):
        """A node whose standard error is what the test gives it."""
        node = self.node(name)
        node.process = subprocess.Popen([node.pusher, "node", "--config", str(node.config)], stdout=subprocess.DEVNULL, **arguments)
        return node

    def sends(self, node):
        node.make_key("devices,send,read,admin")
        node.import_devices([{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"t-{n}"} for n in range(200)])
        for _ in range(3):
            status, made, _ = node.call("POST", "/v1/notifications", {"content": {"title": "x"}, "audience": {"all": True}, "launch": True})
            self.assertEqual(status, 201, made)
            self.assertEqual(node.wait_completed(made["id"])["counts"]["accepted"], 200)

    def test_nobody_reads(self):
        """A pipe that is full: lines are lost and counted, and told of when somebody reads again."""
        reader, writer = os.pipe()
        node = self.stream("unread", stderr=writer)
        os.close(writer)
        node.wait_ready()
        self.sends(node)
        node.inspect("log-level", "trace")

        def full():
            node.call("POST", "/v1/notifications", {"content": {"title": "x"}, "audience": {"device_ids": ["d-1"]}, "launch": True})
            return node.metric('pusher_log_lines_lost_total{reason="unwritable"}') >= 5

        until("the pipe to be full", full, 60, 0)
        self.sends(node)
        text = [b""]

        def read():
            while chunk := os.read(reader, 65536):
                text[0] += chunk

        thread = threading.Thread(target=read)
        thread.start()
        self.sends(node)
        until("the gap to be told of", lambda: b"log.lines_lost" in text[0])
        node.stop()
        thread.join(20)
        os.close(reader)
        for line in text[0].decode().splitlines():
            json.loads(line)

    def test_closed(self):
        reader, writer = os.pipe()
        node = self.stream("closed", stderr=writer)
        os.close(writer)
        node.wait_ready()
        os.close(reader)
        self.sends(node)
        self.assertEqual(node.stop(), 0)

    def test_terminal(self):
        """`auto`: text on a terminal, escape sequences of clients disarmed."""
        main, terminal = pty.openpty()
        node = self.stream("terminal", stderr=terminal)
        os.close(terminal)
        seen = [""]

        def read():
            try:
                while chunk := os.read(main, 65536):
                    seen[0] += chunk.decode(errors="replace")
            except OSError:
                pass  # the other end is gone

        thread = threading.Thread(target=read)
        thread.start()
        node.wait_ready()
        node.stop()
        thread.join(20)
        os.close(main)
        self.assertRegex(seen[0], r"(?m)^\d{4}-\d\d-\d\dT[\d:.]+Z info node\.ready process=\"terminal/")
        self.assertNotIn("{", seen[0])


if __name__ == "__main__":
    unittest.main()
