"""What sends and keeps nothing: programs that run once, and services that are given lists of tokens.

A system is started, sends to the scene's devices between `begin` and `finish`, and is stopped. `finish` gives the system's own
count of what it sent; what is believed is the emulator's log.
"""
import json
import os
import pathlib
import subprocess

from .accounting import Meter, on, wait_measured
from .scene import CONTENT, TTL_SECONDS, WARM_UP

class System:
    name, title, keeps = "", "", "nothing"
    gateways = ("fcm",)
    needs_npm = True
    takes_faults = True  # tries again what the gateway refuses for the moment
    recovers = False  # goes on by itself when it is started again after a kill
    process = None
    near = 4  # connections to a gateway that answers at once: with which it is fastest here

    def __init__(self, scene, tools):
        self.scene, self.tools = scene, tools

    def connections(self):
        """A peer's are tuned as ours tune themselves: as many as ours may have where the gateway is far away."""
        return 16 if self.scene.conditions.delay_ms else self.near

    def targets(self):
        return self.scene.targets()

    def warm_up_receipts(self):
        """How many of the first receipts are no part of what is measured."""
        return 0

    def node_program(self, script, *arguments, **more):
        """Starts one of bench/peers/*.mjs; what it has to complain of goes to its log."""
        environment = {**os.environ, "NODE_EXTRA_CA_CERTS": self.scene.ready["ca_file"], "NODE_ENV": "production"}
        with open(self.log_file(), "ab") as log:
            return subprocess.Popen([self.tools.node, str(self.tools.peers / script), *arguments], env=environment,
                                    stdout=subprocess.PIPE, stderr=log, text=True, **more)

    def log_file(self):
        return self.scene.directory / f"{self.name}.log"

    def said(self):
        """The end of its log."""
        return self.log_file().read_text(errors="replace")[-3000:]

    def starts_with_first_receipt(self):
        """Whether its time runs from the first receipt, because it gets ready and sends in one go."""
        return False


class Service(System):
    """A Node program that obeys bench/peers/peer.mjs's orders."""
    script = ""

    def start(self):
        with on(self.scene.conditions.system_cpus):
            self.process = self.node_program(self.script, self.scene.file(self.connections()), stdin=subprocess.PIPE)
        self.order(range(self.scene.devices, self.scene.devices + min(WARM_UP, self.scene.devices)))
        self.answer()
        self.meter = Meter({"sender": self.process.pid})

    def order(self, numbers):
        self.process.stdin.write(json.dumps({"tokens": self.scene.token_file("tokens", numbers)}) + "\n")
        self.process.stdin.flush()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"{self.name} ended: {self.said()}")
        return json.loads(line)

    def begin(self):
        self.meter.begin()
        self.order(range(self.scene.devices))

    def finish(self):
        return self.answer(), self.meter.end()

    def kill(self):
        self.process.kill()
        self.process.wait(30)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(30)


class FirebaseAdmin(Service):
    name, title, script = "firebase-admin", "firebase-admin sendEach", "firebase_admin_alone.mjs"


class NodeHttp2(Service):
    name, title, script = "node-http2", "Node's http2", "http2_alone.mjs"
    needs_npm = False


class NodeApn(Service):
    name, title, script = "node-apn", "node-apn", "node_apn.mjs"
    near = 2
    gateways = ("apns",)


class WebPush(Service):
    name, title, script = "web-push", "web-push", "web_push.mjs"
    gateways = ("webpush",)


class Program(System):
    """Runs once and ends when all is sent."""
    needs_npm = False
    takes_faults = False

    def start(self):
        pass

    def begin(self):
        with on(self.scene.conditions.system_cpus), open(self.log_file(), "wb") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=subprocess.STDOUT)

    def finish(self):
        used = wait_measured(self.process)
        if self.process.returncode != 0:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}: {self.said()}")
        return self.count(), {"sender": used}

    def starts_with_first_receipt(self):
        return True

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)


class PushClient(Program):
    """Pusher's own client as the push-sender uses it, without journal and stores."""
    name, title = "push-client", "Pusher's push client"
    gateways = ("fcm", "apns", "webpush")
    OWN_WARM_UP = 500  # one batch, with which it signs in and connects

    def command(self):
        return [str(self.tools.push_client), "--ready", str(self.scene.emulator.directory / "ready.json"), "--gateway",
                self.scene.conditions.gateway, "--count", str(self.scene.devices)]

    def targets(self):
        return self.scene.targets(self.scene.devices + self.OWN_WARM_UP)

    def warm_up_receipts(self):
        return self.OWN_WARM_UP

    def count(self):
        return {"accepted": self.scene.devices, "failed": 0}  # it ends with an error when one is not accepted


class H2load(Program):
    """The floor: a load generator that says the same to one device again and again, without looking at the answers."""
    name, title = "h2load", "h2load (the floor)"

    def start(self):
        message = {"message": {"notification": {"title": CONTENT["title"], "body": CONTENT["body"]}, "data": CONTENT["data"],
                               "android": {"ttl": f"{TTL_SECONDS}s"}, "token": self.scene.targets(1)[0],
                               "apns": {"headers": {"apns-expiration": "1900000000"}},
                               "webpush": {"headers": {"TTL": f"{TTL_SECONDS}"}}}}
        self.body = self.scene.directory / "body.json"
        self.body.write_text(json.dumps(message, separators=(",", ":")))

    def command(self):
        account = json.loads(pathlib.Path(self.scene.ready["service_account_file"]).read_text())
        return ["h2load", "-n", str(self.scene.devices), "-c", str(self.connections()), "-m", "100", "-t", "1",
                "-d", str(self.body), "-H", "content-type: application/json",
                "-H", "authorization: Bearer " + self.scene.ready["access_token"],
                f"{self.scene.ready['base_url']}/v1/projects/{account['project_id']}/messages:send"]

    def targets(self):
        return self.scene.devices

    def count(self):
        said = self.log_file().read_text()
        assert "TLSv1.3" in said, said
        line = next(each for each in said.splitlines() if each.startswith("status codes:"))
        accepted = int(line.split()[2])
        return {"accepted": accepted, "failed": self.scene.devices - accepted}
