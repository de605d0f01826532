"""./run demo and ./run cluster: the whole way of a push on one machine, from registering a device to the row that says what
became of it; through one node with stores of its own, or through four nodes with one role each."""
import argparse
import json
import random
import signal
import sys
import time

from lab import Lab, until
from one_role import links, one_role_nodes, start_together

DEVICES = 10_000
# What the emulator answers to tokens with these beginnings; the rest it accepts.
SPECIAL = [("UNREG", 0.02), ("BAD-", 0.005), ("QUOTA1X", 0.01), ("UNAVAIL1X", 0.01), ("MISMATCH", 0.005)]


def make_devices(chance):
    for number in range(DEVICES):
        prefix, draw = "", chance.random()
        for name, share in SPECIAL:
            if draw < share:
                prefix = name
                break
            draw -= share
        yield {"device_id": f"demo-{number}", "gateway": "fcm", "platform": "android",
               "push_token": f"{prefix}token-{number}-{chance.getrandbits(64):016x}", "locale": "en-GB",
               "properties": {"plan": chance.choice(["pro", "free"]), "level": chance.randint(1, 50)}}


def bar(done, total, width=40):
    filled = int(width * done / total) if total else 0
    return "#" * filled + "." * (width - filled)


def one_node(lab):
    """Gives the node that answers clients."""
    print("Starting a node with its own Redis and MariaDB, and the gateway emulator ...", flush=True)
    return lab.node().start()


def four_nodes(lab):
    print("Starting Redis, MariaDB, the gateway emulator, and four nodes with one role each ...", flush=True)
    stores = lab.stores()
    stores.start()
    nodes = one_role_nodes(lab, stores)
    start_together(nodes.values())
    print(f"""
  Redis             127.0.0.1:{stores.redis_port}
  MariaDB           127.0.0.1:{stores.mysql_port}
  gateway emulator  127.0.0.1:{lab.emulator.ready['port']}

  node    role             process  cluster (TLS)    health           API              connected to""")
    for name, node in nodes.items():
        api = f"127.0.0.1:{node.port}" if name == "front" else "-"
        print(f"  {name:<7} {node.sections['node']['roles']:<15} {node.process.pid:>8}  {node.cluster_address():<16} "
              f"127.0.0.1:{node.admin_port:<6} {api:<16} {', '.join(links(node))}")
    print(flush=True)
    return nodes["front"]


def register(node):
    """Stores the devices, and counts those that meet the condition; gives both."""
    print(f"Registering {DEVICES:,} devices ...", flush=True)
    began = time.monotonic()
    lines = node.import_devices(make_devices(random.Random(7)))
    stored = sum(line["status"] in (200, 201) for line in lines)
    print(f"  {stored:,} stored in {time.monotonic() - began:.1f} s")
    condition = {"all": [{"property": "plan", "eq": "pro"}, {"not": {"property": "level", "lt": 2}}]}
    status, counted, _ = node.call("POST", "/v1/devices:count", {"condition": condition})
    assert status == 200, counted
    print(f"  {counted['count']:,} of them meet {json.dumps(condition)}")
    return condition, counted["count"]


def launch(node, condition):
    status, made, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": "Hello", "body": "This push took the whole way."},
        "audience": {"condition": condition}}, headers={"Idempotency-Key": "demo-1"})
    assert status == 201, made
    status, launched, _ = node.call("POST", f"/v1/notifications/{made['id']}:launch")
    assert status == 202, launched
    print(f"Launched notification {made['id']}", flush=True)
    return made["id"]


def follow(node, identity):
    """Waits until every device has its outcome; gives the notification."""
    terminal = sys.stdout.isatty()

    def progress():
        now = node.notification(identity)
        counts = now["counts"]
        settled = counts["audience"] - counts["pending"]
        if terminal:
            print(f"\r  [{bar(settled, counts['audience'])}] {settled:,} of {counts['audience']:,}", end="", flush=True)
        return now if now["state"] == "completed" else None

    done = until("the notification to complete", progress, 120, 0.05)
    if terminal:
        print()
    return done


def show(lab, counts, seconds):
    print("\n  outcome        devices")
    for name in ("accepted", "unregistered", "rejected", "failed", "expired", "canceled", "skipped", "unknown"):
        print(f"  {name:<14}{counts[name]:>8,}")
    print(f"  {'audience':<14}{counts['audience']:>8,}")
    print(f"\n  {seconds:.2f} s, including the retries that the gateway asked to wait for")
    # The emulator writes its log in blocks.
    rows = until("the gateway's log", lambda: (lambda all_rows: all_rows if sum(
        row[1] == "200" for row in all_rows) >= counts["accepted"] else None)(lab.emulator.log()))
    first = min(int(row[0]) for row in rows)
    quick = [int(row[0]) for row in rows if int(row[0]) < first + 950_000]
    rate = len(quick) / max((max(quick) - first) / 1e6, 1e-3)
    print(f"  {len(rows):,} requests reached the gateway; {rate:,.0f} pushes per second in the first wave")


def by_hand(lab, node, key, identity, options):
    address = f"http://127.0.0.1:{node.port}"
    print(f"""
Go on by hand{'' if options.keep else f" (with ./run {'cluster' if options.cluster else 'demo'} --keep)"}:
  curl -H 'Authorization: Bearer {key}' {address}/v1/notifications/{identity}
  curl -H 'Authorization: Bearer {key}' '{address}/v1/notifications/{identity}/deliveries?outcome=unregistered&limit=3'
  curl -H 'Authorization: Bearer {key}' -d '{{"content":{{"title":"Hi"}},"audience":{{"device_ids":["demo-1"]}},"launch":true}}' {address}/v1/notifications""")
    if options.cluster:
        print(f"""  {options.build}/pusher inspect status --config {node.config}    # any node shows all
  curl http://127.0.0.1:{node.admin_port}/readyz                  # each node has its own, and /metrics
  tail -f {lab.directory}/*/node.log            # what the nodes say
  ls {lab.directory}/*/pusher.toml              # how they are configured""")
    print(flush=True)


def push_to_all(lab, node, options):
    """The main job, through whatever nodes there are; whether it came out right."""
    key = node.make_key()
    condition, expected = register(node)
    began = time.monotonic()
    identity = launch(node, condition)
    counts = follow(node, identity)["counts"]
    show(lab, counts, time.monotonic() - began)
    by_hand(lab, node, key, identity, options)
    settled = sum(counts[name] for name in counts if name not in ("audience", "pending"))
    return settled == counts["audience"] == expected and counts["pending"] == 0


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--build", required=True)
    options.add_argument("--cluster", action="store_true", help="four nodes with one role each")
    options.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    options = options.parse_args()
    # However it is told to end, what it started ends with it.
    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, signal.default_int_handler)

    with Lab(options.build) as lab:
        node = four_nodes(lab) if options.cluster else one_node(lab)
        if not push_to_all(lab, node, options):
            print("The counts do not add up: this is a fault.", file=sys.stderr)
            return 1
        if options.keep:
            print("Running until Ctrl-C ...", flush=True)
            try:
                node.process.wait()
            except KeyboardInterrupt:
                print("\nStopping ...")
        return 0


if __name__ == "__main__":
    sys.exit(main())
