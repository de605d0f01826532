"""Starts the gateway emulator for a test, talks to it as a client, and stops it."""
import base64
import json
import os
import signal
import subprocess
import tempfile
import time
import urllib.parse

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Answer:
    def __init__(self, status, headers, body, exit_code):
        self.status, self.headers, self.body, self.exit_code = status, headers, body, exit_code

    def json(self):
        return json.loads(self.body)

    def error(self):
        return self.json()["error"]

    def details(self):
        return {each["@type"].split("/")[-1]: each for each in self.error().get("details", [])}

    def fcm_code(self):
        return self.details().get("google.firebase.fcm.v1.FcmError", {}).get("errorCode")


class Emulator:
    """`directory` may be one that an earlier emulator has filled."""

    def __init__(self, binary, directory, *flags):
        self.directory = directory
        self.log_file = tempfile.mktemp(prefix="log-", dir=directory)
        ready = os.path.join(directory, "ready.json")
        if os.path.exists(ready):
            os.unlink(ready)
        self.process = subprocess.Popen(
            [binary, "--directory", directory, "--log", self.log_file, *flags], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not os.path.exists(ready):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the emulator did not start")
            time.sleep(0.01)
        with open(ready) as file:
            self.ready = json.load(file)
        with open(self.ready["service_account_file"]) as file:
            self.account = json.load(file)
        self.push_path = "/v1/projects/%s/messages:send" % self.account["project_id"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        """Asks it to end; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def log(self):
        """Rows of the log: [time, status, target, correlation, code, connection, stream, gateway]."""
        with open(self.log_file) as file:
            return [line.rstrip("\n").split("\t") for line in file]

    def curl(self, method, path, body=None, headers=None, version="--http2", seconds=10, base="base_url", more=()):
        command = ["curl", "-sS", version, "--cacert", self.ready["ca_file"], "-X", method, "-m", str(seconds),
                   "-D", "-", *more, self.ready[base] + path]
        for name, value in (headers or {}).items():
            command += ["-H", "%s: %s" % (name, value)]
        if body is not None:
            command += ["--data-binary", "@-"]
        done = subprocess.run(command, input=body, capture_output=True)
        head, _, text = done.stdout.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        status = int(lines[0].split(" ")[1]) if lines[0].startswith("HTTP/") else 0
        pairs = (line.split(": ", 1) for line in lines[1:] if ": " in line)
        return Answer(status, {name.lower(): value for name, value in pairs}, text, done.returncode)

    def assertion(self, key_file=None, header=None, **claims):
        now = int(time.time())
        all_claims = {"iss": self.account["client_email"], "scope": SCOPE, "aud": self.account["token_uri"],
                      "iat": now, "exp": now + 3600, **claims}
        all_header = {"alg": "RS256", "typ": "JWT", "kid": self.account["private_key_id"], **(header or {})}
        signing_input = ".".join(base64url(json.dumps(part).encode()) for part in (all_header, all_claims))
        if key_file is None:
            key_file = os.path.join(self.directory, "account.key")
            with open(key_file, "w") as file:
                file.write(self.account["private_key"])
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key_file], check=True,
                                   input=signing_input.encode(), capture_output=True).stdout
        return signing_input + "." + base64url(signature)

    def exchange(self, assertion, grant_type=GRANT_TYPE, version="--http1.1"):
        form = urllib.parse.urlencode({"grant_type": grant_type, "assertion": assertion})
        return self.curl("POST", "/token", form.encode(), {"content-type": "application/x-www-form-urlencoded"}, version)

    def mint(self):
        return self.exchange(self.assertion()).json()["access_token"]

    def push_headers(self, access_token):
        return {"authorization": "Bearer " + access_token, "content-type": "application/json"}

    def push(self, access_token, message, seconds=10):
        body = json.dumps({"message": message}).encode()
        return self.curl("POST", self.push_path, body, self.push_headers(access_token), seconds=seconds)

    def control(self, **order):
        return self.curl("POST", "/_control", json.dumps(order).encode())

    def stats(self):
        return self.curl("GET", "/_stats").json()
