"""A world of its own for a campaign that breaks the world: namespaces of processes, mounts and
networks. Whatever ends the campaign, `kill -9` too, ends every process, mount and link of it.
"""

import ctypes
import errno
import os
import signal
import subprocess
import sys

CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x0002_0000, 0x2000_0000, 0x4000_0000
PR_SET_PDEATHSIG = 1
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)

libc = ctypes.CDLL(None, use_errno=True)


def call(function, *arguments):
    if function(*arguments):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def enter(tool):
    """Goes on in a child that is the first process of its world; this process waits for it, hands
    on the signals that it gets, and ends as the child ends."""
    if os.geteuid() != 0:
        sys.exit(f"{tool}: it makes mounts and networks, in a namespace of its own, and so needs"
                 f" root: sudo {tool}")
    call(libc.unshare, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET)
    child = os.fork()
    if child == 0:
        call(libc.prctl, PR_SET_PDEATHSIG, signal.SIGKILL)
        # Nothing that is mounted here is seen outside, and /proc shows this world's processes.
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        subprocess.run(["mount", "-t", "proc", "proc", "/proc"], check=True)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    for number in SIGNALS:
        signal.signal(number, lambda number, _: os.kill(child, number))
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status) % 256)


def leave(folder, keeping):
    """Gives a folder its disks' places back; with what they hold, when somebody wants to look."""
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        paths = [line.split()[1] for line in mounts]
    for path in paths:
        if path.startswith(folder + "/"):
            if keeping:
                subprocess.run(["cp", "-a", path, path + "-kept"], check=False)
            subprocess.run(["umount", "--lazy", path], check=False)


class SmallDisk:
    """A tmpfs, and a file in it that takes the space that others want."""

    def __init__(self, path, mebibytes):
        self.path = path
        self.ballast = os.path.join(path, "ballast")
        os.mkdir(path, 0o700)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=700", "tmpfs", path],
            check=True)

    def free_bytes(self):
        space = os.statvfs(self.path)
        return space.f_bavail * space.f_frsize

    def fill(self, leaving):
        """All of it but so many bytes is taken, while others go on writing."""
        with open(self.ballast, "ab") as file:
            while (more := self.free_bytes() - leaving) > 0:
                try:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, more)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def empty(self):
        if os.path.exists(self.ballast):
            os.remove(self.ballast)


class FarNetwork:
    """A network behind a link, with `here` at this end of it and `there` at the other. It is there
    as long as the process that holds it."""

    def __init__(self, fleet, name, third):
        self.link = f"far-{name}"
        self.here, self.there = f"10.203.{third}.1", f"10.203.{third}.2"
        self.holder = fleet.start(["unshare", "--net", "sleep", "infinity"])
        self.wait_for_holder()
        self.ip("link", "add", self.link, "type", "veth", "peer", "name", "near", "netns",
                str(self.holder.pid))
        self.ip("addr", "add", self.here + "/30", "dev", self.link)
        self.up()
        for command in (["addr", "add", self.there + "/30", "dev", "near"],
                        ["link", "set", "lo", "up"], ["link", "set", "near", "up"]):
            subprocess.run([*self.wrapper, "ip", *command], check=True)

    def wait_for_holder(self):
        own = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{self.holder.pid}/ns/net") == own:
            if self.holder.poll() is not None:
                raise OSError("no network namespace could be made")

    @property
    def wrapper(self):
        """What runs a command over there."""
        return ["nsenter", "--target", str(self.holder.pid), "--net", "--"]

    def down(self):
        self.ip("link", "set", self.link, "down")

    def up(self):
        self.ip("link", "set", self.link, "up")

    @staticmethod
    def ip(*arguments):
        subprocess.run(["ip", *arguments], check=True)


class Clock:
    """What time it is for a process, by libfaketime; it may change while that runs."""

    # libfaketime adds to the environment of the first program that it is loaded into, and Swift's
    # runtime finds no arguments in a process whose environment has moved. So `env` is that program.
    wrapper = ["env"]

    def __init__(self, path):
        self.path = path
        self.shift(0)

    def shift(self, seconds):
        # Replaced whole: who reads it meanwhile reads one or the other.
        with open(self.path + ".next", "w", encoding="ascii") as file:
            file.write(f"{seconds:+d}\n")
        os.replace(self.path + ".next", self.path)

    @property
    def environment(self):
        return {
            "LD_PRELOAD": library(), "FAKETIME_TIMESTAMP_FILE": self.path,
            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def library():
    """libfaketime's path, as Debian's `faketime` knows it."""
    found = subprocess.run(
        ["faketime", "-f", "+0", "sh", "-c", "echo $LD_PRELOAD"], capture_output=True, text=True)
    path = found.stdout.strip().split(":")[-1]
    if not path:
        raise OSError("faketime is not there; run tools/setup --faults")
    return path.replace("libfaketime.so", "libfaketimeMT.so")
