"""What each event and each delivery costs the server in allocations, bytes and calls of the kernel.

Counts are the same on a fast machine and a slow one, so they gate continuous integration. A library that
is loaded before libc (Benchmarks/counts) counts in a fixed scenario: one mutation at a time, each waits until all
agents hold the one before, so that no two events share their work."""

import struct

from campaigns.load import agents, fill, result

NAMES = ("allocations", "allocatedBytes", "frees", "writes", "reads", "fileWrites", "fileReads", "syncs",
         "polls", "writtenBytes")
WARM, EVENTS, FEW, MANY = 40, 2_000, 1, 101

# Measured, and some room: a timer more or less in the scenario must not fail a build, a call more
# for each event or delivery must. Raise one only with a sentence that says why.
LIMITS = {
    # With one agent, for each event: commit, fold, answer, frame. 85 on a quiet machine; 110 on one so
    # busy that timers and views come between.
    "allocations per event": 130,
    # One commit each.
    "syncs per event": 1.1,
    # The WAL's pages, and what the views write behind: 4.6 to 5.2.
    "file writes per event": 7,
    # What each agent more costs: 4.4 to 4.7.
    "allocations per delivery": 6,
    # One frame is one write, and nobody is read from for it.
    "writes per delivery": 1.05,
    "reads per delivery": 0.1,
    # 100 to 104, with the first marks of the connections.
    "bytes per delivery": 115,
    # Whole batches: 22.6.
    "allocations per endpoint in bulk": 28,
}


def counts(bench):
    measured = scenario(bench, bench.limit_program("count.so"))
    over = [name for name, limit in LIMITS.items() if measured[name] > limit]
    for name, limit in LIMITS.items():
        bench.say(f"counts: {name}: {measured[name]:.2f}, at most {limit:g}"
                  + (" – MORE" if name in over else ""))
    line = result(
        f"counts of the server, one event at a time, {MANY} agents",
        "; ".join(f"{name} ≤ {limit:g}" for name, limit in LIMITS.items()),
        "; ".join(f"{measured[name]:.2f}" for name in LIMITS), not over, "", "", "",
        counts=measured)
    line["gate"] = True
    return line


def scenario(bench, library):
    path = bench.fleet.path("counts")
    leader = bench.fleet.leader(
        "counted", wrapper=["env", f"COUNTS={path}", f"LD_PRELOAD={library}"])

    def now():
        with open(path, "rb") as file:
            return dict(zip(NAMES, struct.unpack(f"<{len(NAMES)}Q", file.read(8 * len(NAMES)))))

    def cost(body):
        before = now()
        body()
        return {name: count - before[name] for name, count in now().items()}

    bulk = cost(lambda: fill(bench, leader, 10_000))

    def lockstep(many):
        """What more events cost: coming and going are the same in both runs."""
        short, long = (cost(lambda: agents(
            bench, leader, "--agents", many, "--kind", "bytes", "--change", "version",
            "--lockstep", "--count", times, "--cluster", 10_000, "--endpoints", 1_000))
            for times in (WARM, WARM + EVENTS))
        return {name: long[name] - short[name] for name in NAMES}

    few, many = lockstep(FEW), lockstep(MANY)
    bench.discard(leader)
    deliveries = EVENTS * (MANY - FEW)
    more = {name: (many[name] - few[name]) / deliveries for name in NAMES}
    return {
        "allocations per event": few["allocations"] / EVENTS,
        "syncs per event": few["syncs"] / EVENTS,
        "file writes per event": few["fileWrites"] / EVENTS,
        "allocations per delivery": more["allocations"],
        "writes per delivery": more["writes"],
        "reads per delivery": more["reads"],
        "bytes per delivery": more["writtenBytes"],
        "allocations per endpoint in bulk": bulk["allocations"] / 10_000,
        "polls per event": few["polls"] / EVENTS,
        "writes per event": few["writes"] / EVENTS,
    }
