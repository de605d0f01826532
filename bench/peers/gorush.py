"""gorush, where a binary of it is given. It reaches gateways under their own names alone; so the emulator takes that name and its
port on loopback, and gorush runs with a hosts file and certificate authorities of its own. That needs root."""
import http.client
import json
import os
import subprocess
import time

from lab import Emulator
from waiting import until

from .accounting import Meter, on
from .scene import CONTENT, TTL_SECONDS, WARM_UP, push_token
from .systems import System

HOSTS = {"fcm": "fcm.googleapis.com", "apns": "api.push.apple.com"}
BATCH = 500
STILL_SECONDS = 15  # so long without a push: it will not come

CONFIG = """core:
  enabled: true
  address: 127.0.0.1
  port: "{port}"
  worker_num: {workers}
  queue_num: 8192
  max_notification: 100
  mode: release
api:
  push_uri: /api/push
  health_uri: /healthz
android:
  enabled: {fcm}
  key_path: "{account}"
  max_retry: 3
ios:
  enabled: {apns}
  key_path: "{apns_key_file}"
  key_type: p8
  key_id: "{apns_key_id}"
  team_id: "{apns_team_id}"
  production: true
  max_concurrent_pushes: {concurrent}
  max_retry: 3
queue:
  engine: local
log:
  access_log: /dev/null
  access_level: error
  error_log: stderr
  error_level: error
stat:
  engine: memory
"""


class Gorush(System):
    name, title = "gorush", "gorush"
    gateways = ("fcm", "apns")
    needs_npm = False
    emulator = None

    def pace(self):
        """Its defaults, a worker for each CPU and 100 pushes at a time to APNs, are the fastest where the gateway answers at once;
        where it is slow it needs more of both."""
        return {"workers": 8, "concurrent": 500} if self.scene.conditions.delay_ms else {"workers": 0, "concurrent": 100}

    def start(self):
        scene, gateway = self.scene, self.scene.conditions.gateway
        with on(scene.conditions.emulator_cpus):
            self.emulator = scene.emulator = Emulator(scene.lab.build, scene.directory / "named", *scene.conditions.emulator_flags(),
                                                      "--listen", "127.0.0.1:443", "--name", HOSTS[gateway])
        scene.ready = self.emulator.ready
        config, hosts = scene.directory / "gorush.yml", scene.directory / "hosts"
        config.write_text(CONFIG.format(port=scene.api_port, account=scene.ready["service_account_file"], **self.pace(), **{
            name: scene.ready[name] for name in ("apns_key_file", "apns_key_id", "apns_team_id")},
            **{each: str(each == gateway).lower() for each in HOSTS}))
        hosts.write_text("127.0.0.1 localhost " + HOSTS[gateway] + "\n")
        with on(scene.conditions.system_cpus), open(self.log_file(), "ab") as log:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", 'mount --bind "$1" /etc/hosts && exec "$2" -c "$3"', "sh", str(hosts),
                 str(self.tools.gorush), str(config)], env={**os.environ, "SSL_CERT_FILE": scene.ready["ca_file"]},
                stdout=log, stderr=log)
        until("gorush to listen", self.listens, 30)
        warm = range(scene.devices, scene.devices + min(WARM_UP, scene.devices))
        self.push(warm)
        # Accepted, not only arrived: what it tries again must not fall into what is measured.
        until("gorush's warm-up", lambda: self.accepted_since(0) == len(warm), 60)
        self.before = self.emulator.arrived()
        self.meter = Meter({"sender": self.process.pid})

    def listens(self):
        if self.process.poll() is not None:
            raise AssertionError(f"gorush ended: {self.said()}")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.scene.api_port, timeout=5)
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def push(self, numbers):
        """Calls with one notification to 500 devices each, as its documentation advises; the answer comes before the pushes."""
        expires = int(time.time()) + TTL_SECONDS
        if self.scene.conditions.gateway == "apns":
            own = {"platform": 1, "topic": self.scene.ready["apns_topic"], "push_type": "alert", "expiration": expires}
        else:
            own = {"platform": 2, "android": {"ttl": f"{TTL_SECONDS}s"}, "apns": {"headers": {"apns-expiration": str(expires)}},
                   "webpush": {"headers": {"TTL": str(TTL_SECONDS)}}}
        connection = http.client.HTTPConnection("127.0.0.1", self.scene.api_port, timeout=120)
        for first in range(numbers.start, numbers.stop, BATCH):
            tokens = [push_token(self.scene.conditions.gateway, each) for each in range(first, min(first + BATCH, numbers.stop))]
            connection.request("POST", "/api/push", json.dumps({"notifications": [
                {"tokens": tokens, "title": CONTENT["title"], "message": CONTENT["body"], "data": CONTENT["data"], **own}]}),
                {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status == 200, text
        connection.close()

    def wait_arrived(self, count):
        """Until so many pushes came, or no more do: it does not tell when it is through."""
        seen, since = 0, time.monotonic()
        while seen < count and time.monotonic() - since < STILL_SECONDS:
            time.sleep(0.05)
            now = self.emulator.arrived()
            if now > seen:
                seen, since = now, time.monotonic()
        return seen

    def accepted_since(self, row):
        return sum(each[1].startswith("2") for each in self.emulator.log()[row:])

    def begin(self):
        self.meter.begin()
        self.push(range(self.scene.devices))

    def finish(self):
        # With faults it waits out the silence: how many pushes will be tried again is not known before.
        self.wait_arrived(self.before + self.scene.devices * (2 if self.scene.conditions.answer_rates else 1))
        used = self.meter.end()
        accepted = self.accepted_since(self.before)
        return {"accepted": accepted, "failed": self.scene.devices - accepted}, used

    def kill(self):
        self.process.kill()
        self.process.wait(30)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        if self.emulator:
            self.emulator.stop()
