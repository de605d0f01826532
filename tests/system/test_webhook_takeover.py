"""Webhooks in a cluster: one node delivers; when it is killed another goes on from the cursor, whatever was under way
comes again under the same id, and a node that was only stopped and wakes up moves nothing."""
import os
import signal
import time

from lab import Lab, until
from receiver import Receiver
from test_webhooks import check_all_delivered, feed, open_webhook, webhook

DEVICES = 300


def leads(node):
    return "\npusher_fan_out_leading 1\n" in node.admin("/metrics")[1]


def send(node, title):
    status, made, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": title}, "audience": {"all": True}, "launch": True})
    assert status == 201, made
    return made["id"]


def main():
    receiver = Receiver()
    with Lab() as lab:
        stores = lab.stores()
        stores.start()
        secrets = lab.directory / "secrets.key"
        secrets.write_text("0123456789abcdef" * 4 + "\n")
        secrets.chmod(0o600)
        sections = {"webhooks": {"allow_private_addresses": True, "retry_seconds": "1,1,1,1", "timeout_seconds": 2},
                    "secrets": {"key_file": str(secrets)}, "limits": {"lease_ms": 1500, "poll_interval_ms": 200},
                    **stores.sections()}
        nodes = [lab.node(name, sections=sections).start() for name in ("one", "two")]
        admin_key, key = nodes[0].make_key("admin"), nodes[0].make_key("devices,send,read")
        for node in nodes:
            node.admin_key, node.key = admin_key, key
        nodes[0].import_devices({"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}"}
                                for n in range(DEVICES))
        until("a leader", lambda: any(leads(node) for node in nodes))
        first, second = sorted(nodes, key=leads, reverse=True)
        receiver.answer("/hook", delay=0.02)
        _, start = feed(first)
        made = open_webhook(second, receiver.url("/hook"), batch={"max_events": 7, "max_wait_ms": 20})

        # Stopped in the middle, and woken when the other one leads.
        sent = send(first, "stopped")
        until("some requests", lambda: len(receiver.of("/hook")) >= 8)
        os.kill(first.process.pid, signal.SIGSTOP)
        try:
            until("the other to lead", lambda: leads(second), 30)
            second.wait_completed(sent)
            until("requests of the other", lambda: webhook(second, made["id"])["delivery"]["failed_tries"] == 0
                  and len(receiver.of("/hook")) >= 20)
        finally:
            os.kill(first.process.pid, signal.SIGCONT)
        check_all_delivered(second, receiver, "/hook", made["secret"], start)

        # Killed in the middle.
        sent = send(second, "killed")
        mark = len(receiver.of("/hook")) + 8
        until("some requests", lambda: len(receiver.of("/hook")) >= mark)
        second.kill()
        killed_at = time.monotonic()
        until("the first to lead again", lambda: leads(first), 30)
        print(f"another led {time.monotonic() - killed_at:.1f} s after the kill", flush=True)
        first.wait_completed(sent)
        requests = check_all_delivered(first, receiver, "/hook", made["secret"], start)
        print(f"{len(requests)} requests, {len(requests) - len({r.id for r in requests})} of them repetitions", flush=True)
        assert first.stop() == 0
    receiver.stop()


if __name__ == "__main__":
    main()
