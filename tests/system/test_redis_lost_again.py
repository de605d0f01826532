"""G19, R1: Redis is emptied again while it is rebuilt, and the node is killed at every point of a rebuild: the next one
begins it anew, and nothing is lost."""
import lost_redis
from lab import Lab, until

DEVICES = lost_redis.all_devices(6000)
POINTS = ("rebuild.named", "rebuild.taken", "rebuild.swept", "rebuild.begun_anew", "rebuild.finished")


def start(node, plan=None):
    node.environment.pop("PUSHER_FAIL", None)
    if plan:
        node.environment["PUSHER_FAIL"] = plan
    node.start()


def emptied_meanwhile(node, stores):
    """The rebuild rests when all of the old journal is gone, and what it has made is taken away from it."""
    start(node, "rebuild.swept:1:sleep=1500")
    node.make_key()
    node.import_devices(DEVICES)
    identity = lost_redis.launch(node, "twice", rate_per_second=1500)
    until("some rows", lambda: node.notification(identity)["counts"]["accepted"] > 500)
    stores.redis_command("FLUSHALL")
    until("a rebuild to begin", lambda: node.events("journal.rebuilding"))
    until("the new name to be in Redis", lambda: stores.redis_command("EXISTS", "{pusher}:run") == ["1"])
    stores.redis_command("FLUSHALL")
    lost_redis.wait_rebuilt(node)
    assert len(node.events("journal.rebuilding")) >= 2
    return identity


def killed_meanwhile(node, stores, point):
    identity = lost_redis.launch(node, point, rate_per_second=1500)
    until("some rows", lambda: node.notification(identity)["counts"]["accepted"] > 500)
    stores.redis_command("FLUSHALL")
    until(f"the node to die at {point}", lambda: node.process.poll() is not None)
    assert node.process.returncode != 0
    rebuilt = len(node.events("journal.rebuilt"))
    start(node)
    if point != "rebuild.finished":
        lost_redis.wait_rebuilt(node, rebuilt)
    return identity


def main():
    with Lab() as lab:
        stores = lost_redis.LossyStores(lab.directory / "stores")
        lab.outer_stores.append(stores)
        stores.start()
        node = lab.node(sections=stores.sections(), environment={})
        node.pusher = str(lab.build / "pusher-with-fail-points")
        made = {"twice": emptied_meanwhile(node, stores)}
        for point in POINTS:
            assert node.stop() == 0
            start(node, f"{point}:1:exit")
            made[point] = killed_meanwhile(node, stores, point)
        for name, identity in made.items():
            # Each loss of them puts at risk what two connections had in flight, the window, and what waited for its rows.
            doubled = lost_redis.check_whole(node, lab.emulator, identity, DEVICES, name, 256 + 16 * 100 + 2000)
            print(f"{name}: {doubled} pushes were doubled", flush=True)
        assert node.events("role.failed") == []
        assert node.stop() == 0


if __name__ == "__main__":
    main()
