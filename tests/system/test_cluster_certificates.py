"""The commands that make a cluster's authority and its nodes' certificates: openssl and TLS itself accept what they make, keys
are readable by their owner alone, nothing is overwritten, and a certificate issued again changes together with its key."""
import os
import pathlib
import socket
import ssl
import subprocess
import tempfile
import threading
import tomllib

PUSHER = str(pathlib.Path(os.environ["PUSHER_BUILD_DIR"]) / "pusher")


def pusher(directory, *arguments, code=0):
    ended = subprocess.run([PUSHER, "cluster", *arguments], cwd=directory, capture_output=True, text=True, timeout=60)
    assert ended.returncode == code, (arguments, ended)
    assert code or not ended.stderr, ended
    return ended.stdout if code == 0 else ended.stderr


def openssl(directory, *arguments):
    return subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True, text=True).stdout


def named_files(printed):
    """What the command says belongs into a node's configuration."""
    block = printed[printed.index("[cluster]"):].split("\n\n")[0]
    return tomllib.loads(block)["cluster"]


def modes_are_private(directory):
    for path in pathlib.Path(directory).rglob("*"):
        if path.is_symlink():
            continue
        wanted = 0o700 if path.is_dir() else 0o600
        assert path.stat().st_mode & 0o777 == wanted, (path, oct(path.stat().st_mode))


def context_of(files, side):
    made = ssl.SSLContext(side)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_verify_locations(files["ca"])
    made.load_cert_chain(files["certificate"], files["key"])
    return made


def shake_hands(server_files, client_files):
    """Whether both accept each other, as two nodes."""
    ours, theirs = socket.socketpair()
    for each in (ours, theirs):
        each.settimeout(20)
    failures = []

    def serve():
        try:
            with context_of(server_files, ssl.PROTOCOL_TLS_SERVER).wrap_socket(theirs, server_side=True) as session:
                session.sendall(session.recv(5))
        except OSError as failure:
            failures.append(failure)
            theirs.close()

    server = threading.Thread(target=serve)
    server.start()
    try:
        with context_of(client_files, ssl.PROTOCOL_TLS_CLIENT).wrap_socket(ours) as session:
            session.sendall(b"hello")
            answered = session.recv(5) == b"hello"
    except OSError:
        ours.close()
        answered = False
    server.join()
    return answered and not failures


def authority(directory):
    printed = pusher(directory, "init-ca")
    assert "pusher-ca/ca.pem" in printed and "pusher cluster issue" in printed, printed
    before = {path.name: path.read_bytes() for path in (directory / "pusher-ca").iterdir()}
    assert sorted(before) == ["ca.key", "ca.pem"]
    text = openssl(directory, "x509", "-in", "pusher-ca/ca.pem", "-noout", "-text")
    for part in ("CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign", "prime256v1"):
        assert part in text, text
    refused = pusher(directory, "init-ca", code=1)
    assert "already" in refused and "--directory" in refused, refused
    assert before == {path.name: path.read_bytes() for path in (directory / "pusher-ca").iterdir()}
    pusher(directory, "init-ca", "--directory", "other-ca")
    modes_are_private(directory / "pusher-ca")
    (directory / "file").write_text("no directory")
    assert "file" in pusher(directory, "init-ca", "--directory", "file", code=78)


def certificates(directory):
    first = named_files(pusher(directory, "issue", "--host", "n1.example.com", "--host", "192.0.2.7", "n1", "--out", "nodes"))
    second = named_files(pusher(directory, "issue", "n2", "--out", "nodes"))
    stranger = named_files(pusher(directory, "issue", "n1", "--directory", "other-ca", "--out", "strange"))
    for purpose, name in (("sslserver", ("-verify_hostname", "n1.example.com")), ("sslclient", ("-verify_ip", "192.0.2.7"))):
        said = openssl(directory, "verify", "-x509_strict", "-purpose", purpose, *name, "-CAfile", "pusher-ca/ca.pem", first["certificate"])
        assert said.strip().endswith("OK"), said
    for each in (first, second, stranger):
        assert all(pathlib.Path(path).is_absolute() for path in each.values()), each
    modes_are_private(directory / "nodes")
    assert shake_hands(first, second) and shake_hands(second, first)
    assert not shake_hands(first, stranger) and not shake_hands(stranger, first)
    for name in ("..", "a/b", "-x", ""):
        assert "name" in pusher(directory, "issue", "--", name, code=2)
    assert "neither" in pusher(directory, "issue", "n3", "--host", "a,DNS:b", code=2)
    assert "init-ca" in pusher(directory, "issue", "n3", "--directory", "absent", code=78)
    return first


def issued_again(directory, files):
    """Certificate and key are read as one while they are replaced over and over."""
    stop, pairs = threading.Event(), set()

    def read():
        while not stop.is_set():
            held = os.open(pathlib.Path(files["certificate"]).parent, os.O_RDONLY | os.O_DIRECTORY)
            whole = {"certificate": f"/proc/self/fd/{held}/certificate.pem", "key": f"/proc/self/fd/{held}/key.pem",
                     "ca": f"/proc/self/fd/{held}/ca.pem"}
            try:
                context_of(whole, ssl.PROTOCOL_TLS_CLIENT)  # refuses a key that is not the certificate's
                pairs.add(pathlib.Path(whole["certificate"]).read_text(encoding="ascii"))
            except FileNotFoundError:
                pass  # issued twice again meanwhile: this pair is gone as a whole
            finally:
                os.close(held)

    failures = []

    def guarded():
        try:
            read()
        except Exception as failure:  # pylint: disable=broad-except
            failures.append(failure)

    reader = threading.Thread(target=guarded)
    reader.start()
    for _ in range(20):
        assert named_files(pusher(directory, "issue", "n1", "--out", "nodes")) == files
    stop.set()
    reader.join()
    assert not failures, failures
    assert len(pairs) > 1, "the reader saw no change"
    assert len([each for each in (directory / "nodes").iterdir() if each.name.startswith(".n1-")]) == 2


def main():
    with tempfile.TemporaryDirectory(prefix="pusher-certificates-") as name:
        directory = pathlib.Path(name).resolve()
        authority(directory)
        files = certificates(directory)
        issued_again(directory, files)


if __name__ == "__main__":
    main()
