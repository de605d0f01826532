"""Three nodes on machines of their own (network namespaces, cut by their firewalls): whatever network a node loses, for longer
than every lease, all devices are pushed to, nobody helps, and it comes back by itself."""
import contextlib
import subprocess
import unittest

from invariants import check_accepted_once, check_counts
from lab import Lab, until
from machines import GATEWAY_NAME, HUB, Machine, in_network

DEVICES = 6_000
LEASE_MS, HEARTBEAT_MS = 2_000, 500
# What one sender may have had open or not yet recorded when it was cut off.
AT_RISK = 256 + 16 * 100
CAF_PORT = 7_100


def devices():
    return [{"device_id": f"d{i}", "gateway": "fcm", "platform": "android", "push_token": f"ok-{i}"}
            for i in range(DEVICES)]


class Machines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.resources = contextlib.ExitStack()
        cls.addClassCleanup(cls.resources.close)
        cls.lab = cls.resources.enter_context(Lab(emulator_flags=("--listen", "0.0.0.0:0", "--name", GATEWAY_NAME,
                                                                  "--delay-ms", "20")))
        cls.stores = cls.lab.stores(HUB)
        cls.stores.redis_options += ["--protected-mode", "no"]
        cls.stores.start()
        cls.stores.execute("CREATE USER root@'10.77.0.%'; GRANT ALL ON *.* TO root@'10.77.0.%'; "
                           f"CREATE USER IF NOT EXISTS root@'{HUB}'; GRANT ALL ON *.* TO root@'{HUB}'")
        section = cls.lab.cluster()
        cls.machines = [Machine(number) for number in (1, 2, 3)]
        cls.nodes = [cls.lab.node(f"n-{each.name}", {
            **cls.stores.sections(), "node": {"name": each.name},
            "cluster": section(each.name, listen=f"{each.address}:{CAF_PORT}"),
            "limits": {"lease_ms": LEASE_MS, "heartbeat_ms": HEARTBEAT_MS}}, machine=each) for each in cls.machines]
        for node in cls.nodes:
            node.start(wait=False)
        for node in cls.nodes:
            node.wait_ready()
        cls.nodes[0].make_key()
        for node in cls.nodes:
            node.key = cls.nodes[0].key
        cls.nodes[0].import_devices(devices())

    def leader(self, among=None):
        for node in among or self.nodes:
            if "\npusher_fan_out_leading 1\n" in node.admin("/metrics")[1]:
                return node
        return None

    def all_connected(self):
        return all('\npusher_cluster_peers{connected="yes"} 2\n' in node.admin("/metrics")[1] for node in self.nodes)

    def campaign(self, name, fault, on_leader, most_duplicates, during=None):
        """A fault in the middle of a campaign, for three leases of those who see it; then everything is as it was."""
        until("all to be connected", self.all_connected, 60)
        leading = until("a leader", self.leader)
        hurt = leading if on_leader else next(node for node in self.nodes if node is not leading)
        whole = [node for node in self.nodes if node is not hurt]
        status, made, _ = whole[0].call("POST", "/v1/notifications", {
            "content": {"title": "Hello", "body": "World", "data": {"notification": name}}, "audience": {"all": True}, "launch": True,
            "rate_per_second": 1500})
        self.assertEqual(status, 201, made)
        before = self.lab.emulator.arrived()
        until("pushes to arrive", lambda: self.lab.emulator.arrived() > before + DEVICES // 20)
        with fault(self.machines[self.nodes.index(hurt)]):
            (during or (lambda *_: None))(hurt, whole, made["id"])
        done = whole[0].wait_completed(made["id"])
        check_counts(whole[0], made["id"], DEVICES)
        doubled = check_accepted_once(whole[0], made["id"], devices(), self.lab.emulator, correlation=name,
                                      most_duplicates=most_duplicates)
        self.assertEqual(done["counts"]["accepted"] + done["counts"]["unknown"], DEVICES, done)
        until("it to be ready again, without help", lambda: hurt.admin("/readyz")[0] == 200, 60)
        until("all to be connected again", self.all_connected, 60)
        print(f"{name}: {done['counts']['accepted']} accepted, {done['counts']['unknown']} unknown, {doubled} doubled",
              flush=True)

    def another_leads(self, hurt, whole, identity):
        until("another to lead", lambda: self.leader(whole), 3 * LEASE_MS / 1000 + 20)
        # The pushes of the others do not wait for the one that is away.
        until("the rest to be sent by the others", lambda: whole[0].notification(identity)["counts"]["accepted"]
              > DEVICES // 2, 60)

    def test_cut_off_leader(self):
        self.campaign("cut-off", lambda machine: machine.cut_off(), True, AT_RISK, self.another_leads)

    def test_unplugged_leader(self):
        self.campaign("unplugged", lambda machine: machine.unplugged(), True, AT_RISK, self.another_leads)

    def test_leader_without_mariadb(self):
        self.campaign("no-mariadb", lambda machine: machine.cut_from(self.stores.mysql_port), True, 0,
                      self.another_leads)

    def test_without_redis(self):
        """Its heartbeat ends with the network to Redis: its claims go to others, its late answers change nothing."""
        def during(hurt, whole, identity):
            until("readiness to say so", lambda: hurt.admin("/readyz")[0] == 503)
            self.another_leads(hurt, [self.leader(whole) or whole[0], *whole], identity)
        self.campaign("no-redis", lambda machine: machine.cut_from(self.stores.redis_port), False, AT_RISK, during)

    def test_deaf_to_redis(self):
        """Its commands arrive and their answers do not: every commit is ambiguous."""
        def during(hurt, whole, identity):
            until("readiness to say so", lambda: hurt.admin("/readyz")[0] == 503)
            self.another_leads(hurt, [self.leader(whole) or whole[0], *whole], identity)
        self.campaign("deaf", lambda machine: machine.deaf_to(self.stores.redis_port), False, AT_RISK, during)

    def test_links_only(self):
        """Without links between the nodes everything goes through the journal, and the lead stays where it is."""
        def during(hurt, whole, identity):
            until("the links to be given up", lambda: '\npusher_cluster_peers{connected="yes"} 0\n' in hurt.admin("/metrics")[1], 60)
            self.assertIs(self.leader(), hurt)
            self.assertEqual(hurt.admin("/readyz")[0], 200)
            whole[0].wait_completed(identity)
        with_links = ("input", f"tcp dport {CAF_PORT}"), ("output", f"tcp dport {CAF_PORT}"), \
                     ("input", f"tcp sport {CAF_PORT}"), ("output", f"tcp sport {CAF_PORT}")
        self.campaign("links", lambda machine: machine.firewall(*with_links), True, 0, during)

    def test_what_strangers_reach(self):
        """Every listening socket is one that the configuration names; CAF's lets in nobody without a certificate."""
        for node, machine in zip(self.nodes, self.machines):
            asked = {(machine.address, str(port)) for port in (node.port, node.admin_port, CAF_PORT)}
            self.assertEqual(machine.listens_on(), asked)
        stranger = Machine(9)
        said = subprocess.run([*stranger.prefix, "python3", "-c", (
            "import socket\n"
            f"s = socket.create_connection(('{self.machines[0].address}', {CAF_PORT}), 10)\n"
            "s.settimeout(20)\n"
            "s.sendall(bytes(64))\n"
            "s.shutdown(socket.SHUT_WR)\n"
            "got = b''\n"
            "while part := s.recv(4096): got += part\n"
            "print(len(got))")], capture_output=True, text=True, check=False)
        # TLS's alert at most: nothing of CAF's.
        self.assertTrue(said.returncode != 0 or int(said.stdout) <= 7, said)
        self.assertIn("m2", self.nodes[0].inspect("status"))
        until("all to be connected", self.all_connected, 60)


if __name__ == "__main__":
    in_network()
    unittest.main()
