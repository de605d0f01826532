"""A backup taken in mid-run holds the rows of one moment; a node on the restored directory goes on from there. What fails on
the way, for whatever reason, leaves nothing behind."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
from collections import namedtuple

from invariants import check_accepted_once, check_counts, pushes_by_token
from lab import Lab, until

DEVICES = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}"}
           for n in range(20_000)]
FEW = DEVICES[:50]

# The notifications that were completed and under way, and how many rows all had at least and at most.
Saved = namedtuple("Saved", "directory done running unwanted fewest most")


def pusher(node, *arguments, code=0):
    """One run of the program with the node's configuration; what it prints."""
    ended = subprocess.run([node.pusher, *arguments, "--config", str(node.config)], capture_output=True, text=True,
                           timeout=120, check=False)
    assert ended.returncode == code, (arguments, ended.returncode, ended.stdout, ended.stderr)
    return ended.stdout if code == 0 else ended.stderr


def count_rows(node):
    socket = next((node.directory / "data").rglob("mysql.sock"))
    counted = subprocess.run(["mariadb", "--no-defaults", "--user=root", "--socket", str(socket), "--skip-column-names",
                              "--execute", "SELECT COUNT(*) FROM pusher.deliveries"], capture_output=True, text=True, check=True)
    return int(counted.stdout)


def command_lines():
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield path.read_bytes()


def launch(node, correlation, audience, **more):
    status, made, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": "x", "data": {"notification": correlation}}, "audience": audience, "launch": True, **more})
    assert status == 201, made
    return made["id"]


def prepare(lab):
    """A node whose only credential is encrypted in its store, and a completed notification."""
    node = lab.node("first")
    node.sections["fcm"].pop("service_account_file")
    node.write_config()
    node.start()
    node.make_key("devices,send,read,admin")
    account = json.loads(pathlib.Path(lab.emulator.ready["service_account_file"]).read_text(encoding="utf-8"))
    status, shown, _ = node.call("POST", "/v1/credentials", {
        "gateway": "fcm", "name": "main", "service_account": account, "activate": True})
    assert status == 201, shown
    node.import_devices(DEVICES)
    done = launch(node, "done", {"device_ids": [each["device_id"] for each in FEW]})
    node.wait_completed(done)
    return node, done


