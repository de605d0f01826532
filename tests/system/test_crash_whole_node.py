"""G1 to G5 of the complete installation: one node that plays every role dies at each crash point in turn and is started again on
the same data directory; everyone is reached, and few twice."""
import http.client
import unittest

from invariants import check_accepted_once, check_counts
from lab import Lab

CONNECTIONS = 2
AT_RISK = 256 + CONNECTIONS * 100
POINTS = ("api.stored:1", "api.announced:1", "fan_out.committing:1", "fan_out.committed:1", "fan_out.concluding:1",
          "push_sender.claimed:1", "push_sender.answered:5", "push_sender.recording:2", "push_sender.recorded:3",
          "result_writer.rows_inserted:2", "result_writer.committed:1")
DEVICES = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"ok-{n}"} for n in range(2_000)]


class WholeNode(unittest.TestCase):
    def test_every_crash_point(self):
        with Lab(emulator_flags=("--delay-ms", "10")) as lab:
            node = lab.node(sections={"limits": {"connections_per_credential": CONNECTIONS}}).start()
            node.make_key()
            node.checks_answers = False  # pages of thousands of deliveries; other tests do it
            node.import_devices(DEVICES)
            for point in POINTS:
                node.stop()
                node.start(fail=point + ":exit")
                first = self.post(node, point)
                node.wait_fallen()
                node.start()
                identity = self.post(node, point)
                self.assertIn(first, (None, identity))
                node.wait_completed(identity)
                check_counts(node, identity, len(DEVICES))
                doubled = check_accepted_once(node, identity, DEVICES, lab.emulator, point, most_duplicates=AT_RISK)
                print(f"{point}: {doubled} doubled", flush=True)
            self.assertEqual(node.stop(), 0)

    def post(self, node, name):
        """Its id, or None when the node died meanwhile."""
        try:
            status, made, _ = node.call("POST", "/v1/notifications", {
                "content": {"title": "Hello", "data": {"notification": name}}, "audience": {"all": True}, "launch": True},
                headers={"Idempotency-Key": name})
        except (OSError, http.client.HTTPException):
            return None
        self.assertEqual(status, 201, made)
        return made["id"]


if __name__ == "__main__":
    unittest.main()
