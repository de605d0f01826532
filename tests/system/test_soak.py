"""A minute of random faults, from a seed that is printed, over four nodes under a stream of notifications (G1 to G5, G21, G24).
`./run soak` is the long form; `./run soak --seed N` gives the same faults in the same order."""
import random
import sys

from installation import in_own_mounts
from soak import soak

DEVICES, FAULTS, SECONDS = 3_000, 14, 45


def main():
    in_own_mounts()
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.SystemRandom().randrange(1 << 32)
    soak(seed, DEVICES, FAULTS, SECONDS, one_role=seed % 2 == 1)


if __name__ == "__main__":
    main()
