"""A node that plays every role, with exceptions at its fail points."""
import re
import unittest

from invariants import check_accepted_once, check_counts
from lab import Lab

CONNECTIONS = 2
AT_RISK = 256 + CONNECTIONS * 100  # of one sender's end
DEVICES = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"ok-{n}"} for n in range(4_000)]


class FaultCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(emulator_flags=("--delay-ms", "10"))
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.node = cls.lab.node(sections={"limits": {"connections_per_credential": CONNECTIONS}}).start()
        cls.node.make_key()
        cls.node.import_devices(DEVICES)
        cls.node.checks_answers = False  # here it answers 500

    def setUp(self):
        self.assertIn(self.node.stop(), (0, 1))

    def with_faults(self, *points):
        self.node.start(fail=",".join(point + ":throw" for point in points))

    def launch(self, name, **more):
        status, made, _ = self.node.call("POST", "/v1/notifications", {
            "content": {"title": "Hello", "data": {"notification": name}}, "audience": {"all": True}, "launch": True, **more})
        self.assertEqual(status, 201, made)
        return made["id"]

    def check(self, identity, name, most_doubled=0):
        self.node.wait_completed(identity)
        rows = check_counts(self.node, identity, len(DEVICES))
        self.assertTrue(all(row["outcome"] == "accepted" for row in rows.values()))
        return check_accepted_once(self.node, identity, DEVICES, self.lab.emulator, name, most_duplicates=most_doubled)

    def restarts(self):
        """How many actors of each role were started again."""
        found = re.findall(r'pusher_role_restarts_total\{role="([^"]+)"\} (\d+)', self.node.admin("/metrics")[1])
        return {role: int(count) for role, count in found}
