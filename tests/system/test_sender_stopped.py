"""A sender that was stopped until others took its batches over goes on with new work, although answers to the old come late:
they fill its window of unrecorded answers, and no record of its own will ever free it."""
import signal
import unittest

from invariants import check_counts
from lab import Lab, until

SLOW, HANGING = 20, 60


class Stopped(unittest.TestCase):
    def test_goes_on(self):
        limits = {"heartbeat_ms": 500, "unrecorded_answers": 16, "request_timeout_seconds": 8, "poll_interval_ms": 100}
        with Lab(emulator_flags=("--delay-ms", "4000")) as lab:
            stores = lab.stores()
            stores.start()
            section = lab.cluster()
            nodes = [lab.node(name, {**stores.sections(), "node": {"name": name}, "cluster": section(name), "limits": limits})
                     for name in ("n1", "n2")]
            for node in nodes:
                node.start(wait=False)
            for node in nodes:
                node.wait_ready()
            nodes[0].make_key()
            nodes[1].key = nodes[0].key
            tokens = [f"slow-{n}" for n in range(SLOW)] + [f"HANG-{n}" for n in range(HANGING)]
            nodes[0].import_devices([{"device_id": each, "gateway": "fcm", "platform": "android", "push_token": each}
                                     for each in tokens])
            first = self.launch(nodes[0], tokens)
            stopped = until("a sender to claim the batch", lambda: self.owner(nodes))
            other, = [node for node in nodes if node is not stopped]
            until("all to be on their way", lambda: self.in_flight(stopped) == len(tokens))
            stopped.process.send_signal(signal.SIGSTOP)
            try:
                until("another to take the batch over", lambda: other.events("push_sender.took_over"))
            finally:
                stopped.process.send_signal(signal.SIGCONT)
            until("it to see that", lambda: stopped.events("push_sender.claim_lost"))
            other.wait_completed(first)
            check_counts(other, first, len(tokens))
            until("its old requests to end", lambda: self.in_flight(stopped) == 0, 20)
            self.assertEqual(other.stop(), 0)
            second = self.launch(stopped, tokens[:SLOW])
            done = stopped.wait_completed(second, 60)
            self.assertEqual(done["counts"]["accepted"], SLOW, done)

    def launch(self, node, devices):
        status, made, _ = node.call("POST", "/v1/notifications", {
            "content": {"title": "Hello"}, "audience": {"device_ids": devices}, "launch": True})
        self.assertEqual(status, 201, made)
        return made["id"]

    def owner(self, nodes):
        """Who holds the batch, as the first node sees it."""
        for queue in nodes[0].inspected("streams")["queues"]:
            for each in queue["owners"]:
                if each["claimed"] > 0:
                    return next(node for node in nodes if each["consumer"].startswith(node.sections["node"]["name"] + "/"))
        return None

    def in_flight(self, node):
        lines = [line for line in node.admin("/metrics")[1].splitlines()
                 if line.startswith("pusher_gateway_requests_in_flight{")]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


if __name__ == "__main__":
    unittest.main()
