"""Four nodes with one role each work as one: they find each other, wake each other, and go on without their links."""
import time
import unittest

from invariants import check_accepted_once, check_counts
from lab import Lab, until
from one_role import connected, one_role_nodes, start_together

POLL_MS = 20_000  # so long that only wake-ups explain a quick push


def devices(count):
    return [{"device_id": f"d{i}", "gateway": "fcm", "platform": "android", "push_token": f"ok-{i}"}
            for i in range(count)]


class Cluster(unittest.TestCase):
    def test_one_role_nodes(self):
        with Lab() as lab:
            stores = lab.stores()
            stores.start()
            nodes = one_role_nodes(lab, stores, poll_interval_ms=POLL_MS)
            start_together(nodes.values())
            front = nodes["front"]
            front.make_key()
            front.import_devices(devices(2000))
            self.launch_and_check(lab, front, {"all": True}, 2000)
            # Idle, and nobody polls: what arrives soon arrived by wake-ups over CAF.
            for attempt in range(5):
                before, since = lab.emulator.arrived(), time.time()
                self.launch(front, {"device_ids": [f"d{attempt}"]})
                until("the push to arrive", lambda b=before: lab.emulator.arrived() > b, POLL_MS / 1000)
                took = int(lab.emulator.log()[-1][0]) / 1e6 - since
                print(f"call to receipt over four nodes: {took * 1000:.1f} ms", flush=True)
                self.assertLess(took, POLL_MS / 2000)

    def test_without_links(self):
        """Each node has an authority of its own: none lets another in, and the journal alone joins them."""
        with Lab() as lab:
            stores = lab.stores()
            stores.start()
            nodes = one_role_nodes(lab, stores)
            for name, node in nodes.items():
                node.sections["cluster"] = {"listen": "127.0.0.1:0"}
                node.write_config()
                node.start(wait=False)
            for node in nodes.values():
                node.wait_ready()
            front = nodes["front"]
            front.make_key()
            front.import_devices(devices(2000))
            self.launch_and_check(lab, front, {"all": True}, 2000)
            refused = [node.events("cluster.not_connected") for node in nodes.values()]
            self.assertTrue(any(refused))
            for lines in refused:
                for line in lines:
                    self.assertIn("certificate", line["detail"])
            self.assertFalse(any(node.events("cluster.connected") for node in nodes.values()))

    def test_twenty_nodes(self):
        """A node of every role and 19 of senders: all pairs connect, and again after one came back."""
        with Lab() as lab:
            stores = lab.stores()
            stores.start()
            section, nodes = lab.cluster(), []
            for number in range(20):
                sections = {**stores.sections(), "node": {"name": f"n{number:02}"}, "cluster": section(f"n{number:02}")}
                if number > 0:
                    del sections["mysql"]
                    sections["node"]["roles"] = "push-sender"
                nodes.append(lab.node(f"n{number:02}", sections))
            for node in nodes:
                node.start(wait=False)
            for node in nodes:
                node.wait_ready()
            until("every pair to be connected", lambda: connected(nodes), 60)
            nodes[7].kill()
            until("its loss to be noticed by all", lambda: all(
                node.events("cluster.lost") for node in nodes if node is not nodes[7]))
            nodes[7].start()
            until("it to be connected to all again", lambda: all(
                len(node.events("cluster.connected")) >= 20 for node in nodes), 60)
            front = nodes[0]
            front.make_key()
            front.import_devices(devices(2000))
            self.launch_and_check(lab, front, {"all": True}, 2000)

    def launch(self, node, audience):
        status, made, _ = node.call("POST", "/v1/notifications", {
            "content": {"title": "Hello", "body": "World"}, "audience": audience, "launch": True})
        self.assertEqual(status, 201, made)
        return made["id"]

    def launch_and_check(self, lab, node, audience, count):
        identity = self.launch(node, audience)
        done = node.wait_completed(identity)
        self.assertEqual(done["counts"]["accepted"], count, done)
        check_counts(node, identity, count)
        until("the emulator's log", lambda: lab.emulator.arrived() >= count)
        check_accepted_once(node, identity, devices(count), lab.emulator)


if __name__ == "__main__":
    unittest.main()
