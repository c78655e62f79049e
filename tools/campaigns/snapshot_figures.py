"""Rows 4, 5, 8 and 13: coming in sync, memory, starting."""

import json
import os
import shutil
import time

from campaigns import snapshot
from campaigns.figures import cpu_seconds
from campaigns.load import (
    MEBI, Subscribers, fill, filled, kernel_bytes, median, private_bytes, result, status_field)
from campaigns.report import Failed

# For so long nothing may change.
REST_SECONDS = 3


def one_agent(bench):
    """Row 4: the whole of a large cluster to one agent that just came."""
    count = bench.count(100_000, 10_000)
    leader = filled(bench, count)
    first, later, limits = [], [], []
    path = bench.fleet.path("snapshot")
    for run in range(bench.runs):
        # Nothing of the snapshot is ready in a process that has just started.
        leader.stop()
        leader.start()
        first.append(dial(bench, leader))
        later.append(dial(bench, leader))
        snapshot.record(leader.address, path)
        limit = json.loads(bench.tool(bench.limit_program("reader"), path))
        held = leader.status()["views"]["digest"]
        if limit["digest"] != held:
            raise Failed(f"the C reader read {limit['digest']}, the leader holds {held}")
        limits.append(limit["seconds"])
        bench.say(f"fan4, run {run + 1}: {first[-1]:.3f} s, then {later[-1]:.3f} s, C"
                  f" {limits[-1]:.3f} s")
    bench.discard(leader)
    ours, limit = median(first), median(limits)
    return result(
        f"{count:,} endpoints, 1 agent: dial to in sync, cache and digest complete; first (later)",
        "≤ 4 × C and ≤ 0.5 s", f"{ours:.3f} s ({median(later):.3f} s)",
        ours <= 4 * limit and ours <= 0.5, "0.35 s",
        f"C, inflated and hashed: {limit:.3f} s; Typha 2.5–3.6, etcd 0.7–1.0",
        f"{ours / limit:.1f} ({median(later) / limit:.1f})", first=first, later=later, limit=limits)


def dial(bench, leader, *more):
    agents = Subscribers(bench.fleet, leader.address, "--agents", 1, *more)
    line = agents.in_sync()
    agents.close()
    return line["connectSeconds"]


def crowd(bench):
    """Row 5: 200 agents at once, in one process."""
    count, many = bench.count(10_000, 2_000), 200
    times, costs, tallies = [], [], []
    for run in range(bench.runs):
        leader = filled(bench, count)
        before = cpu_seconds(leader)
        agents = Subscribers(bench.fleet, leader.address, "--agents", many)
        line = agents.in_sync()
        costs.append(round(cpu_seconds(leader) - before, 2))
        times.append(line["connectSeconds"])
        tallies.append(line)
        digests = agents.ask("digests")["digests"]
        if digests != [leader.status()["views"]["digest"]]:
            raise Failed(f"agents hold {digests}")
        agents.close()
        bench.discard(leader)
        bench.say(f"fan5, run {run + 1}: {times[-1]:.2f} s, server {costs[-1]:.2f} CPU s")
    return result(
        f"{count:,} endpoints, {many} agents at once in one process, all in sync; server CPU",
        "≤ 2.5 s, ≤ 0.3 s", f"{median(times):.2f} s, {median(costs):.2f} s",
        median(times) <= 2.5 and median(costs) <= 0.3, "2 s, 0.15 s",
        "Typha 22–28 s, 0.3 s", f"{median(times) / 25:.2f} of Typha", seconds=times, cpu=costs)


def memory(bench):
    """Row 8: resident memory, of the endpoints and of each idle agent."""
    count, many = bench.count(100_000, 10_000), bench.count(10_000, 1_000)
    runs = []
    for run in range(bench.runs):
        leader = filled(bench, count)
        loaded = settled(leader)
        leader.stop()
        leader.start()
        restarted = settled(leader)
        bench.discard(leader)
        leader = filled(bench, 100)
        before, kernel = settled(leader, private_bytes), kernel_bytes()
        groups = [
            Subscribers(bench.fleet, leader.address, "--agents", many // 2, "--kind", "bytes")
            for _ in range(2)]
        for group in groups:
            group.in_sync()
        after = settled(leader, private_bytes)
        # Both ends of each connection are on this machine.
        kernel = kernel_bytes() - kernel
        for group in groups:
            group.close()
        bench.discard(leader)
        runs.append({"loaded": loaded / MEBI, "restarted": restarted / MEBI,
                     "agent": (after - before) / many / 1024, "kernel": kernel / many / 1024})
        bench.say(f"fan8, run {run + 1}: " + json.dumps(runs[-1]))
    of = {name: median([run[name] for run in runs]) for name in runs[0]}
    return result(
        f"resident memory: server with {count:,} endpoints, after they came (after a restart) /"
        f" for each idle agent of {many:,}, the kernel's part apart",
        "≤ 120 MB / ≤ 16 KiB",
        f"{of['loaded']:.0f} MiB ({of['restarted']:.0f}) / {of['agent']:.1f} KiB, kernel, both ends,"
        f" {of['kernel']:.1f} KiB",
        of["loaded"] * MEBI <= 120e6 and of["agent"] <= 16, "110 MiB / 12 KiB",
        "Typha 233 MB / 115–140 KB", f"{of['agent'] / 125:.2f} of Typha", runs=runs)


def settled(node, measure=lambda node: status_field(node, "VmRSS"), seconds=10):
    """What it is when it has stopped changing: a node comes to rest some two seconds behind a load."""
    deadline = time.monotonic() + seconds
    last, since = measure(node), time.monotonic()
    while time.monotonic() < deadline:
        time.sleep(0.5)
        now = measure(node)
        if abs(now - last) >= 64 << 10:
            last, since = now, time.monotonic()
        elif time.monotonic() - since >= REST_SECONDS:
            return now
    return last


def start_up(bench):
    """Row 13: the start of a node with a long log."""
    count = bench.count(1_000_000, 50_000)
    leader = bench.leader()
    fill(bench, leader, count)
    fill(bench, leader, count, "--step", 1)
    events = leader.status()["seq"]
    leader.stop()
    times, memory = [], []
    for run in range(bench.runs):
        leader.start()
        times.append(round(leader.ready_seconds, 3))
        memory.append(round(status_field(leader, "VmRSS") / MEBI))
        leader.stop()
        bench.say(f"fan13, run {run + 1}: {times[-1]:.2f} s, {memory[-1]} MiB")
    size = os.path.getsize(os.path.join(leader.data, "log.sqlite"))
    shutil.rmtree(leader.data)
    return result(
        f"start-up with {count:,} endpoints and {events:,} events, to `ready`", "≤ 5 s",
        f"{median(times):.2f} s, {median(memory)} MiB", median(times) <= 5, "2.5 s", "–", "",
        seconds=times, residentMiB=memory, logBytes=size)
