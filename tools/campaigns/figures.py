"""The figures of tools/bench, each with its peer or limit beside it. Loads come from one other
process; every run has a node, and a log, of its own."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time

from campaigns import recompute
from campaigns.report import Failed

WRITERS, CONNECTIONS = 64, 4
# SQLite's own interval between checkpoints, in bytes.
CHECKPOINT_BYTES = 1_000 * 4_096


class Bench:
    def __init__(self, root, fleet, runs, quick):
        self.root = root
        self.fleet = fleet
        self.runs = runs
        self.quick = quick
        self.made = 0
        self.programs = None

    def say(self, text):
        print(f"bench: {text}", file=sys.stderr, flush=True)

    def leader(self):
        self.made += 1
        return self.fleet.leader(f"leader-{self.made}")

    def discard(self, node):
        node.stop()
        shutil.rmtree(node.data)

    def tool(self, *command):
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            raise Failed(f"{' '.join(command)}: {result.stderr.strip()[-1000:]}")
        return result.stdout

    def limit_program(self, name):
        """A program of Benchmarks/limits, compiled once."""
        if self.programs is None:
            self.programs = self.tool(
                os.path.join(self.root, "tools", "bench"), "limit-programs").strip()
        return os.path.join(self.programs, name)

    def count(self, whole, quick):
        return quick if self.quick else whole


def median_run(lines, rate):
    """The whole line of the run in the middle, so that its parts belong together."""
    return sorted(lines, key=lambda line: line[rate])[len(lines) // 2]


def cpu_seconds(node):
    with open(f"/proc/{node.process.pid}/stat") as file:
        parts = file.read().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def writers(bench):
    """Durable puts of 64 writers, one at a time each; etcd's beside it in each run."""
    count = bench.count(60_000, 6_000)
    ours, peers = [], {64: [], CONNECTIONS: []}
    for run in range(bench.runs):
        leader = bench.leader()
        before = cpu_seconds(leader)
        line = bench.fleet.run(
            "bench", "writers", "--writers", WRITERS, "--connections", CONNECTIONS, "--count",
            count, server=leader.address).succeeded().lines[0]
        line["serverCPUSeconds"] = round(cpu_seconds(leader) - before, 2)
        # The connections of the writers are warmed by dry runs; every mutation makes an event.
        if leader.status()["seq"] != count + 1:
            raise Failed(f"{leader.status()['seq'] - 1} events of {count} mutations")
        bench.discard(leader)
        ours.append(line)
        for connections, lines in peers.items():
            lines.append(json.loads(bench.tool(
                os.path.join(bench.root, "tools", "bench-etcd"), "--puts", str(count), "--streams",
                str(WRITERS), "--connections", str(connections), "--dir", bench.fleet.folder)))
        bench.say(f"writers, run {run + 1}: {line['perSecond']:.0f}/s beside etcd's "
                  + ", ".join(f"{lines[-1]['putsPerSecond']}/s" for lines in peers.values()))
    own = median_run(ours, "perSecond")
    etcd = {str(key): median_run(lines, "putsPerSecond") for key, lines in peers.items()}
    ratio = own["perSecond"] / etcd["64"]["putsPerSecond"]
    return {"count": count, "ours": own, "etcd": etcd, "ratio": round(ratio, 2),
            "goal": 4.0, "met": ratio >= 4.0}


