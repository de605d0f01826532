"""What keeps a result for each device: Pusher as one node, and the pipeline that a team would build on BullMQ. Both with a Redis
and a MariaDB of their own under the same settings."""
import http.client
import json

from waiting import until

from .accounting import Meter, on
from .scene import CONTENT, TTL_SECONDS, WARM_UP, push_token
from .systems import System

IMPORT_BLOCK = 50_000
ASKED_EVERY = 0.02  # seconds, whether all is settled: what a campaign's end is known by
# Those of Pusher's embedded stores: durable at each commit, the journal each second; see storage/server_plans.cpp.
REDIS = ["--appendfsync", "everysec", "--maxmemory", "1g", "--maxmemory-policy", "noeviction"]
MARIADB = ["--innodb-buffer-pool-size=256M", "--innodb-flush-log-at-trx-commit=1", "--innodb-adaptive-hash-index=ON",
           "--transaction-isolation=READ-COMMITTED",
           "--skip-log-bin", "--performance-schema=OFF", "--skip-name-resolve", "--max-allowed-packet=64M", "--max-connections=200",
           "--query-cache-type=0", "--query-cache-size=0", "--key-buffer-size=1M", "--aria-pagecache-buffer-size=8M",
           "--character-set-server=utf8mb4"]


class Durable(System):
    keeps = "a row for each device"
    recovers = True

    def start(self):
        with on(self.scene.conditions.system_cpus):
            self.stores = self.scene.lab.stores()
            self.stores.redis_options += REDIS
            self.stores.server_options += MARIADB
            self.stores.start()
            self.stores.redis_command("PING")
            self.stores.execute("SELECT 1")
            self.start_nodes()
        warm = min(WARM_UP, self.scene.devices)
        self.register(range(warm))
        self.launch()
        self.wait_settled(120)
        self.register(range(warm, self.scene.devices))
        self.meter = Meter(self.pids())

    def pids(self):
        redis, mariadb = (each.pid for each in self.stores.processes)
        return {**self.own_pids(), "redis": redis, "mariadb": mariadb}

    def register(self, numbers):
        for first in range(numbers.start, numbers.stop, IMPORT_BLOCK):
            self.register_block(range(first, min(first + IMPORT_BLOCK, numbers.stop)))

    def begin(self):
        self.meter.begin()
        self.launch()

    def finish(self, seconds=1200):
        self.wait_settled(seconds)
        used = self.meter.end()
        return self.tally(), used


class Pusher(Durable):
    name, title = "pusher", "Pusher, one node"
    gateways = ("fcm", "apns", "webpush")
    needs_npm = False

    def start_nodes(self):
        self.node = self.scene.lab.node("node", {**self.stores.sections(), **self.scene.emulator.sections()})
        self.node.checks_answers = False
        self.node.start()
        self.node.make_key()

    def own_pids(self):
        return {"node": self.node.process.pid}

    def register_block(self, numbers):
        gateway = self.scene.conditions.gateway
        ready = self.scene.ready
        devices = []
        for number in numbers:
            token = push_token(gateway, number)
            made = {"device_id": f"d-{number}", "gateway": gateway,
                    "platform": {"fcm": "android", "apns": "ios", "webpush": "web"}[gateway]}
            if gateway == "webpush":
                made["subscription"] = {"endpoint": f"{ready['webpush_base_url']}/wpush/{token}",
                                        "keys": {"p256dh": ready["webpush_p256dh"], "auth": ready["webpush_auth"]}}
            else:
                made["push_token"] = token
            devices.append(made)
        refused = [each for each in self.node.import_devices(devices, 1200) if each["status"] >= 300]
        assert not refused, refused[:3]

    def launch(self):
        status, made, _ = self.node.call("POST", "/v1/notifications", {
            "content": CONTENT, "audience": {"all": True}, "ttl_seconds": TTL_SECONDS, "launch": True})
        assert status == 201, made
        self.notification = made["id"]

    def wait_settled(self, seconds):
        self.counts = self.node.wait_completed(self.notification, seconds, ASKED_EVERY)["counts"]

    def tally(self):
        return {"accepted": self.counts["accepted"], "failed": self.counts["audience"] - self.counts["accepted"]}

    def kill(self):
        self.node.kill()

    def restart(self):
        with on(self.scene.conditions.system_cpus):
            self.node.start()

    def stop(self):
        pass  # the laboratory ends what it started


class Pipeline(Durable):
    sender = ""

    def __init__(self, scene, tools):
        super().__init__(scene, tools)
        self.processes = []

    def start_nodes(self):
        self.stores.execute("CREATE DATABASE pipeline CHARACTER SET utf8mb4")
        self.file = self.scene.file(self.connections(), redis_port=self.stores.redis_port, mysql_port=self.stores.mysql_port)
        self.api = self.run("api")
        # As many as there are CPUs for them: one leaves half of the machine unused.
        self.workers = [self.run("worker", self.sender) for _ in self.scene.conditions.system_cpus]

    def run(self, *role):
        made = self.node_program("pipeline.mjs", self.file, *role)
        self.processes.append(made)
        if made.stdout.readline() != "ready\n":
            raise AssertionError(f"{self.name} did not start: {self.said()}")
        return made

    def own_pids(self):
        return {"api": self.api.pid, **{f"worker {number}": each.pid for number, each in enumerate(self.workers, 1)}}

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.scene.api_port, timeout=120)
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        text = answer.read().decode()
        assert answer.status == 200, text
        return json.loads(text)

    def register_block(self, numbers):
        self.call("POST", "/devices", [[f"d-{number}", push_token("fcm", number)] for number in numbers])

    def launch(self):
        self.notification = self.call("POST", "/notifications", CONTENT)["id"]

    def wait_settled(self, seconds):
        def settled():
            now = self.call("GET", f"/notifications/{self.notification}")
            return now["fanned_out"] and now["settled"] == now["audience"]
        until(f"{self.name} to have every result", settled, seconds, ASKED_EVERY)

    def tally(self):
        counts = self.call("GET", f"/notifications/{self.notification}/outcomes")
        accepted = counts.pop("accepted", 0)
        return {"accepted": accepted, "failed": sum(counts.values()), "why": counts}

    def kill(self):
        for each in self.workers:
            each.kill()
            each.wait(30)

    def restart(self):
        with on(self.scene.conditions.system_cpus):
            self.workers = [self.run("worker", self.sender) for _ in self.workers]

    def stop(self):
        for each in self.processes:
            if each.poll() is None:
                each.terminate()
                each.wait(30)


class BullmqFirebaseAdmin(Pipeline):
    name, title, sender = "bullmq-firebase-admin", "BullMQ + firebase-admin + MariaDB", "firebase_admin"


class BullmqHttp2(Pipeline):
    name, title, sender = "bullmq-http2", "BullMQ + Node's http2 + MariaDB", "http2_client"
