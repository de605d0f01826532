"""Nodes share credentials through stores that hold them encrypted. A push-sender uses them with the cluster's key, and says
clearly when it has another; the key is changed while work goes on; a file that everyone can read is refused."""
import json
import secrets

from lab import Lab, until


def write_keys(path, *keys):
    path.write_text("# keys of the test\n" + "".join(key + "\n" for key in keys))
    path.chmod(0o600)


def campaign(node, name):
    status, made, _ = node.call("POST", "/v1/notifications", {"content": {"title": name}, "audience": {"all": True}, "launch": True})
    assert status == 201, made
    return made["id"]


def world_readable(node, path):
    path.chmod(0o644)
    node.start(wait=False)
    assert node.process.wait(30) == 78
    assert "secrets.key_file" in node.log_tail() and "can be read by everyone" in node.log_tail(), node.log_tail()
    path.chmod(0o600)
    for wrong in ("", "too short\n"):
        node.sections["secrets"]["key_file"] = str(path) + ".wrong"
        (path.parent / (path.name + ".wrong")).write_text(wrong)
        (path.parent / (path.name + ".wrong")).chmod(0o600)
        node.write_config()
        node.start(wait=False)
        assert node.process.wait(30) == 78, node.log_tail()
    node.sections["secrets"]["key_file"] = str(path)
    node.write_config()


def main():
    with Lab() as lab:
        stores = lab.stores()
        stores.start()
        first, second, stranger = (secrets.token_hex(32) for _ in range(3))
        keys, other = lab.directory / "keys", lab.directory / "other-keys"
        write_keys(keys, first)
        write_keys(other, stranger)
        gateway = lab.emulator.settings()
        gateway.pop("service_account_file")

        def node(name, roles, path):
            made = lab.node(name, sections={**stores.sections(), "secrets": {"key_file": str(path)}}, flags=("--roles", roles))
            made.sections["fcm"] = gateway
            made.write_config()
            return made

        front = node("front", "api,fan-out,result-writer", keys)
        world_readable(front, keys)
        front.start()
        front.make_key("devices,send,read,admin")
        devices = [lab.emulator.device("fcm", f"d-{n}") for n in range(200)]
        front.import_devices(devices)
        account = json.loads(open(lab.emulator.ready["service_account_file"], encoding="utf-8").read())
        status, shown, _ = front.call("POST", "/v1/credentials", {
            "gateway": "fcm", "name": "main", "service_account": account, "activate": True})
        assert status == 201, shown
        path = f"/v1/credentials/{shown['id']}"

        # A sender with another key: its work waits, and everybody can read why.
        wrong = node("wrong", "push-sender", other).start()
        identity = campaign(front, "waits")
        trouble = until("the trouble", lambda: front.call("GET", path)[1].get("trouble"))
        assert "every node needs the same file" in trouble, trouble
        until("the log", lambda: "push_sender.no_transport" in wrong.log_tail(20_000))
        assert front.notification(identity)["counts"]["pending"] == 200
        assert wrong.stop() == 0
        right = node("right", "push-sender", keys).start()
        assert front.wait_completed(identity)["counts"]["accepted"] == 200
        until("the trouble to end", lambda: "trouble" not in front.call("GET", path)[1])

        # An api with another key takes no upload, so that nothing is sealed that nobody can open.
        api = node("api", "api", other).start()
        api.key = front.key
        status, problem, _ = api.call("POST", "/v1/credentials", {"gateway": "fcm", "name": "x", "service_account": account})
        assert status == 503 and problem["code"] == "secrets_key_mismatch", problem
        assert api.call("POST", f"{path}:verify")[1]["code"] == "secrets_key_mismatch"
        assert api.call("GET", path)[0] == 200
        assert api.stop() == 0

        # The key is changed: first everybody learns to read the new one, then it is the one that seals.
        write_keys(keys, first, second)
        for each in (right, front):
            assert each.stop() == 0
            each.start()
        write_keys(keys, second, first)
        for each in (right, front):
            assert each.stop() == 0
            each.start()
        until("the credentials to be sealed anew", lambda: "credentials.resealed" in front.log_tail(20_000))
        write_keys(keys, second)
        for each in (right, front):
            assert each.stop() == 0
            each.start()
        identity = campaign(front, "after the change")
        assert front.wait_completed(identity)["counts"]["accepted"] == 200
        assert front.call("POST", f"{path}:verify")[0] == 200
        for each in (right, front):
            assert each.stop() == 0


if __name__ == "__main__":
    main()
