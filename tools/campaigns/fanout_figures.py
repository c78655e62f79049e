"""Rows 1 to 3, 6 and 7: updates to many agents."""

import json

from campaigns.load import (
    Subscribers, agents, filled, median, result, together)

CLUSTER = ["--cluster", 10_000, "--endpoints", 10_000]
FLAT_OUT = ["--kind", "bytes", "--change", "version", "--rate", 0, *CLUSTER]
# Updates that an agent was spared because a later one came in their place.
MOST_MERGED = 0.01


def fanout(bench, *arguments):
    return json.loads(bench.tool(bench.limit_program("fanout"), *map(str, arguments)))


def same_frames(line, mode, agents_count):
    """The C program's arguments for the frames that one agent got in a run."""
    frames = max(1, line["frames"] // agents_count)
    updates = line["deliveries"] / agents_count / frames
    return ["--mode", mode, "--clients", agents_count, "--frames", frames, "--bytes",
            max(1, line["bytes"] // agents_count // frames), "--updates", f"{updates:.6f}"]


def marginal(bench):
    """Row 1: what 99 agents more cost the server."""
    count, many = bench.count(20_000, 5_000), 100
    costs, totals, limits, merged = [], [], [], []
    for run in range(bench.runs):
        leader = filled(bench, 10_000)
        one = agents(bench, leader, "--agents", 1, "--count", count, *FLAT_OUT)
        line = agents(bench, leader, "--agents", many, "--count", count, *FLAT_OUT)
        bench.discard(leader)
        more = line["server"]["cpuSeconds"] - one["server"]["cpuSeconds"]
        costs.append(more / (line["deliveries"] - one["deliveries"]) * 1e6)
        totals.append(line["server"]["cpuSecondsPerMillion"])
        merged.append(line["mergedShare"])
        # Long enough to be measured; the cost for each delivery is what counts.
        limits.append(fanout(bench, "--clients", many, "--frames", 20_000, "--bytes", 200)
                      ["cpuSecondsPerMillion"])
        bench.say(f"fan1, run {run + 1}: {costs[-1]:.3f} s per million, {totals[-1]:.3f} in all")
    cost, limit = median(costs), median(limits)
    return result(
        f"{count:,} updates flat out, 10,000 endpoints, 100 agents: server CPU s per million"
        " deliveries, marginal (in all)", "≤ 0.15, merged < 1 %",
        f"{cost:.3f} ({median(totals):.3f}), merged {median(merged):.1%}",
        cost <= 0.15 and median(merged) < MOST_MERGED, "0.05",
        f"C, 200-byte frames batched: {limit:.3f}; Typha 1.5", f"{cost / limit:.1f}",
        marginal=costs, total=totals, limit=limits, merged=merged)


def rate(bench):
    """Row 2: deliveries a second to 1,000 agents while there is something to send."""
    count, many = bench.count(20_000, 5_000), 1_000
    lines, rates, limits = [], [], []
    for run in range(bench.runs):
        leader = filled(bench, 10_000)
        line = agents(bench, leader, "--agents", many, "--count", count, *FLAT_OUT)
        bench.discard(leader)
        lines.append(line)
        rates.append(line["deliveries"] / max(line["busySeconds"], 0.001))
        limits.append(
            fanout(bench, *same_frames(line, "batched", many))["deliveriesPerSecond"])
        bench.say(f"fan2, run {run + 1}: {rates[-1] / 1e6:.1f} M/s while there are frames,"
                  f" {line['perSecond'] / 1e6:.1f} M/s in all, C {limits[-1] / 1e6:.0f} M/s")
    # Of each run its own ratio: a run's frames are what the C program sent beside it.
    ratio = median([ours / limit for ours, limit in zip(rates, limits)])
    merged = median([line["mergedShare"] for line in lines])
    overall = median([line["perSecond"] for line in lines])
    return result(
        "the same with 1,000 agents: deliveries per second while frames are there (in all)",
        "≥ 0.5 of C, merged < 1 %",
        f"{median(rates) / 1e6:.1f} M/s ({overall / 1e6:.1f} M/s), merged {merged:.1%}",
        ratio >= 0.5 and merged < MOST_MERGED, "30 M/s",
        f"C, the same frames: {median(limits) / 1e6:.0f} M/s; Typha 0.9", f"{ratio:.2f}",
        busy=rates, overall=[line["perSecond"] for line in lines], limit=limits,
        frames=[line["frames"] // many for line in lines])


def wire_bytes(bench):
    """Row 3: bytes of an update of one label."""
    count, paced = bench.count(20_000, 5_000), bench.count(1_000, 200)
    flat, single, merged = [], [], []
    for run in range(bench.runs):
        leader = filled(bench, 10_000)
        line = agents(bench, leader, "--agents", 10, "--count", count, *FLAT_OUT)
        flat.append(line["bytesPerDelivery"])
        merged.append(line["mergedShare"])
        line = agents(bench, leader, "--agents", 1, "--kind", "bytes", "--change", "version",
                      "--rate", 200, "--count", paced, *CLUSTER)
        # Of the frames that carry one update: frames of several only lower it.
        single.append(line["bytes"] / line["frames"])
        bench.discard(leader)
        bench.say(f"fan3, run {run + 1}: {flat[-1]:.0f} and {single[-1]:.0f} bytes,"
                  f" {line['frames']} frames of {paced}")
    flat_out, one = median(flat), median(single)
    return result(
        "bytes on the wire per update of one label, flat out / one frame each",
        "≤ 48 / ≤ 120", f"{flat_out:.0f} / {one:.0f}", flat_out <= 48 and one <= 120, "15 / 100",
        "Typha 128 with batches", f"{flat_out / 128:.2f} of Typha", flat=flat, single=single,
        merged=merged)


def paced(bench):
    """Row 6: 1,000 updates a second to 100 agents with caches."""
    count = bench.count(30_000, 3_000)
    lines = []
    for run in range(bench.runs):
        leader = filled(bench, 10_000)
        line = agents(bench, leader, "--agents", 100, "--rate", 1_000, "--count", count,
                      "--processes", 1, *CLUSTER)
        bench.discard(leader)
        lines.append(line)
        latency = line["latencyMs"]
        bench.say(f"fan6, run {run + 1}: p50 {latency['p50']:.2f}, p99 {latency['p99']:.1f} ms,"
                  f" {line['server']['cpuSecondsPerMillion']:.2f} CPU s per million, merged"
                  f" {line['mergedShare']:.1%}, {line['seconds']:.1f} s")
    p50, p99 = (median([line["latencyMs"][name] for line in lines]) for name in ("p50", "p99"))
    cost = median([line["server"]["cpuSecondsPerMillion"] for line in lines])
    merged = median([line["mergedShare"] for line in lines])
    return result(
        f"1,000 updates per second for {count // 1000} s, 100 agents with caches: call to agent, "
        "durable; server CPU s per million deliveries",
        "p50 ≤ 2.5 ms, p99 ≤ 15 ms; ≤ 4.6; merged < 1 %",
        f"p50 {p50:.2f} ms, p99 {p99:.1f} ms; {cost:.2f}; merged {merged:.1%}",
        p50 <= 2.5 and p99 <= 15 and cost <= 4.6 and merged < MOST_MERGED, "1.5 / 8 ms; 4",
        "Typha 7–9 / 46–78 ms, 11; NATS 0.7–1.2 / 7–52 ms, 8.6; Redis 0.5 / 38–74 ms, 4.6", "",
        lines=lines)


def many_counters(bench):
    """Row 7: the same to 1,000 agents that count bytes; ten with caches tell the latency."""
    count, counters, witnesses = bench.count(30_000, 3_000), 990, 10
    writing = ["--agents", witnesses, "--rate", 1_000, "--processes", 1, *CLUSTER]
    runs = []
    for run in range(bench.runs):
        leader = filled(bench, 10_000)
        alone = agents(bench, leader, "--count", count // 3, *writing)
        groups = [
            Subscribers(bench.fleet, leader.address, "--agents", counters // 2, "--kind", "bytes")
            for _ in range(2)]
        for group in groups:
            group.in_sync()
        together(groups, "begin")
        line = agents(bench, leader, "--count", count, *writing)
        for answer in together(groups, f"hold {line['lastSeq']} 60"):
            if answer["holding"] != counters // 2:
                line["seconds"] = float("inf")
        reports = together(groups, "report")
        for group in groups:
            group.close()
        bench.discard(leader)
        deliveries = line["deliveries"] + sum(report["deliveries"] for report in reports)
        cost = line["server"]["cpuSeconds"] / deliveries * 1e6
        merged = 1 - deliveries / (count * (counters + witnesses))
        single = fanout(bench, "--mode", "single", "--clients", 1_000, "--frames",
                        bench.count(2_000, 300), "--bytes", 120)
        runs.append({"cost": cost, "merged": merged, "seconds": line["seconds"],
                     "limit": single["cpuSecondsPerMillion"], "p50": line["latencyMs"]["p50"],
                     "p99": line["latencyMs"]["p99"], "alone50": alone["latencyMs"]["p50"],
                     "alone99": alone["latencyMs"]["p99"]})
        bench.say(f"fan7, run {run + 1}: {cost:.2f} CPU s per million, p50"
                  f" {line['latencyMs']['p50']:.2f} ms after {alone['latencyMs']['p50']:.2f} alone,"
                  f" {line['seconds']:.1f} s, merged {merged:.1%}")
    of = {name: median([run[name] for run in runs]) for name in runs[0]}
    sustained = of["seconds"] <= count / 1_000 + 1
    return result(
        "the same to 1,000 agents that count bytes: server CPU s per million deliveries; added"
        " latency", "sustained, ≤ 1",
        f"{'sustained' if sustained else 'not sustained'}, {of['cost']:.2f}, merged"
        f" {of['merged']:.1%}; p50 {of['alone50']:.2f} → {of['p50']:.2f} ms, p99"
        f" {of['alone99']:.1f} → {of['p99']:.1f} ms",
        sustained and of["cost"] <= 1, "0.7",
        f"C, frame by frame: {of['limit']:.2f}", f"{of['cost'] / of['limit']:.2f}", runs=runs)


def client(bench):
    """Row 16: what one core of a client applies, without a socket."""
    lines = []
    for run in range(bench.runs):
        lines.append(bench.fleet.run(
            "bench", "client", "--count", bench.count(200_000, 20_000)).succeeded().lines[0])
        bench.say(f"fan16, run {run + 1}: {lines[-1]['gatheredPerSecond']:,.0f}/s, read"
                  f" {lines[-1]['gatheredReadPerSecond']:,.0f}/s")
    applied, read, single = (median([line[name] for line in lines]) for name in (
        "gatheredPerSecond", "gatheredReadPerSecond", "singlePerSecond"))
    return result(
        "client: updates applied to a cache per second and core, inflate and digest included / all"
        " fields read (a frame each)", "≥ 600,000 / ≥ 200,000",
        f"{applied:,.0f} / {read:,.0f} ({single:,.0f})", applied >= 600_000 and read >= 200_000,
        "700,000 / 250,000", "Typha's client 33,000", f"{applied / 33_000:.0f} of Typha",
        lines=lines)
