"""Redis is emptied again and again under load: senders go on with the provider token that APNs knows. Apple allows a key
another one after 20 minutes; whoever mints more often gets nothing through for that long."""
import subprocess
import unittest

from invariants import check_counts
from lab import Lab, until

DEVICES, TIMES = 3000, 3


class Tokens(unittest.TestCase):
    def test_one_token(self):
        with Lab() as lab:
            node = lab.node(sections=lab.emulator.sections()).start()
            node.make_key()
            node.import_devices([lab.emulator.device("apns", f"ok-{n}") for n in range(DEVICES)])
            status, made, _ = node.call("POST", "/v1/notifications", {
                "content": {"title": "Hello"}, "audience": {"all": True}, "launch": True, "rate_per_second": 500})
            self.assertEqual(status, 201, made)
            socket = next(node.directory.rglob("redis.sock"))
            for time in range(1, TIMES + 1):
                until("pushes to arrive", lambda t=time: lab.emulator.arrived() > t * DEVICES // 6)
                subprocess.run(["redis-cli", "-e", "-s", str(socket), "FLUSHALL"], check=True, stdout=subprocess.DEVNULL)
                until("the journal to be rebuilt", lambda t=time: len(node.events("journal.rebuilt")) == t)
            node.wait_completed(made["id"])
            check_counts(node, made["id"], DEVICES)
            self.assertEqual({row[1] for row in lab.emulator.log()}, {"200"}, "APNs refused tokens")


if __name__ == "__main__":
    unittest.main()
