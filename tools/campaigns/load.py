"""What the rows of the fan-out share: agents in processes of their own, what the kernel says of a
server, and a result's one form."""

import json
import os
import select
import subprocess
import time

from campaigns.report import Failed

MEBI = 1 << 20


class Subscribers:
    """A process of `cattail bench subscribers`, led line by line."""

    def __init__(self, fleet, server, *arguments):
        self.process = fleet.start(
            [fleet.binary, "bench", "subscribers", "--server", server, *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.text = b""

    def line(self, seconds=120):
        output = self.process.stdout.fileno()
        deadline = time.monotonic() + seconds
        while b"\n" not in self.text:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([output], [], [], left)[0]:
                raise Failed(f"agents said nothing for {seconds} s")
            piece = os.read(output, 1 << 20)
            if not piece:
                raise Failed(f"a process with agents ended with {self.process.wait()}")
            self.text += piece
        line, _, self.text = self.text.partition(b"\n")
        return json.loads(line)

    def in_sync(self, seconds=120):
        return self.line(seconds)

    def say(self, words):
        self.process.stdin.write(words.encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, question, seconds=120):
        self.say(question)
        return self.line(seconds)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def together(groups, question, seconds=120):
    """The answers of several processes, which work on them at the same time."""
    for group in groups:
        group.say(question)
    return [group.line(seconds) for group in groups]


def status_field(node, name):
    with open(f"/proc/{node.process.pid}/status") as file:
        for line in file:
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
    raise Failed(f"no {name} of process {node.process.pid}")


def private_bytes(node):
    """What the process has for itself."""
    total = 0
    with open(f"/proc/{node.process.pid}/smaps_rollup") as file:
        for line in file:
            if line.startswith(("Private_Clean:", "Private_Dirty:")):
                total += int(line.split()[1]) * 1024
    return total


def kernel_bytes():
    """What the kernel holds for all sockets: its slabs, and the pages of TCP's buffers."""
    with open("/proc/meminfo") as file:
        slab = next(int(line.split()[1]) * 1024 for line in file if line.startswith("Slab:"))
    with open("/proc/net/sockstat") as file:
        tcp = next(line.split() for line in file if line.startswith("TCP:"))
    return slab + int(tcp[tcp.index("mem") + 1]) * os.sysconf("SC_PAGE_SIZE")


def filled(bench, count, *more):
    """A leader with a cluster."""
    leader = bench.leader()
    fill(bench, leader, count, *more)
    return leader


def fill(bench, leader, count, *more):
    """In parts, so that no process holds a large cluster."""
    nodes = [] if "--nodes" in more else ["--nodes", max(1, count // 100)]
    for first in range(0, count, 100_000):
        bench.fleet.run(
            "bench", "bulk", "--first", first, "--count", min(100_000, count - first), *nodes,
            *more, server=leader.address).succeeded()


def agents(bench, leader, *arguments, seconds=240):
    """One run of `cattail bench agents`; all must have got there."""
    line = bench.fleet.run(
        "bench", "agents", "--server-pid", leader.process.pid, *arguments, server=leader.address,
        seconds=seconds).succeeded().lines[0]
    if line["disconnects"] or line["digestFaults"]:
        raise Failed(f"agents were cut off or held another state: {line}")
    return line


def median(values):
    return sorted(values)[len(values) // 2]


def result(what, goal, measured, met, estimate, beside="", share="", **raw):
    """A row of the table, and what it was made from."""
    return {"what": what, "estimate": estimate, "goal": goal, "measured": measured,
            "limit": beside, "ratio": share, "met": bool(met), "raw": raw}
