"""Four nodes that play every role: one is killed, one stopped for three leases and continued, one cut off from the others'
links, and every device is pushed to; and strangers on the CAF port come to nothing."""
import datetime
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import time
import unittest

from invariants import check_accepted_once, check_counts
from lab import Lab, free_port, until
from relay import Relay

DEVICES = 20_000
LEASE_MS = 2_000
# What a killed sender may have had open or not yet recorded, for each of those that were hurt.
AT_RISK = 3 * (256 + 16 * 100)


def devices(count=DEVICES):
    return [{"device_id": f"d{i}", "gateway": "fcm", "platform": "android", "push_token": f"ok-{i}"}
            for i in range(count)]


def all_role_nodes(lab, stores, names, **more):
    section, made = lab.cluster(), []
    for name in names:
        sections = {**stores.sections(), "node": {"name": name}, "cluster": section(name),
                    "limits": {"lease_ms": LEASE_MS, "heartbeat_ms": 500}}
        for part, values in more.items():
            sections.setdefault(part, {}).update(values)
        made.append(lab.node(name, sections))
    return made


def start(nodes):
    for node in nodes:
        node.start(wait=False)
    for node in nodes:
        node.wait_ready()
    until("all to be connected", lambda: all(len(n.events("cluster.connected")) >= len(nodes) - 1 for n in nodes))


def leader(nodes):
    """Who leads now, by its metrics."""
    for node in nodes:
        if node.process.poll() is None and "\npusher_fan_out_leading 1\n" in node.admin("/metrics")[1]:
            return node
    return None


