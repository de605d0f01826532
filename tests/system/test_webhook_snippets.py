"""The code by which docs/webhooks.md lets a receiver verify a request accepts what Pusher signed, and nothing else."""
import base64
import json
import pathlib
import shutil
import subprocess
import sys

from lab import Lab
from receiver import Receiver, signature

# Each program reads cases of {secret, headers, body} and says which of them the snippet in front of it takes.
PYTHON = """
import json, sys
cases = json.load(sys.stdin)
print(json.dumps([verified(each["secret"], each["headers"], base64.b64decode(each["body"])) for each in cases]))
"""
NODE = """
const cases = JSON.parse(require("node:fs").readFileSync(0));
console.log(JSON.stringify(cases.map((each) => verified(each.secret, each.headers, Buffer.from(each.body, "base64")))));
"""


def snippet(language):
    """The indented block behind the line that names the language."""
    page = pathlib.Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
    behind = page.read_text(encoding="utf-8").split(f"\n{language}:\n", 1)[1]
    lines = []
    for line in behind.splitlines():
        if line and not line.startswith("    "):
            break
        lines.append(line[4:])
    assert any("verified" in line for line in lines), f"no snippet for {language}"
    return "\n".join(lines)


def taken(command, program, cases):
    done = subprocess.run([*command, program], input=json.dumps(cases), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def case(secret, request, body=None, **headers):
    given = {name: request.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    given.update({name.replace("_", "-"): value for name, value in headers.items()})
    return {"secret": secret, "headers": given,
            "body": base64.b64encode(request.raw if body is None else body).decode()}


def at_another_time(secret, request, seconds):
    moved = str(int(request.timestamp) + seconds)
    return case(secret, request, webhook_timestamp=moved,
                webhook_signature=signature(secret, request.id, moved, request.raw))


def make_cases(node, receiver):
    """What is to be taken, and what is to be refused."""
    status, made, _ = node.call("POST", "/v1/webhooks", {"url": receiver.url("/")})
    assert status == 201, made

    def ask(verb):
        status, answer, _ = node.call("POST", f"/v1/webhooks/{made['id']}{verb}")
        assert status == 200, answer
        return answer

    ask(":test")
    old, new = made["secret"], ask(":rotate-secret")["secret"]
    ask(":test")
    ping, rotated = receiver.of("/")
    assert len(ping.signatures) == 1 and len(rotated.signatures) == 2
    good = [case(old, ping), case(old, rotated), case(new, rotated),
            at_another_time(old, ping, -100), at_another_time(old, ping, 100)]
    bad = [case(new, ping), case(old, ping, body=ping.raw + b" "), case(old, ping, webhook_id="msg_another"),
           case(old, ping, webhook_timestamp=str(int(ping.timestamp) + 1)),
           case(old, ping, webhook_signature="v1,"), case(old, ping, webhook_signature="v1," + "A" * 43 + "="),
           at_another_time(old, ping, -1000), at_another_time(old, ping, 1000)]
    return good, bad


def main():
    with Lab() as lab:
        node = lab.node("n1", {"webhooks": {"allow_private_addresses": True}}).start()
        node.make_key("admin")
        receiver = Receiver()
        good, bad = make_cases(node, receiver)
        wanted = [True] * len(good) + [False] * len(bad)
        languages = {"Python": ([sys.executable, "-c"], PYTHON)}
        if shutil.which("node"):
            languages["Node"] = (["node", "-e"], NODE)
        else:
            print("Node is not installed: its snippet was not run")
        for language, (command, use) in languages.items():
            assert taken(command, snippet(language) + use, good + bad) == wanted, language
        receiver.stop()
        assert node.stop() == 0


if __name__ == "__main__":
    main()
