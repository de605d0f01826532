"""Deliveries, notifications and all that is known of a person are exported whole: line by line, packed, resumed where an answer broke
off, and nobody else's."""
import gzip
import http.client
import json
import unittest

from lab import Lab

DEVICES, USERS = 12_000, 6_000


class ExportLists(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.node = cls.lab.node().start()
        cls.admin = cls.node.make_key("admin")
        cls.node.make_key()
        cls.node.import_devices({"device_id": f"d{n}", "gateway": "fcm", "platform": "android", "user_id": f"u{n % USERS}",
                                 "push_token": f"{'UNREG' if n % 1000 == 0 else 'ok'}-{n}", "properties": {"n": n}} for n in range(DEVICES))
        cls.note = cls.launch({"all": True})
        cls.node.wait_completed(cls.note)

    @classmethod
    def launch(cls, audience):
        status, made, _ = cls.node.call("POST", "/v1/notifications", {"content": {"title": "Hello"}, "audience": audience, "launch": True})
        assert status == 201, made
        return made["id"]

    def ask(self, path, key=None, packed=False):
        connection = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=120)
        connection.request("GET", path, headers={"Authorization": f"Bearer {key or self.node.key}",
                                                 **({"Accept-Encoding": "gzip"} if packed else {})})
        return connection.getresponse()

    def export(self, path, packed=False):
        answer = self.ask(path, packed=packed)
        data = answer.read()
        self.assertEqual(answer.status, 200, data[:500])
        self.assertEqual(answer.headers["Content-Type"], "application/x-ndjson")
        lines = [json.loads(line) for line in (gzip.decompress(data) if packed else data).splitlines()]
        self.assertEqual(lines[-1], {"next_cursor": None}, "the last line says that it was all")
        return lines

    @staticmethod
    def items(lines):
        return [line for line in lines if "next_cursor" not in line]

    def test_deliveries(self):
        path = f"/v1/notifications/{self.note}/deliveries:export"
        listed = self.node.deliveries(self.note)
        self.assertEqual(len(listed), DEVICES)
        self.assertEqual(self.items(self.export(path)), listed)
        packed = self.export(path, packed=True)
        self.assertEqual(self.items(packed), listed)
        self.assertEqual(len(packed) - len(listed), DEVICES // 2000, "each page has a place to go on from")
        dead = self.items(self.export(path + "?outcome=unregistered"))
        self.assertEqual(dead, [row for row in listed if row["outcome"] == "unregistered"])
        self.assertEqual(len(dead), DEVICES // 1000)

    def test_broken_off_and_resumed(self):
        path = f"/v1/notifications/{self.note}/deliveries:export"
        answer = self.ask(path)
        kept, since = [], []
        while len(kept) < 3 * 2000:
            line = json.loads(answer.readline())
            if "next_cursor" in line:
                kept, since, cursor = kept + since, [], line["next_cursor"]
            else:
                since.append(line)
        for _ in range(500):
            answer.readline()
        answer.close()
        rest = self.items(self.export(f"{path}?cursor={cursor}"))
        self.assertEqual(kept + rest, self.node.deliveries(self.note))

    def test_memory_stays(self):
        path = f"/v1/notifications/{self.note}/deliveries:export"
        self.export(path)
        before = self.node.resident_bytes()
        answers = [self.ask(path) for _ in range(6)]  # six that nobody reads
        self.export(path)
        self.assertLess(self.node.resident_bytes() - before, 24 << 20)
        for each in answers:
            each.close()

    def test_notifications(self):
        more = [self.launch({"device_ids": [f"d{n}"]}) for n in range(1, 6)]
        for each in more:
            self.node.wait_completed(each)
        lines = self.items(self.export("/v1/notifications:export?state=completed"))
        self.assertEqual([line["id"] for line in lines][:5], more[::-1])
        self.assertEqual(lines[-1]["id"], self.note)
        self.assertEqual(lines[-1]["counts"]["audience"], DEVICES)
        self.assertEqual(self.items(self.export("/v1/notifications:export?created_to=2020-01-01T00:00:00Z")), [])

    def test_a_person(self):
        opened = {"type": "opened", "notification_id": self.note}
        self.assertEqual(self.node.call("POST", "/v1/devices/d7/events", opened)[0], 201)
        lines = self.items(self.export("/v1/users/u7:export"))
        devices = [line["device"] for line in lines if "device" in line]
        self.assertEqual([each["device_id"] for each in devices], ["d7", f"d{7 + USERS}"])
        self.assertEqual(devices[0]["properties"], {"n": 7})
        for each in devices:
            history = [line["event"] for line in lines if line.get("device_id") == each["device_id"]]
            status, listed, _ = self.node.call("GET", f"/v1/devices/{each['device_id']}/events?limit=1000")
            self.assertEqual((status, history), (200, listed["items"]))
            self.assertEqual(history[-1]["type"], "registered")
        self.assertIn("opened", [line["event"]["type"] for line in lines if line.get("device_id") == "d7"])
        self.assertEqual(self.items(self.export("/v1/users/nobody:export")), [])

    def test_nobody_elses(self):
        admin = self.admin
        status, _, _ = self.node.call("POST", "/v1/applications", {"name": "other"}, admin)
        self.assertEqual(status, 201)
        status, made, _ = self.node.call("POST", "/v1/applications/other/keys", {"scopes": ["devices", "read"]}, admin)
        self.assertEqual(status, 201)
        answer = self.ask(f"/v1/notifications/{self.note}/deliveries:export", made["key"])
        self.assertEqual((answer.status, json.loads(answer.read())["code"]), (404, "not_found"))
        for path in ("/v1/notifications:export", "/v1/users/u7:export"):
            self.assertEqual(self.ask(path, made["key"]).read(), b'{"next_cursor":null}\n')
        cursor = next(line["next_cursor"] for line in self.export(f"/v1/notifications/{self.note}/deliveries:export") if "next_cursor" in line)
        self.assertEqual(self.ask(f"/v1/notifications:export?cursor={cursor}", made["key"]).status, 400)
        writer = self.node.call("POST", "/v1/applications/other/keys", {"scopes": ["send"]}, admin)[1]["key"]
        self.assertEqual(self.ask("/v1/notifications:export", writer).status, 403)


if __name__ == "__main__":
    unittest.main()