class Faults(unittest.TestCase):
    def test_kill_stop_and_cut(self):
        port = free_port()
        relay = Relay(port)
        self.addCleanup(relay.stop)
        with Lab(emulator_flags=("--delay-ms", "20")) as lab:
            stores = lab.stores()
            stores.start()
            # The one that is stopped must seem dead, and on a busy machine nobody else: they have 4.5 s, it has three leases.
            limits = {"heartbeat_ms": 1_500}
            nodes = all_role_nodes(lab, stores, ["n1", "n2", "n3"], limits=limits)
            # Of a pair the one whose name comes first connects: all of them to this one, through the relay.
            cut, = all_role_nodes(lab, stores, ["n9"], limits=limits, cluster={"listen": f"127.0.0.1:{port}",
                                                                               "advertise": f"127.0.0.1:{relay.port}"})
            start([*nodes, cut])
            nodes[0].make_key()
            for node in [*nodes, cut]:
                node.key = nodes[0].key
            nodes[0].import_devices(devices())
            stopped = until("a leader", lambda: leader([*nodes, cut]))
            if stopped is cut:  # somebody else is to lead
                cut.stop()
                cut.start()
                stopped = until("a leader", lambda: leader(nodes))
            killed, whole = [node for node in nodes if node is not stopped]
            until("the one behind the relay to be connected", lambda: self.links(cut, whole))
            status, made, _ = whole.call("POST", "/v1/notifications", {
                "content": {"title": "Hello", "body": "World"}, "audience": {"all": True}, "launch": True,
                "rate_per_second": 4000})
            self.assertEqual(status, 201, made)
            until("pushes to arrive", lambda: lab.emulator.arrived() > DEVICES // 20)
            relay.cut()
            stopped.process.send_signal(signal.SIGSTOP)
            try:
                killed.kill()
                until("the links to both to be given up", lambda: self.lost(whole, stopped, cut))
                until("another to lead", lambda: leader([whole, cut]), 3 * LEASE_MS / 1000 + 10)
                time.sleep(3 * LEASE_MS / 1000)  # the fault itself: stopped for three leases
                # Behind a cut link it lives and works: its heartbeat in Redis is there, so nobody robs it.
                self.assertEqual(cut.admin("/readyz")[0], 200)
            finally:
                stopped.process.send_signal(signal.SIGCONT)
                relay.heal()
            until("the killed one to be back", lambda: self.back(killed))
            done = whole.wait_completed(made["id"])
            check_counts(whole, made["id"], DEVICES)
            until("the emulator's log", lambda: lab.emulator.arrived() >= DEVICES)
            check_accepted_once(whole, made["id"], devices(), lab.emulator, most_duplicates=AT_RISK)
            self.assertEqual(done["counts"]["accepted"] + done["counts"]["unknown"], DEVICES, done)
            self.assertFalse(cut.events("push_sender.claim_lost"), "it was robbed")
            until("all to be connected again", lambda: self.links(whole, stopped) and self.links(whole, cut)
                  and self.links(whole, killed))
            for node in [*nodes, cut]:
                self.assertEqual(node.stop(), 0)

    def test_hand_over(self):
        """Who leaves politely gives the lead back at once: nobody waits for the lease to run out."""
        with Lab() as lab:
            stores = lab.stores()
            stores.start()
            nodes = all_role_nodes(lab, stores, ["n1", "n2"])
            for node in nodes:
                node.sections["limits"]["lease_ms"] = 60_000
                node.write_config()
            start(nodes)
            for turn in range(3):
                first = until("a leader", lambda: leader(nodes))
                second, = [node for node in nodes if node is not first]
                led = len(second.events("fan_out.leads"))
                since = time.time()
                self.assertEqual(first.stop(), 0)
                until("the other to lead", lambda: len(second.events("fan_out.leads")) > led, 30)
                took = self.at(second.events("fan_out.leads")[-1]) - since
                print(f"another led {took:.3f} s after SIGTERM", flush=True)
                self.assertLess(took, 30)
                first.start()
                until("both to be connected", lambda: self.links(first, second) and self.links(second, first))

    def test_take_over(self):
        """Who is killed or stopped is followed when its lease has run out; woken up later, it has no effect and stands by."""
        with Lab() as lab:
            stores = lab.stores()
            stores.start()
            nodes = all_role_nodes(lab, stores, ["n1", "n2"])
            start(nodes)
            for how, back in ((signal.SIGKILL, None), (signal.SIGSTOP, signal.SIGCONT)):
                first = until("a leader", lambda: leader(nodes))
                second, = [node for node in nodes if node is not first]
                led, since = len(second.events("fan_out.leads")), time.time()
                first.process.send_signal(how)
                until("the other to lead", lambda: len(second.events("fan_out.leads")) > led)
                print(f"another led {self.at(second.events('fan_out.leads')[-1]) - since:.2f} s after {how.name}, "
                      f"with a lease of {LEASE_MS / 1000:.0f} s", flush=True)
                if back:
                    first.process.send_signal(back)
                    until("the former leader to see that", lambda: first.events("fan_out.stood_down"))
                else:
                    first.process.wait()
                    first.start()
                until("both to be connected", lambda: self.links(first, second) and self.links(second, first))
                self.assertIs(leader(nodes), second)

    def at(self, line):
        return datetime.datetime.fromisoformat(line["ts"].replace("Z", "+00:00")).timestamp()

    def process_of(self, node):
        return node.events("node.ready")[-1]["process"]

    def lost(self, node, *others):
        """Whether its last word on each of the others is that the link is gone."""
        return not any(self.links(node, other) for other in others)

    def links(self, node, other):
        """Whether the two are connected, by the node's own log."""
        process, now = self.process_of(other), False
        for line in (node.directory / "node.log").read_text(errors="replace").splitlines():
            if process in line and '"event":"cluster.' in line:
                now = '"event":"cluster.connected"' in line
        return now

    def back(self, node):
        if node.process.poll() is not None:
            node.start(wait=False)
        return node.admin("/readyz")[0] == 200

    def test_rolling_restarts(self):
        with Lab() as lab:
            stores = lab.stores()
            stores.start()
            nodes = all_role_nodes(lab, stores, ["r1", "r2", "r3", "r4"])
            start(nodes)
            nodes[0].make_key()
            for node in nodes:
                node.key = nodes[0].key
            nodes[0].import_devices(devices())
            made = []
            for turn in range(20):
                node, other = nodes[turn % 4], nodes[(turn + 1) % 4]
                status, body, _ = other.call("POST", "/v1/notifications", {
                    "content": {"title": f"Turn {turn}", "body": "World"}, "launch": True,
                    "audience": {"device_ids": [f"d{i}" for i in range(turn * 1000, turn * 1000 + 1000)]},
                    "collapse_key": f"turn-{turn}"})
                self.assertEqual(status, 201, body)
                made.append((body["id"], 1000))
                self.assertEqual(node.stop(), 0, node.log_tail())
                node.start()
            for identity, expected in made:
                nodes[0].wait_completed(identity)
                rows = check_counts(nodes[0], identity, expected)
                self.assertTrue(all(row["outcome"] == "accepted" for row in rows.values()))
            total = sum(expected for _, expected in made)
            until("the emulator's log", lambda: lab.emulator.arrived() >= total)
            self.assertEqual(len([row for row in lab.emulator.log() if row[1] == "200"]), total, "lost or doubled")

    def test_two_clusters_and_strangers(self):
        with Lab() as lab:
            stores = lab.stores()
            stores.start()
            one, = all_role_nodes(lab, stores, ["one"], mysql={"database": "one"}, cluster={"name": "one"})
            two, = all_role_nodes(lab, stores, ["two"], mysql={"database": "two"}, cluster={"name": "two"})
            for node in (one, two):
                node.start()
                node.make_key()
                node.import_devices(devices(500))
            for node, count in ((one, 500), (two, 500)):
                status, made, _ = node.call("POST", "/v1/notifications", {
                    "content": {"title": "Hello", "body": "World"}, "audience": {"all": True}, "launch": True})
                self.assertEqual(status, 201, made)
                node.wait_completed(made["id"])
                check_counts(node, made["id"], count)
            self.assertFalse(one.events("cluster.connected") + one.events("cluster.not_connected"))
            self.other_version(stores, one)
            self.strangers(lab, one)

    def other_version(self, stores, node):
        """A record as a later version writes it: we say why we do not connect, and nothing else changes."""
        record = json.dumps({"name": "later", "process": "later/1", "address": "127.0.0.1:9", "roles": "api",
                             "protocol": 99, "something": "new"})
        with socket.create_connection(("127.0.0.1", stores.redis_port)) as redis:
            for command in (["HSET", "{one}:nodes", "later/1", record], ["HSET", "{one}:nodes:seen", "later/1", "9" * 12],
                            ["SET", "{one}:alive:later/1", "60000", "PX", "60000"]):
                redis.sendall(f"*{len(command)}\r\n".encode() + b"".join(
                    f"${len(part)}\r\n{part}\r\n".encode() for part in command))
                self.assertNotIn(b"-", redis.recv(100)[:1])
        until("the node to say why", lambda: [line for line in node.events("cluster.not_connected")
                                              if "speaks version 99" in line["detail"]])
        self.assertEqual(node.admin("/readyz")[0], 200)

    def strangers(self, lab, node):
        host, port = node.events("cluster.listens")[0]["listen"].split(":")
        at = (host, int(port))
        before = node.resident_bytes()
        ours = node.sections["cluster"]
        foreign = lab.directory / "foreign"
        pusher = str(lab.build / "pusher")
        subprocess.run([pusher, "cluster", "init-ca", "--directory", str(foreign / "ca")], check=True,
                       stdout=subprocess.DEVNULL)
        subprocess.run([pusher, "cluster", "issue", "x", "--directory", str(foreign / "ca"), "--out", str(foreign)],
                       check=True, stdout=subprocess.DEVNULL)
        announces_4_gib = struct.pack(">BBBBIQQQ", 0, 0, 0, 0, 0xFFFFFFFF, 0, 0, 0)
        for sent in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(4096), bytes(65536), announces_4_gib,
                     b"\x16\x03\x01\xff\xff" + os.urandom(64)):
            with socket.create_connection(at, 10) as plain:
                plain.settimeout(10)
                try:
                    plain.sendall(sent)
                    plain.shutdown(socket.SHUT_WR)
                    while plain.recv(4096):
                        pass
                except OSError:
                    pass
        for certificate in (None, foreign / "x"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            if certificate:
                context.load_cert_chain(certificate / "certificate.pem", certificate / "key.pem")
            with socket.create_connection(at, 10) as raw:
                with self.assertRaises((ssl.SSLError, ConnectionError, AssertionError, OSError)):
                    with context.wrap_socket(raw) as shaken:
                        shaken.sendall(announces_4_gib)
                        assert shaken.recv(1) == b"x", "closed"
        # Peers with a certificate are still let in.
        trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusted.check_hostname = False
        trusted.load_verify_locations(ours["ca"])
        trusted.load_cert_chain(ours["certificate"], ours["key"])
        with socket.create_connection(at, 10) as raw, trusted.wrap_socket(raw) as shaken:
            shaken.settimeout(10)
            self.assertTrue(shaken.recv(1), "CAF's greeting")
        self.assertEqual(node.admin("/readyz")[0], 200)
        self.assertLess(node.resident_bytes() - before, 64 * 1024 * 1024)


if __name__ == "__main__":
    unittest.main()
