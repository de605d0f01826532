"""Makes dead letters of jobs that wait, as a node does after five claims without progress."""
import subprocess

BURY = """
local moved = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[1])) do
  moved[#moved + 1] = redis.call('XADD', KEYS[2], '*', 'stream', KEYS[1], 'id', entry[1], 'body', entry[2][2], 'owner',
                                 'gone/boot/push-sender/0', 'reason', 'claimed 5 times without progress', 'progress', '')
  redis.call('XDEL', KEYS[1], entry[1])
end
return moved"""


class Burial:
    """Of a node with a Redis of its own."""

    def __init__(self, node, cluster="pusher"):
        self.socket = next(node.directory.rglob("redis.sock"))
        self.prefix = f"{{{cluster}}}:"

    def redis(self, *arguments):
        return subprocess.run(["redis-cli", "-s", str(self.socket), *arguments], capture_output=True, text=True,
                              check=True).stdout.strip()

    def bury(self, queue, count):
        """Jobs of a push queue; gives the ids of their dead letters."""
        return self.redis("eval", BURY, "2", f"{self.prefix}push:{queue}", f"{self.prefix}dead", str(count)).split()

    def bury_unreadable(self, stream):
        """What is no job at all, under the name of a stream without its prefix."""
        return self.redis("xadd", f"{self.prefix}dead", "*", "stream", self.prefix + stream, "id", "1-1", "body", "no batch",
                          "owner", "gone", "reason", "it cannot be read")