def back_up_in_mid_run(lab, node, done):
    backup = lab.directory / "backup"
    unwanted = launch(node, "unwanted", {"all": True}, rate_per_second=100)
    lab.emulator.control(delay_ms=600)  # at most 16 connections of 100 streams: it outlasts the backup on a slow machine, too
    running = launch(node, "running", {"all": True})
    until("some rows", lambda: count_rows(node) > 2000)
    secrets = [node.key.encode(), (node.directory / "data" / "secrets.key").read_bytes().split()[-1]]
    fewest, before = count_rows(node), lab.emulator.arrived()
    process = subprocess.Popen([node.pusher, "backup", "--out", str(backup), "--config", str(node.config)],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def ended():
        assert node.admin("/readyz")[0] == 200, "the node is not ready while it is backed up"
        for line in command_lines():
            assert not any(each in line for each in secrets), "a secret is in a command line"
        return process.poll() is not None
    until("the backup", ended, 60)
    said = process.stdout.read()
    assert process.returncode == 0, said
    most = count_rows(node)
    assert most < len(DEVICES), "the run was over before the backup was"
    assert lab.emulator.arrived() > before, "nothing was sent during the backup"
    lab.emulator.control(delay_ms=0)
    print(f"{said}{fewest} rows before, {most} behind it", flush=True)
    for path in backup.rglob("*"):
        assert path.is_symlink() or path.stat().st_mode & 0o077 == 0, path
    log = (node.directory / "data" / "log" / "backup.log").read_bytes()
    assert not any(each in log or each in said.encode() for each in secrets)
    assert node.call("POST", f"/v1/notifications/{unwanted}:cancel")[0] == 202
    node.wait_completed(running)
    check_counts(node, running, len(DEVICES))
    check_accepted_once(node, running, DEVICES, lab.emulator, "running")
    return Saved(backup, done, running, unwanted, fewest, most)


@contextlib.contextmanager
def changed(backup, part, change):
    """The backup with a file replaced meanwhile."""
    path, original = backup / part, (backup / part).with_name("original")
    path.rename(original)
    try:
        if change is not None:
            path.write_bytes(change(original.read_bytes()))
        yield
    finally:
        original.replace(path)


def manifest_with(**values):
    return lambda text: json.dumps({**json.loads(text), **values}).encode()


def refuses_what_is_wrong(node, backup):
    """`node` is one whose data directory is not there yet, and must not be afterwards."""
    part = "data/mysql/pusher/deliveries.ibd"
    cases = [(part, lambda data: data[:-1], 1, "mysql/pusher/deliveries.ibd is cut"),
             (part, lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:], 1, "deliveries.ibd is not what was saved"),
             (part, None, 1, "mysql/pusher/deliveries.ibd is missing"),
             ("data/secrets.key", lambda data: data + b"\n", 1, "secrets.key is not what was saved"),
             ("manifest.json", lambda text: text[:-100], 1, "manifest.json is damaged"),
             ("manifest.json", lambda text: text.replace(b'"secrets.key"', b'"../secrets.key"'), 1, "../secrets.key"),
             ("manifest.json", manifest_with(schema_version=100_000), 78, "schema version 100000"),
             ("manifest.json", manifest_with(format=2), 78, "format 2"),
             ("manifest.json", None, 78, "is not a backup")]
    for path, change, code, words in cases:
        with changed(backup, path, change):
            said = pusher(node, "restore", "--from", str(backup), code=code)
        assert words in said, (words, said)
        assert sorted(os.listdir(node.directory)) == ["pusher.toml"], (words, os.listdir(node.directory))


def refuses_places(first, second, backup):
    """A place that is taken stays as it is."""
    taken = second.directory / "data"
    taken.mkdir()
    (taken / "note").write_text("mine")
    assert "exists and is not an empty directory" in pusher(second, "restore", "--from", str(backup), code=78)
    assert os.listdir(taken) == ["note"]
    shutil.rmtree(taken)
    listed = sorted(os.listdir(backup))
    assert "exists and is not an empty directory" in pusher(first, "backup", "--out", str(backup), code=78)
    assert sorted(os.listdir(backup)) == listed
    assert "lies in the data directory" in pusher(first, "backup", "--out", str(first.directory / "data/b"), code=78)
    assert "No node has stored anything" in pusher(second, "backup", "--out", str(backup) + "-2", code=78)
    assert "docs/operations.md" in pusher(first, "backup", "--out", str(backup) + "-2", "--set", "mysql.host=db",
                                          "--set", "redis.host=redis", code=78)
    assert sorted(os.listdir(backup.parent)) == ["backup", "first", "gateway", "second"], os.listdir(backup.parent)


def full_disk(node, backup):
    if os.geteuid() != 0:
        print("not root: a full disk was not tried", flush=True)
        return
    place = pathlib.Path(tempfile.mkdtemp(prefix="pusher-small-"))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(place)], capture_output=True, check=False)
    try:
        if mounted.returncode != 0:
            print(f"no tmpfs here, a full disk was not tried: {mounted.stderr}", flush=True)
            return
        for said in (pusher(node, "backup", "--out", str(place / "backup"), code=1),
                     pusher(node, "restore", "--from", str(backup), "--data-directory", str(place / "data"), code=1)):
            assert "No space left on device" in said or "Errcode: 28" in said, said
            assert os.listdir(place) == [], os.listdir(place)
        assert "file system is mounted" in pusher(node, "restore", "--from", str(backup), "--data-directory", str(place), code=78)
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", str(place)], check=True)
        place.rmdir()


