"""Rows 9 and 10: a server that goes away under ten thousand agents, and agents that do not read."""

import json
import time

from campaigns.load import (
    MEBI, Subscribers, agents, filled, median, private_bytes, result, status_field, together)
from campaigns.processes import Node
from campaigns.report import Failed
from campaigns.snapshot_figures import settled

PATIENCE = 60


def restarted(bench):
    """Row 9: killed, and drained, with 10,000 agents of 1,000 nodes; 2,000 updates meanwhile."""
    count, many = bench.count(100_000, 10_000), bench.count(10_000, 1_000)
    runs = []
    for run in range(bench.runs):
        leader = filled(bench, count)
        groups = [
            Subscribers(bench.fleet, leader.address, "--agents", many // 2, "--first",
                        many // 2 * part, "--by-node", "--cluster", count)
            for part in range(2)]
        for group in groups:
            group.in_sync(PATIENCE)
        held = settled(leader)
        line = {}
        for way, leave in (("kill", leader.kill), ("drain", leader.stop)):
            together(groups, "begin")
            leave()
            seq = written_elsewhere(bench, leader, count)
            leader.start()
            begun = time.monotonic()
            holding = sum(answer["holding"] for answer in together(
                groups, f"hold {seq} {PATIENCE}", PATIENCE + 30))
            line[way] = back(groups, leader, time.monotonic() - begun, many - holding, held)
        digests = [group.ask("digests")["digests"] for group in groups]
        for group in groups:
            group.close()
        bench.discard(leader)
        runs.append(line)
        bench.say(f"fan9, run {run + 1}: {json.dumps(line)}, {sum(map(len, digests))} digests")
    return restart_row(count, many, runs)


def written_elsewhere(bench, leader, count):
    """2,000 updates through a server that the agents do not know; the seq that they lead to."""
    writer = Node(bench.fleet, leader.name + "-elsewhere", ["leader"], data=leader.data).start()
    line = agents(bench, writer, "--agents", 0, "--rate", 0, "--count", 2_000, "--change",
                  "version", "--cluster", count, "--endpoints", 2_000)
    writer.stop()
    return line["lastSeq"]


def back(groups, leader, seconds, missing, held):
    resyncs = {}
    for report in together(groups, "report"):
        for how, times in report["resyncs"].items():
            resyncs[how] = resyncs.get(how, 0) + times
    return {"seconds": round(seconds, 2), "missing": missing, "resyncs": resyncs,
            "snapshots": resyncs.get("snapshot", 0) + resyncs.get("reset", 0),
            "peak": round(status_field(leader, "VmHWM") / held, 2), "heldMiB": held // MEBI}


def restart_row(count, many, runs):
    def of(way, name):
        return median([run[way][name] for run in runs])
    seconds, peak, snapshots, missing = (
        {way: of(way, name) for way in ("kill", "drain")}
        for name in ("seconds", "peak", "snapshots", "missing"))
    return result(
        f"{many:,} agents, each pinned to its node ({count:,} endpoints), the server killed"
        " (drained), 2,000 updates meanwhile: all in sync again; peak memory",
        "≤ 30 s, no full snapshot, ≤ 1.5 ×",
        f"{seconds['kill']:.1f} s ({seconds['drain']:.1f} s), {snapshots['kill']} and"
        f" {snapshots['drain']} snapshots, {max(peak.values()):.2f} ×"
        + (f", {max(missing.values())} not in sync" if any(missing.values()) else ""),
        max(seconds.values()) <= 30 and not any(snapshots.values()) and max(peak.values()) <= 1.5
        and not any(missing.values()), "8 s", "Typha: every one takes the snapshot", "",
        runs=runs)


def stuck(bench):
    """Row 10: 100 agents that stop reading and 100 that read 1 KB/s beside 800 that are well."""
    seconds = bench.count(60, 10)
    runs = []
    for run in range(bench.runs):
        leader = filled(bench, 10_000)
        # Half as long: it is there to be compared with.
        alone = stretch(bench, leader, seconds // 2, [])
        bench.discard(leader)
        leader = filled(bench, 10_000)
        groups = [Subscribers(bench.fleet, leader.address, "--agents", 100, manner, 100)
                  for manner in ("--stopped", "--slow")]
        for group in groups:
            group.in_sync()
        beside = stretch(bench, leader, seconds, groups)
        bench.discard(leader)
        runs.append({
            "p99": beside["p99"] / alone["p99"], "write99": beside["write99"] / alone["write99"],
            "stuckKiB": (beside["private"] - alone["private"]) / 200 / 1024,
            "cut": beside["cut"], "convergeSeconds": beside["convergeSeconds"],
            "digests": beside["digests"], "alone": alone, "beside": beside})
        bench.say(f"fan10, run {run + 1}: {json.dumps(runs[-1])}")
    of = {name: median([run[name] for run in runs])
          for name in ("p99", "write99", "stuckKiB", "cut", "convergeSeconds", "digests")}
    latencies = [median([run[which]["p99"] for run in runs]) for which in ("alone", "beside")]
    return result(
        f"800 agents that are well, with 100 that stop reading and 100 at 1 KB/s beside them, 400"
        f" updates per second, {seconds} s: p99 of the healthy and of writes against those alone;"
        " user memory of each stuck one; cut; let go",
        "≤ 1.25 ×, ≤ 1.1 ×, ≤ 64 KiB, none cut, all equal",
        f"{of['p99']:.2f} × ({latencies[0]:.1f} → {latencies[1]:.1f} ms), {of['write99']:.2f} ×,"
        f" {of['stuckKiB']:.0f} KiB, {of['cut']} cut, {of['digests']} digests after"
        f" {of['convergeSeconds']:.1f} s",
        of["p99"] <= 1.25 and of["write99"] <= 1.1 and of["stuckKiB"] <= 64 and of["cut"] == 0
        and of["digests"] == 1, "1.1 ×, 1.0 ×, 16 KiB",
        "Typha: cut at 60 s, 3.9 KB an update pinned", "", runs=runs)


def stretch(bench, leader, seconds, stuck_groups):
    """The same load, with and without those that do not read."""
    counters, witnesses = 780, 20
    counting = Subscribers(
        bench.fleet, leader.address, "--agents", counters, "--kind", "bytes")
    counting.in_sync()
    together([counting, *stuck_groups], "begin")
    line = agents(
        bench, leader, "--agents", witnesses, "--processes", 1, "--rate", 400, "--count",
        400 * seconds, "--cluster", 10_000, "--endpoints", 10_000)
    found = {"p99": line["latencyMs"]["p99"], "write99": line["writeMs"]["p99"],
             "private": private_bytes(leader), "cut": 0, "digests": 1, "convergeSeconds": 0}
    if counting.ask(f"hold {line['lastSeq']} 60")["holding"] != counters:
        raise Failed("healthy agents were left behind")
    if stuck_groups:
        together(stuck_groups, "release")
        begun = time.monotonic()
        together(stuck_groups, f"hold {line['lastSeq']} {PATIENCE}", PATIENCE + 30)
        found["convergeSeconds"] = round(time.monotonic() - begun, 2)
        found["cut"] = sum(
            report["disconnects"] for report in together(stuck_groups, "report"))
        digests = {leader.status()["views"]["digest"]}
        for answer in together(stuck_groups, "digests"):
            digests.update(answer["digests"])
        found["digests"] = len(digests)
    for group in [counting, *stuck_groups]:
        group.close()
    return found
