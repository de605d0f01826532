"""G19, G21: of four nodes with one role each, the sender without MariaDB, all take up the rebuilt journal, and none is
started again."""
import lost_redis
from lab import Lab, until
from one_role import one_role_nodes, start_together

DEVICES = lost_redis.all_devices(10_000)


def main():
    with Lab() as lab:
        stores = lost_redis.LossyStores(lab.directory / "stores")
        lab.outer_stores.append(stores)
        stores.start()
        nodes = one_role_nodes(lab, stores)
        nodes["sender"].sections["fcm"].update(messages_per_minute=240_000)
        nodes["sender"].write_config()
        start_together(list(nodes.values()))
        front, leader, sender = nodes["front"], nodes["leader"], nodes["sender"]
        front.make_key()
        front.import_devices(DEVICES)

        identity = lost_redis.launch(front, "emptied")
        until("a third of the pushes", lambda: lab.emulator.arrived() >= len(DEVICES) / 3)
        stores.redis_command("FLUSHALL")
        lost_redis.wait_rebuilt(leader)
        front.wait_completed(identity)
        most = lost_redis.sent_but_unrecorded(lab.emulator, leader, sender)
        doubled = lost_redis.check_whole(front, lab.emulator, identity, DEVICES, "emptied", most)
        print(f"emptied: {doubled} pushes were doubled, {most} had been sent and not recorded", flush=True)

        before = lab.emulator.arrived()
        identity = lost_redis.launch(front, "older")
        until("some of the pushes", lambda: lab.emulator.arrived() >= before + len(DEVICES) / 5)
        stores.keep_copy()
        until("more of the pushes", lambda: lab.emulator.arrived() >= before + len(DEVICES) * 3 / 5)
        stores.kill_redis()
        stores.put_copy_back()
        stores.start_redis()
        lost_redis.wait_rebuilt(leader, 1)
        doubled = lost_redis.check_whole(front, lab.emulator, identity, DEVICES, "older", 256 + 16 * 100 + 2000)
        print(f"older: {doubled} pushes were doubled", flush=True)

        until("all nodes to be ready", lambda: all(node.admin("/readyz")[0] == 200 for node in nodes.values()))
        for name, node in nodes.items():
            assert len(node.events("node.ready")) == 1 and node.events("role.failed") == [], name
            assert len(node.events("roles.renewed")) == 2, name
            assert ("pusher_journal_rebuilds_total 2" in node.admin("/metrics")[1]) == (name == "leader"), name
        for node in nodes.values():
            assert node.stop() == 0


if __name__ == "__main__":
    main()
