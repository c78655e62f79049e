"""Rows 11, 12 and 14: many selections, and a tree of servers."""

import time

from campaigns.figures import cpu_seconds
from campaigns.load import (
    MEBI, Subscribers, agents, filled, median, result, status_field, together)
from campaigns.report import Failed
from campaigns.snapshot_figures import settled

# Most are found under what they demand; the last demands nothing that can be looked up.
SELECTORS = (
    'bench-team == "{i}"',
    'tier == "frontend" && bench-shard in {"{i}", "s{i}"}',
    'has(bench-{i}) && app != "none"',
    'bench-team == "{i}" || bench-shard == "{i}"',
)
# What rings and parts of snapshots may take together (docs/limits of the feeds).
BUDGET = 64 * MEBI


def pinned(bench):
    """Row 11: 5,000 agents of 5,000 nodes, and updates to 50 of the nodes."""
    nodes, touched, count = bench.count(5_000, 500), 50, bench.count(10_000, 1_000)
    runs = []
    for run in range(bench.runs):
        leader = filled(bench, nodes * 10, "--nodes", nodes)
        few = pinned_cost(bench, leader, nodes, touched, touched, count)
        all_of_them = pinned_cost(bench, leader, nodes, nodes, touched, count)
        bench.discard(leader)
        runs.append({"few": few, "all": all_of_them, "ratio": all_of_them / few})
        bench.say(f"fan11, run {run + 1}: {few:.1f} µs an update with {touched} agents,"
                  f" {all_of_them:.1f} with {nodes}")
    of = {name: median([run[name] for run in runs]) for name in runs[0]}
    return result(
        f"{nodes:,} agents, each pinned to its own node, updates to {touched} of the nodes: server"
        f" CPU per update against those {touched} agents alone", "≤ 1.5 ×",
        f"{of['ratio']:.2f} × ({of['few']:.0f} → {of['all']:.0f} µs)", of["ratio"] <= 1.5,
        "1.1 ×", "nobody", "", runs=runs)


def pinned_cost(bench, leader, nodes, many, touched, count):
    """Microseconds of the server for each update."""
    group = Subscribers(
        bench.fleet, leader.address, "--agents", many, "--kind", "bytes", "--by-node",
        "--cluster", nodes * 10, "--nodes", nodes)
    group.in_sync()
    settled(leader, cpu_seconds)
    group.ask("begin")
    before = cpu_seconds(leader)
    agents(bench, leader, "--agents", 0, "--rate", 1_000, "--count", count, "--change",
           "version", "--cluster", nodes * 10, "--nodes", nodes, "--endpoints", 10 * touched,
           "--written-nodes", touched)
    deadline = time.monotonic() + 30
    while group.ask("report")["deliveries"] < count:
        if time.monotonic() > deadline:
            raise Failed(f"{group.ask('report')} of {count} updates")
        time.sleep(0.05)
    cost = (cpu_seconds(leader) - before) / count * 1e6
    group.close()
    return cost


def selectors(bench):
    """Row 12: what a thousand different selectors cost each event."""
    count, many = bench.count(20_000, 5_000), 1_000
    runs = []
    for run in range(bench.runs):
        leader = filled(bench, 10_000)
        cost = {}
        before = settled(leader)
        for number in (1, many):
            group = Subscribers(
                bench.fleet, leader.address, "--agents", number, "--kind", "bytes",
                *(word for selector in SELECTORS for word in ("--selector", selector)))
            group.in_sync()
            settled(leader, cpu_seconds)
            spent = cpu_seconds(leader)
            line = agents(bench, leader, "--agents", 0, "--rate", 0, "--count", count, "--change",
                          "version", "--cluster", 10_000, "--endpoints", 10_000)
            # All have a mark behind it, at the latest with their ping.
            group.ask(f"hold {line['lastSeq']} 30")
            cost[number] = cpu_seconds(leader) - spent
            more = status_field(leader, "VmRSS") - before
            group.close()
        bench.discard(leader)
        each = (cost[many] - cost[1]) / count / (many - 1) * 1e6
        runs.append({"microseconds": each, "memoryMiB": more / MEBI})
        bench.say(f"fan12, run {run + 1}: {each:.3f} µs, {more / MEBI:.0f} MiB more")
    of = {name: median([run[name] for run in runs]) for name in runs[0]}
    return result(
        f"{many:,} different label selectors, one agent each: server CPU per selector and event;"
        " memory", "≤ 1 µs, inside the budget",
        f"{of['microseconds']:.3f} µs, {of['memoryMiB']:.0f} MiB of 64",
        of["microseconds"] <= 1 and of["memoryMiB"] * MEBI <= BUDGET, "0.1 µs", "nobody", "",
        runs=runs)


def tree(bench):
    """Row 14: leader, two followers, two under each, 100 agents on the leaves."""
    count = bench.count(4_000, 600)
    runs = []
    for run in range(bench.runs):
        leader = filled(bench, 10_000)
        middle = [bench.fleet.follower(leader.address, f"middle-{run}-{n}") for n in range(2)]
        leaves = [bench.fleet.follower(middle[n // 2].address, f"leaf-{run}-{n}")
                  for n in range(4)]
        levels = [[Subscribers(bench.fleet, middle[0].address, "--agents", 10)],
                  [Subscribers(bench.fleet, leaf.address, "--agents", 25) for leaf in leaves]]
        groups = [group for level in levels for group in level]
        for group in groups:
            group.in_sync()
        together(groups, "begin")
        line = agents(bench, leader, "--agents", 10, "--processes", 1, "--rate", 200, "--count",
                      count, "--cluster", 10_000, "--endpoints", 10_000)
        together(groups, f"hold {line['lastSeq']} 30")
        found = [line["latencyMs"]["p50"]]
        for level in levels:
            found.append(median([report["latencyMs"]["p50"]
                                 for report in together(level, "report")]))
        for group in groups:
            group.close()
        for node in [*leaves, *middle, leader]:
            bench.discard(node)
        runs.append(found)
        bench.say(f"fan14, run {run + 1}: p50 " + ", ".join(f"{p50:.2f}" for p50 in found)
                  + " ms from level to level")
    added = [median([run[level + 1] - run[level] for run in runs]) for level in range(2)]
    levels = [median([run[level] for run in runs]) for level in range(3)]
    return result(
        "a leader, 2 followers, 2 under each, 100 agents on the leaves, 200 updates per second:"
        " p50 that each level adds", "≤ 1.5 ms",
        " and ".join(f"{each:.2f} ms" for each in added)
        + " (p50 " + ", ".join(f"{p50:.2f}" for p50 in levels) + ")", max(added) <= 1.5, "0.8 ms",
        "–", "", runs=runs)
