"""Operators see the whole cluster from any node over CAF: who is there, who leads, what is missing and since when; and whoever
may not ask gets a sentence and the code 3, without harm to the nodes' links."""
import json
import os
import signal
import socket
import subprocess
import unittest

from lab import Lab, until

ROLES = {"front": "api=2", "leader": "fan-out", "sender": "push-sender", "writer": "result-writer"}


def cluster_of_one_role_nodes(lab, **sections):
    stores = lab.stores()
    stores.start()
    section, nodes = lab.cluster(), {}
    for name, roles in ROLES.items():
        of_node = {**stores.sections(), "node": {"name": name, "roles": roles}, "cluster": section(name), **sections}
        if name == "sender":
            del of_node["mysql"]
        nodes[name] = lab.node(name, of_node)
        nodes[name].start(wait=False)
    for node in nodes.values():
        node.wait_ready()
    until("every pair of nodes to be connected",
          lambda: all(len(node.events("cluster.connected")) >= len(nodes) - 1 for node in nodes.values()))
    until("a leader", lambda: nodes["leader"].events("fan_out.leads"))
    return nodes


def address_of(node):
    return node.events("cluster.listens")[-1]["listen"]


def no_colours(test, text):
    test.assertNotIn("\033", text)


class Status(unittest.TestCase):
    def test_one_role_nodes(self):
        with Lab() as lab:
            nodes = cluster_of_one_role_nodes(lab)
            self.every_node_answers_for_all(nodes)
            self.strangers(lab, nodes)
            self.orders(nodes)
            self.a_stopped_node_is_missing(nodes)
            self.assertEqual(nodes["front"].inspect("drain", "sender").split(), ["node:", "sender", "draining:", "true"])
            self.assertEqual(nodes["sender"].process.wait(30), 0)
            until("the ended node to be forgotten",
                  lambda: {each["name"] for each in json.loads(look(nodes["front"])[1])["nodes"]} == {"front", "leader", "writer"})

    def every_node_answers_for_all(self, nodes):
        # Guests come and go without a farewell: that cut the links of all nodes once.
        for _ in range(3):
            for node in nodes.values():
                seen = node.inspected("status")
                self.assertTrue(seen["healthy"], seen)
                self.assertEqual([each["name"] for each in seen["nodes"] if "report" in each],
                                 sorted(ROLES), seen)
                self.assertEqual(seen["leader"], {"node": "leader", "epoch": 1})
                text = node.inspect("status")
                no_colours(self, text)
                self.assertTrue(all(len(line) <= 80 for line in text.splitlines()), text)
        for node in nodes.values():
            self.assertEqual(node.events("cluster.lost"), [])

    def strangers(self, lab, nodes):
        front, at = nodes["front"], address_of(nodes["front"])
        said = front.inspect("status", "--node", "127.0.0.1:1", code=3)
        self.assertIn("No connection to the node at 127.0.0.1:1", said)
        self.assertIn("refused", said)
        front.inspect("status", "--node", "nowhere", code=2)
        front.inspect("drain", code=2)
        front.inspect("pause", "api", code=2)
        front.inspect("log-level", "loud", code=2)
        said = front.inspect("status", "--node", at, "--set", "cluster.name=other", code=3)
        self.assertIn("another cluster", said)
        authority = lab.directory / "foreign"
        for arguments in (("init-ca", "--directory", authority), ("issue", "front", "--directory", authority, "--out", lab.directory / "foreigners")):
            subprocess.run([front.pusher, "cluster", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)
        files = [f"cluster.{key}={lab.directory / 'foreigners' / 'front' / name}"
                 for key, name in (("certificate", "certificate.pem"), ("key", "key.pem"), ("ca", "ca.pem"))]
        said = front.inspect("status", "--node", at, *(part for each in files for part in ("--set", each)), code=3)
        self.assertIn("certificate", said)
        said = front.inspect("status", "--node", at, *(f"--set=cluster.{key}=" for key in ("certificate", "key", "ca")),
                             "--data-directory", str(lab.directory / "nobody"), code=3)
        self.assertIn("No node has run in", said)
        host, port = at.split(":")
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) * 8, b"\x16\x03\x01"):
            with socket.create_connection((host, int(port))) as stranger:
                stranger.sendall(garbage)
        self.assertTrue(front.inspected("status")["healthy"])
        for node in nodes.values():
            self.assertEqual(node.events("cluster.lost"), [])

    def orders(self, nodes):
        front = nodes["front"]
        told = front.inspected("log-level", "debug")
        self.assertEqual(sorted((each["name"], each["ok"]) for each in told["nodes"]), [(name, True) for name in sorted(ROLES)])
        self.assertEqual(front.inspected("log-level", "info", "writer"), {"node": "writer", "log_level": "info"})
        self.assertIn("no node 'nobody'", front.inspect("log-level", "info", "nobody", code=1))
        self.assertEqual(front.inspected("scale", "sender", "push-sender=2"), {"node": "sender", "roles": "push-sender=2"})
        self.assertIn("does not play", front.inspect("scale", "sender", "api=2", code=1))
        # A node of senders alone has no MariaDB, and passes on what needs it.
        self.assertIn("no notification", nodes["sender"].inspect("notification", "x", code=1))
        front.inspect("pause", "push-sender")
        until("the hold to be seen by all", lambda: all(
            "push-sender" in each["report"]["held_stages"] for each in front.inspected("status")["nodes"]))
        held = front.inspected("status")
        self.assertEqual((held["held_stages"], held["healthy"]), (["push-sender"], True))
        front.inspect("resume", "push-sender")
        until("the end of the hold", lambda: front.inspected("status")["held_stages"] == [])

    def a_stopped_node_is_missing(self, nodes):
        front, writer = nodes["front"], nodes["writer"]
        os.kill(writer.process.pid, signal.SIGSTOP)
        try:
            seen = until("the stopped node to be missed", lambda: missing_in(front))
            self.assertFalse(seen["healthy"])
            entry = next(each for each in seen["nodes"] if each["name"] == "writer")
            self.assertNotIn("report", entry)
            self.assertTrue(entry["missing"])
            again = until("its age to grow", lambda: older_than(front, entry["heard_ms_ago"]))
            self.assertEqual([each["name"] for each in again["nodes"] if "report" in each], ["front", "leader", "sender"])
            text = nodes["sender"].inspect("status", code=1)
            self.assertIn("writer is missing", " ".join(text.split()))
            self.assertIn("MISSING", text)
            said = front.inspect("log-level", "info", "writer", code=1)
            self.assertTrue("not connected to writer" in said or "writer did not answer" in said or "no node 'writer'" in said, said)
            said = front.inspect("status", "--node", address_of(writer), code=3)
            self.assertIn("No connection", said)
        finally:
            os.kill(writer.process.pid, signal.SIGCONT)
        until("the node to be back", lambda: whole(front), 30)


def look(node):
    ended = subprocess.run([node.pusher, "inspect", "status", "--json", "--config", str(node.config)], capture_output=True,
                           text=True, timeout=60, check=False)
    return ended.returncode, ended.stdout


def missing_in(node):
    code, _ = look(node)
    return node.inspected("status", code=1) if code == 1 else None


def older_than(node, age):
    seen = missing_in(node)
    return seen if seen and next(each for each in seen["nodes"] if each["name"] == "writer")["heard_ms_ago"] > age else None


def whole(node):
    return look(node)[0] == 0


if __name__ == "__main__":
    unittest.main()