def ended_early(node, backup):
    """What kill -9 leaves is removed by the next attempt, as soon as nothing writes there any more. SIGTERM leaves nothing."""
    out, draft = backup.with_name("early"), backup.with_name(".early.unfinished")

    def attempt():
        return subprocess.Popen([node.pusher, "backup", "--out", str(out), "--config", str(node.config)],
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    killed = attempt()
    until("the copy to begin", (draft / "data" / "mysql").exists)
    killed.kill()
    killed.wait(30)
    assert draft.exists() and not out.exists()
    (draft / "left").touch()

    def begun():
        next_one = attempt()
        until("it to begin or to give up",
              lambda: next_one.poll() is not None or not (draft / "left").exists() and (draft / "data" / "mysql").exists())
        if next_one.poll() is None:
            return next_one
        said = next_one.communicate()[1]
        assert next_one.returncode == 1 and "Another process is writing" in said, (next_one.returncode, said)
        return None
    termed = until("the next attempt", begun, 60, 0.2)
    termed.send_signal(signal.SIGTERM)
    said = termed.communicate(timeout=60)[1]
    assert termed.returncode == 1 and "Interrupted" in said, (termed.returncode, said)
    assert not draft.exists() and not out.exists()


def look_before_sending(lab, second, saved):
    """Without senders: what is under way is listed, and what shall not be sent is canceled. Gives the rows that are there."""
    second.flags = ["--roles", "api,fan-out,result-writer"]
    second.start()
    before = lab.emulator.arrived()
    listed = second.call("GET", "/v1/notifications?state=sending")[1]["items"]
    assert {each["id"] for each in listed} == {saved.running, saved.unwanted}, listed
    assert second.call("POST", f"/v1/notifications/{saved.unwanted}:cancel")[0] == 202
    rows = {name: second.deliveries(name) for name in (saved.done, saved.running, saved.unwanted)}
    assert second.stop() == 0
    assert lab.emulator.arrived() == before, "something was sent by a node without senders"
    second.flags = []
    return rows


def goes_on(lab, first, second, saved):
    """The rows are those of the first node, to the last byte; their devices are not sent to again, and all others are."""
    print(pusher(second, "restore", "--from", str(saved.directory)), flush=True)
    second.key = first.key
    export = {"Authorization": f"Bearer {first.key}"}
    devices = first.send("GET", "/v1/devices:export", headers=export)[1]
    rows = {name: {each["device_id"]: each for each in first.deliveries(name)}
            for name in (saved.done, saved.running, saved.unwanted)}
    assert first.stop() == 0
    stale = pushes_by_token(lab.emulator, "unwanted")

    kept = look_before_sending(lab, second, saved)
    came = sum(len(each) for each in kept.values())
    print(f"{came} rows came with the backup", flush=True)
    assert saved.fewest <= came <= saved.most, (came, saved)
    assert all(each == rows[name][each["device_id"]] for name in rows for each in kept[name])
    assert len(kept[saved.done]) == len(FEW)

    second.start()
    assert second.send("GET", "/v1/devices:export", headers=export)[1] == devices and devices.count("\n") == len(DEVICES)
    second.wait_completed(saved.running)
    check_counts(second, saved.running, len(DEVICES))
    until("the canceled one to settle", lambda: second.notification(saved.unwanted)["settled"])
    assert second.stop() == 0
    once = {each["device_id"] for each in kept[saved.running]}
    pushes = pushes_by_token(lab.emulator, "running")
    for each in DEVICES:
        assert pushes[each["push_token"]] == (1 if each["device_id"] in once else 2), (each, pushes[each["push_token"]])
    assert pushes_by_token(lab.emulator, "unwanted") == stale
    assert set(pushes_by_token(lab.emulator, "done").values()) == {1}


def main():
    with Lab() as lab:
        first, done = prepare(lab)
        second = lab.node("second")
        second.sections["fcm"].pop("service_account_file")
        second.write_config()
        saved = back_up_in_mid_run(lab, first, done)
        refuses_what_is_wrong(second, saved.directory)
        refuses_places(first, second, saved.directory)
        full_disk(first, saved.directory)
        ended_early(first, saved.directory)
        goes_on(lab, first, second, saved)


if __name__ == "__main__":
    main()