def single(bench):
    """One writer's durable mutations, beside single commits of the C program."""
    count = bench.count(5_000, 500)
    ours, limits = [], []
    for run in range(bench.runs):
        leader = bench.leader()
        ours.append(bench.fleet.run(
            "bench", "writers", "--writers", 1, "--connections", 1, "--count", count,
            server=leader.address).succeeded().lines[0])
        bench.discard(leader)
        limits.append(json.loads(bench.tool(
            bench.limit_program("append"), "--rows", str(count), "--batch", "1", "--dir",
            bench.fleet.folder)))
        bench.say(f"single, run {run + 1}: p50 {ours[-1]['latencyMs']['p50']:.2f} ms beside"
                  f" {limits[-1]['commitMs']['p50']:.2f} ms")
    own = sorted(ours, key=lambda line: line["latencyMs"]["p50"])[len(ours) // 2]
    limit = sorted(limits, key=lambda line: line["commitMs"]["p50"])[len(limits) // 2]
    ratio = own["latencyMs"]["p50"] / limit["commitMs"]["p50"]
    return {"count": count, "ours": own, "limit": limit, "ratio": round(ratio, 2), "goal": 2.5,
            "met": ratio <= 2.5}


def bulk(bench):
    """Endpoints that are in memory, through the library; a C program that appends rows of the same
    lengths in batches of the same mean size beside it, with and without checkpoints."""
    count = bench.count(100_000, 10_000)
    ours, plain, checkpointed = [], [], []
    for run in range(bench.runs):
        leader = bench.leader()
        before = cpu_seconds(leader)
        line = bench.fleet.run(
            "bench", "bulk", "--count", count, server=leader.address).succeeded().lines[0]
        line["serverCPUSeconds"] = round(cpu_seconds(leader) - before, 2)
        leader.stop()
        lengths, batches = log_shape(leader.data)
        shutil.rmtree(leader.data)
        line["batches"], line["meanBatch"] = batches, round(len(lengths) / batches)
        ours.append(line)
        path = bench.fleet.path("lengths")
        with open(path, "w") as file:
            file.writelines(f"{length}\n" for length in lengths)
        limit = [bench.limit_program("append"), "--lengths", path, "--batch", str(line["meanBatch"]), "--dir",
                 bench.fleet.folder]
        plain.append(json.loads(bench.tool(*limit)))
        checkpointed.append(json.loads(bench.tool(
            *limit, "--checkpoint-bytes", str(CHECKPOINT_BYTES))))
        bench.say(f"bulk, run {run + 1}: {line['perSecond']:.0f}/s in batches of "
                  f"{line['meanBatch']} beside {plain[-1]['rowsPerSecond']:.0f}/s, with "
                  f"checkpoints {checkpointed[-1]['rowsPerSecond']:.0f}/s")
    own = median_run(ours, "perSecond")
    limit, slower = (median_run(lines, "rowsPerSecond") for lines in (plain, checkpointed))
    ratio = own["perSecond"] / limit["rowsPerSecond"]
    return {"count": count, "ours": own, "limit": limit, "limitWithCheckpoints": slower,
            "ratio": round(ratio, 3),
            "ratioWithCheckpoints": round(own["perSecond"] / slower["rowsPerSecond"], 3),
            "goal": 0.4, "met": ratio >= 0.4}


def log_shape(directory):
    """The lengths of a log's records, and the number of its commits: the events of a commit have
    one time."""
    log = sqlite3.connect(os.path.join(directory, "log.sqlite"))
    lengths, times = [], set()
    for (record,) in log.execute("SELECT record FROM events ORDER BY seq"):
        lengths.append(len(record))
        audit = dict(recompute.fields(record))[2]
        times.add(dict(recompute.fields(audit))[2])
    log.close()
    return lengths, len(times)


def apply(bench):
    """`apply -f -` of many documents: seconds, and memory beside that of a tenth of them."""
    count = bench.count(100_000, 10_000)
    result = {"count": count, "met": True}
    for form, goal in (("json", 20.0), ("yaml", 60.0)):
        paths = {
            number: bench.fleet.file_of(
                f"{number}.{form}", "generate", "--count", number, "-o", form)
            for number in (count // 10, count)}
        runs = []
        for run in range(bench.runs):
            leader = bench.leader()
            small = timed_apply(bench, leader, paths[count // 10])
            bench.discard(leader)
            leader = bench.leader()
            line = timed_apply(bench, leader, paths[count])
            if leader.status()["views"].get("endpoints", count) != count:
                raise Failed(f"{leader.status()['views']} of {count} endpoints")
            bench.discard(leader)
            line["tenthResidentMiB"] = small["residentMiB"]
            runs.append(line)
            bench.say(f"apply {form}, run {run + 1}: {line['seconds']} s, "
                      f"{line['residentMiB']} MiB, a tenth {small['residentMiB']} MiB")
        line = median_run(runs, "seconds")
        line["goalSeconds"] = goal
        # Flat: ten times the documents must not need half as much again.
        flat = line["residentMiB"] <= line["tenthResidentMiB"] * 1.5
        line["met"] = flat and line["seconds"] <= goal
        result[form] = line
        result["met"] = result["met"] and line["met"]
    return result


def timed_apply(bench, leader, path):
    with open(path, "rb") as file:
        begun = time.monotonic()
        process = bench.fleet.start(
            [bench.fleet.binary, "apply", "-f", "-", "--server", leader.address], stdin=file,
            stdout=subprocess.DEVNULL)
        _, code, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode:
        raise Failed(f"`apply -f -` of {path} ended with {process.returncode}")
    return {"seconds": round(time.monotonic() - begun, 2),
            "residentMiB": usage.ru_maxrss >> 10, "cpuSeconds": round(
                usage.ru_utime + usage.ru_stime, 2)}


def views(bench):
    """Fold of events in memory, and views.sqlite made anew from the whole log."""
    count = bench.count(1_000_000, 100_000)
    leader = bench.leader()
    part = min(count, 100_000)
    for seed in range(count // part):
        bench.fleet.run("bench", "bulk", "--count", part, "--seed", seed + 1,
                        server=leader.address).succeeded()
    leader.stop()
    folds, rebuilds = [], []
    for run in range(bench.runs):
        folds.append(bench.fleet.run(
            "bench", "fold", "--count", count).succeeded().lines[0])
        rebuilds.append(bench.fleet.run(
            "bench", "rebuild", "--data", leader.data).succeeded().lines[0])
        if not rebuilds[-1].get("equal", True):
            raise Failed(f"the views differ: {rebuilds[-1]}")
        bench.say(f"views, run {run + 1}: fold {folds[-1]['perSecond']:.0f}/s, "
                  f"made anew {rebuilds[-1]['perSecond']:.0f}/s")
    fold, rebuild = (median_run(lines, "perSecond") for lines in (folds, rebuilds))
    return {"count": count, "fold": fold, "rebuild": rebuild, "goalFold": 300_000,
            "goalRebuild": 100_000,
            "met": fold["perSecond"] >= 300_000 and rebuild["perSecond"] >= 100_000}


FIGURES = {"writers": writers, "single": single, "bulk": bulk, "apply": apply, "views": views}
