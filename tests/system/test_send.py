"""`pusher send` pushes through a running node, tells what became of it, and says it in its exit code."""
import http.server
import json
import os
import subprocess
import threading

import lab


class Sender:
    def __init__(self, node):
        self.node = node
        self.environment = {name: value for name, value in os.environ.items() if name != "PUSHER_API_KEY"}

    def __call__(self, *arguments, key=None, config=True):
        """(exit code, standard output, standard error)"""
        environment = {**self.environment, **({"PUSHER_API_KEY": key} if key else {})}
        where = ["--config", str(self.node.config)] if config else []
        done = subprocess.run([self.node.pusher, "send", *where, *arguments], env=environment, capture_output=True,
                              text=True, timeout=120)
        return done.returncode, done.stdout, done.stderr


def live_keys(node):
    listed = subprocess.run([node.pusher, "keys", "list", "--config", str(node.config)], capture_output=True, text=True,
                            timeout=60)
    assert listed.returncode == 0, listed.stderr
    return listed.stdout


def check_targets(send, node, emulator):
    """A token, a device, a user, a condition and a segment."""
    key = node.key
    code, out, _ = send("--token", "fresh-token", "--title", "Hello", "--wait", key=key)
    assert code == 0 and "accepted" in out and "1 accepted of 1" in out, (code, out)
    node.call("PUT", "/v1/devices/phone", {"gateway": "fcm", "platform": "android", "push_token": "phone-token",
                                           "user_id": "u-1", "properties": {"plan": "pro"}})
    code, out, _ = send("--token", "phone-token", "--body", "World", "--wait", "--json", key=key)
    told = json.loads(out)
    assert code == 0 and [each["device_id"] for each in told["deliveries"]] == ["phone"], (code, out)
    for whom in (["--device", "phone"], ["--user", "u-1"], ["--condition", '{"property":"plan","eq":"pro"}']):
        code, out, err = send(*whom, "--title", "Hi", "--data", "a=b=c", "--wait", key=key)
        assert code == 0 and "1 accepted of 1" in out, (whom, code, out, err)
    node.call("PUT", "/v1/segments/pros", {"condition": {"property": "plan", "eq": "pro"}})
    code, out, _ = send("--segment", "pros", "--title", "Hi", key=key)
    identity = out.strip().rsplit(" ", 1)[-1]
    assert code == 0 and out.startswith("Launched: notification "), (code, out)
    node.wait_completed(identity)
    seen = node.notification(identity)
    assert seen["counts"]["accepted"] == 1, seen
    lab.until("five pushes to the phone", lambda: [row[2] for row in emulator.log()].count("phone-token") == 5)
    code, out, _ = send("--token", "apns-token".encode().hex(), "--gateway", "apns", "--title", "Hi", "--badge", "3",
                        "--priority", "high", "--ttl", "60", "--collapse-key", "k", "--wait", key=key)
    assert code == 0, out


def check_failures(send, node):
    """The exit code, and the gateway's code with its meaning."""
    code, out, _ = send("--token", "UNREG-token", "--title", "Hi", "--wait", key=node.key)
    assert code == 1 and "unregistered" in out and "UNREGISTERED: " in out, (code, out)
    code, out, _ = send("--token", "BAD-token", "--title", "Hi", "--wait", key=node.key)
    assert code == 1 and "INVALID_ARGUMENT" in out and "malformed" not in out, (code, out)
    code, out, _ = send("--user", "nobody", "--title", "Hi", "--wait", key=node.key)
    assert code == 1 and "no device" in out, (code, out)
    for wrong, said in ((["--title", "Hi"], "whom"), (["--device", "a", "--user", "b", "--title", "Hi"], "one of"),
                        (["--device", "a"], "--title"), (["--device", "a", "--title", "x", "--data", "no"], "NAME=VALUE"),
                        (["--condition", "{", "--title", "x"], "JSON"), (["--nonsense"], "nonsense"),
                        (["--device", "a", "--title", "x", "--lane", "fast"], "--lane"),
                        (["--condition", '{"property":"plan","equals":1}', "--title", "x"], "/audience/condition")):
        code, out, err = send(*wrong, key=node.key)
        assert code == 2 and said in err + out, (wrong, code, out, err)
    code, _, err = send("--device", "phone", "--title", "x", key="psk_wrong")
    assert code == 2 and "unauthenticated" in err, (code, err)
    code, _, err = send("--device", "phone", "--title", "x", "--url", f"http://127.0.0.1:{lab.free_port()}", key="k",
                        config=False)
    assert code == 3 and "does not answer" in err, (code, err)


class Stranger(http.server.BaseHTTPRequestHandler):
    """Says yes to everything, and is no node."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    do_POST = do_PUT = do_GET

    def log_message(self, *_):
        pass


def check_stranger(send):
    with http.server.HTTPServer(("127.0.0.1", 0), Stranger) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        code, _, err = send("--token", "t", "--title", "x", "--url", f"http://127.0.0.1:{stranger.server_port}", key="k",
                            config=False)
        stranger.shutdown()
    assert code == 3 and "not a node" in err, (code, err)


def check_keys(send, node):
    """From a file that is one's own, or made for the call and revoked behind it; never without one to another machine."""
    file = node.directory / "key"
    file.write_text(node.key + "\n")
    file.chmod(0o644)
    assert send("--device", "phone", "--title", "x", "--key-file", str(file))[0] == 78
    file.chmod(0o600)
    assert send("--device", "phone", "--title", "x", "--key-file", str(file), "--wait")[0] == 0
    address = f"http://127.0.0.1:{node.port}"
    assert send("--device", "phone", "--title", "x", "--url", address, config=False)[0] == 2
    before = live_keys(node)
    code, out, err = send("--device", "phone", "--title", "x", "--wait")
    assert code == 0 and "1 accepted of 1" in out, (code, out, err)
    fresh = [line for line in live_keys(node).splitlines() if line not in before]
    assert len(fresh) == 1 and fresh[0].endswith("pusher send"), fresh
    expires, revoked = fresh[0].split()[4], fresh[0].split()[6]
    assert expires != "-" and revoked != "-", fresh
    assert node.call("GET", "/v1/devices/phone")[0] == 200


def check_rehearsal(send, node):
    """--dry-run counts and shows, registers nothing and sends nothing."""
    before = len(node.call("GET", "/v1/notifications?limit=1000")[1]["items"])
    code, out, err = send("--device", "phone", "--title", "Rehearsed", "--dry-run", key=node.key)
    assert code == 0 and "would reach 1 of 1 devices" in out and "Rehearsed" in out and " of 4096 bytes" in out, (out, err)
    code, out, _ = send("--token", "never-seen", "--title", "x", "--dry-run", "--json", key=node.key)
    assert code == 0 and json.loads(out)["audience"]["count"] == 0, out
    assert node.call("POST", "/v1/devices:lookup", {"gateway": "fcm", "push_token": "never-seen"})[0] == 404
    assert len(node.call("GET", "/v1/notifications?limit=1000")[1]["items"]) == before


def main():
    with lab.Lab() as place:
        node = place.node("node", place.emulator.sections()).start()
        node.make_key()
        send = Sender(node)
        check_targets(send, node, place.emulator)
        check_failures(send, node)
        check_stranger(send)
        check_keys(send, node)
        check_rehearsal(send, node)
        node.stop()
        code, _, err = send("--device", "phone", "--title", "x")
        assert code == 3 and "running" in err, (code, err)
    print("send: ok")


if __name__ == "__main__":
    main()
