"""G19 without hands: the file of an embedded Redis is damaged in the middle, or was written while its disk was full, and Redis
dies. It starts without that file, the journal is made anew from MariaDB, and at most what was sent and not recorded is sent
twice."""
import os
import shutil
import signal
import subprocess

import lost_redis
from installation import in_own_mounts, may_mount
from lab import Lab, until

DEVICES = lost_redis.all_devices(6_000)
DISK = 24 << 20
# So fast that it takes some seconds.
PACE = {"fcm": {"messages_per_minute": 150_000, "ramp_seconds": 0}}


def redis_directory(node):
    return node.directory / "data" / "redis"


def newest_file(node, part):
    return max((redis_directory(node) / "appendonlydir").glob(f"*{part}*"), key=lambda file: file.stat().st_mtime)


def overwrite(file, at, text):
    with open(file, "r+b", buffering=0) as out:
        out.seek(at)
        out.write(text)


def behind_the_middle(file, text):
    content = file.read_bytes()
    return content.index(text, len(content) // 2)


def a_byte_in_the_middle(node):
    file = newest_file(node, ".incr.")
    overwrite(file, behind_the_middle(file, b"\r\n*") + 2, b"#")


def a_length_in_the_middle(node):
    file = newest_file(node, ".incr.")
    overwrite(file, behind_the_middle(file, b"\r\n$") + 3, b"900000000")


def an_empty_manifest(node):
    os.truncate(newest_file(node, "manifest"), 0)


def under_way(lab, node, name):
    """A notification in the middle of which Redis is to die."""
    before = lab.emulator.arrived()
    identity = lost_redis.launch(node, name)
    until("a quarter of the pushes", lambda: lab.emulator.arrived() - before >= len(DEVICES) / 4)
    return identity


def kill_redis(node):
    os.kill(node.store_pids()["redis"], signal.SIGKILL)


def finish(lab, node, identity, name, before):
    """`before`: what the log had when Redis died. Gives what it says of the files."""
    rebuilt = lost_redis.wait_rebuilt(node, before["journal.rebuilt"])
    node.wait_completed(identity)
    renewed = node.events("roles.renewed")[before["roles.renewed"]:] or [rebuilt]
    sent = {token for token, notification in lost_redis.accepted_until(lab.emulator, lost_redis.micros(renewed[0])) if notification == name}
    most = len(sent) - int(rebuilt["devices_settled"])
    doubled = lost_redis.check_whole(node, lab.emulator, identity, DEVICES, name, most)
    anew = node.events("redis.started_anew")[before["redis.started_anew"]:]
    print(f"{name}: {doubled} pushes were doubled, {most} had been sent and not recorded; {anew}", flush=True)
    return anew


def events_so_far(node):
    return {name: len(node.events(name)) for name in ("journal.rebuilt", "roles.renewed", "redis.started_anew")}


def damaged(lab, node, name, damage):
    identity = under_way(lab, node, name)
    before = events_so_far(node)
    damage(node)
    kill_redis(node)
    said, = finish(lab, node, identity, name, before)
    assert "cannot load its file" in said["detail"], said
    assert os.path.isdir(said["files"]), said
    assert node.metric("pusher_redis_files_set_aside_timestamp_seconds") > 0


def cut_in_the_middle(lab, node):
    """A length is too great: Redis takes it for a file that was cut off there, and comes back with what was before it."""
    identity = under_way(lab, node, "cut")
    before = events_so_far(node)
    a_length_in_the_middle(node)
    kill_redis(node)
    assert finish(lab, node, identity, "cut", before) == []
    assert "older" in node.events("journal.lost")[-1]["detail"], node.events("journal.lost")


def damaged_while_away(lab, node):
    """The node dies as well, and what starts it anew finds the damage."""
    identity = under_way(lab, node, "while away")
    before = events_so_far(node)
    node.kill()
    kill_redis(node)
    until("Redis to be gone", lambda: "redis" not in node.store_pids())
    a_byte_in_the_middle(node)
    node.start()
    said, = finish(lab, node, identity, "while away", before)
    assert "cannot load its file" in said["detail"], said


def on_small_disk(node):
    """Before the node's first start."""
    redis_directory(node).mkdir(parents=True, mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0700", "tmpfs", str(redis_directory(node))], check=True)


def disk_full(lab, node):
    """It is killed while its disk is full, and gets its room back by doing without the old file."""
    identity = under_way(lab, node, "full")
    before = events_so_far(node)
    for old in redis_directory(node).glob("damaged-*"):  # to let go of the oldest would make room
        shutil.rmtree(old)
    with open(redis_directory(node) / "balloon", "wb", buffering=0) as balloon:
        try:
            while True:
                balloon.write(bytes(1 << 16))
        except OSError:
            pass
    until("the file to be distrusted", lambda: (redis_directory(node) / "disk-was-full").exists())
    kill_redis(node)
    said, = finish(lab, node, identity, "full", before)
    assert "disk was full" in said["detail"] and said["files"].startswith("removed"), said
    (redis_directory(node) / "balloon").unlink()


def main():
    in_own_mounts()
    with Lab() as lab:
        node = lab.node(sections=PACE)
        if may_mount():
            on_small_disk(node)
        node.start()
        node.make_key()
        node.import_devices(DEVICES)
        damaged(lab, node, "middle", a_byte_in_the_middle)
        damaged(lab, node, "manifest", an_empty_manifest)
        cut_in_the_middle(lab, node)
        damaged_while_away(lab, node)
        if may_mount():
            disk_full(lab, node)
        else:
            print("without the full disk: this user may mount no small file systems here (run as root)", flush=True)
        assert node.events("role.failed") == []
        assert node.stop() == 0


if __name__ == "__main__":
    main()
