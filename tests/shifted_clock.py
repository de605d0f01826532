"""A wall clock that is wrong for one process: tests/shifted_clock/, preloaded."""
import pathlib
import struct


class ShiftedClock:
    """By how many seconds it is off; right at first. Looked at anew with each question for the time."""

    def __init__(self, path, build):
        self.path, self.library = pathlib.Path(path), pathlib.Path(build) / "tests/shifted_clock/libshifted_clock.so"
        assert self.library.exists(), f"build the target shifted_clock: there is no {self.library}"
        self.set(0)

    @property
    def environment(self):
        return {"LD_PRELOAD": str(self.library), "SHIFTED_CLOCK": str(self.path)}

    def set(self, seconds):
        with open(self.path, "r+b" if self.path.exists() else "wb") as file:  # in its place: the process has it mapped
            file.write(struct.pack("=q", seconds))
