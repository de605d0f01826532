"""Certificates change while a campaign runs and nodes come and go; files that are broken meanwhile harm nothing."""
import os
import subprocess
import unittest

from invariants import check_accepted_once, check_counts
from lab import Lab, until
from test_cluster_faults import all_role_nodes, devices, start

DEVICES = 20_000


class Rotation(unittest.TestCase):
    def test_rotation_under_load(self):
        with Lab() as lab:
            stores = lab.stores()
            stores.start()
            nodes = all_role_nodes(lab, stores, ["n1", "n2", "n3"])
            start(nodes)
            steady, moving = nodes[:2], nodes[2]
            steady[0].make_key()
            steady[0].import_devices(devices(DEVICES))
            status, made, _ = steady[0].call("POST", "/v1/notifications", {
                "content": {"title": "Hello", "body": "World"}, "audience": {"all": True}, "launch": True,
                "rate_per_second": 2000})
            self.assertEqual(status, 201, made)
            for turn in range(1, 4):
                for name in ("n1", "n2", "n3"):
                    lab.cluster()(name)
                until("the new certificates to be in use", lambda t=turn: all(
                    len(node.events("cluster.certificate_renewed")) >= t for node in steady), 60)
                # New connections with the new files.
                self.assertEqual(moving.stop(), 0)
                moving.start()
                until("it to be connected again", lambda t=turn: all(
                    len(node.events("cluster.connected")) >= 2 + t for node in steady))
            key = os.path.realpath(steady[0].sections["cluster"]["key"])
            for harm in (lambda: os.chmod(key, 0o644), lambda: self.overwrite(key), lambda: os.unlink(key)):
                refused = len(steady[0].events("cluster.certificate_refused"))
                harm()
                until("the node to say that it goes on", lambda r=refused: len(
                    steady[0].events("cluster.certificate_refused")) > r)
                self.assertIn("cluster.key", steady[0].events("cluster.certificate_refused")[-1]["detail"])
            connected = len(steady[0].events("cluster.connected"))
            self.assertEqual(moving.stop(), 0)
            moving.start()
            until("it to be let in with the files from before",
                  lambda: len(steady[0].events("cluster.connected")) > connected)
            steady[0].wait_completed(made["id"])
            check_counts(steady[0], made["id"], DEVICES)
            until("the emulator's log", lambda: lab.emulator.arrived() >= DEVICES)
            check_accepted_once(steady[0], made["id"], devices(DEVICES), lab.emulator)
            # Who starts on broken files does not start, and says which.
            self.assertEqual(steady[0].stop(), 0)
            ended = subprocess.run([steady[0].pusher, "node", "--config", str(steady[0].config)], capture_output=True,
                                   text=True, timeout=60)
            self.assertEqual(ended.returncode, 78, ended.stderr)
            self.assertIn("cluster.key", ended.stderr)

    def overwrite(self, path):
        os.chmod(path, 0o600)
        with open(path, "w", encoding="ascii") as key:
            key.write("no key")


if __name__ == "__main__":
    unittest.main()
