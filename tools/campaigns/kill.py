"""The leader is killed with -9 again and again under a load that is acknowledged line by line:
each acknowledged request stands exactly once in the log, any other at most once (G1, G11).
"""

import collections
import json
import random
import signal
import subprocess
import threading
import time

from campaigns.report import Failed
from campaigns.agree import recompute

COUNT = (50, 8)
# Each so many kills the client is killed too, with requests under way that it never sees answered.
CLIENT_KILLS = 4
# Documents of one `apply`, and how many are offered in a second: so that the log stays of a
# size that can be read whole at the end.
BATCH, PER_SECOND = 4_000, 4_000
# From ready to kill.
SHORTEST, LONGEST = 0.05, 0.8
CLIENT_TIMEOUT = "30s"


class Load(threading.Thread):
    """`generate | apply -f - -o json`, one after another, until told to stop."""

    def __init__(self, fleet, server, seed):
        super().__init__(daemon=True)
        self.fleet = fleet
        self.server = server
        self.seed = seed
        self.acknowledged = {}
        self.repeated = []
        self.results = collections.Counter()
        self.failures = []
        self.batches = 0
        self.process = None
        self.killed = 0
        self.ending = threading.Event()

    def run(self):
        try:
            while not self.ending.is_set():
                self.batch()
                self.batches += 1
        except Exception as error:
            self.failures.append(f"the load ended: {error!r}")

    def batch(self):
        documents = self.fleet.run(
            "generate", "--count", BATCH, "--seed", self.seed + self.batches).output
        with open(self.fleet.path("apply.log"), "ab") as errors:
            self.process = process = self.fleet.start(
                [self.fleet.binary, "apply", "-f", "-", "-o", "json", "--server", self.server,
                 "--timeout", CLIENT_TIMEOUT],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        feeder = threading.Thread(
            target=self.feed, args=[process.stdin, documents.splitlines(True)], daemon=True)
        feeder.start()
        for line in process.stdout:
            if line.endswith(b"\n"):
                self.take(json.loads(line))
        feeder.join()
        if process.wait() == -signal.SIGKILL:
            self.killed += 1
        elif process.returncode:
            self.failures.append(f"`apply` ended with {process.returncode}")
        self.fleet.started.remove(process)

    def feed(self, pipe, lines):
        step = PER_SECOND // 50
        try:
            for at in range(0, len(lines), step):
                pipe.write(b"".join(lines[at:at + step]))
                pipe.flush()
                if self.ending.is_set():
                    break
                time.sleep(1 / 50)
            pipe.close()
        except BrokenPipeError:
            # The client was killed.
            pass

    def take(self, line):
        self.results[line["result"]] += 1
        request = line["requestID"]
        if request in self.acknowledged:
            self.repeated.append(request)
        self.acknowledged[request] = None if line["result"] == "unchanged" else line["seq"]


def run(context, report):
    fleet, kills = context.fleet, context.options.count
    moments = random.Random(context.options.seed)
    leader = fleet.leader()
    load = Load(fleet, leader.address, context.options.seed * 1_000 + 500)
    load.start()
    ready_times, busy = [], 0
    for number in range(kills):
        before = len(load.acknowledged)
        time.sleep(SHORTEST + (LONGEST - SHORTEST) * moments.random())
        leader.kill()
        if number % CLIENT_KILLS == CLIENT_KILLS - 1 and load.process:
            load.process.kill()
        busy += len(load.acknowledged) > before
        leader.start()
        ready_times.append(leader.ready_seconds)
        if load.failures:
            break
        if (number + 1) % 10 == 0:
            report.step(f"{number + 1} kills, {len(load.acknowledged)} acknowledged")
    load.ending.set()
    load.join(60)
    if load.is_alive():
        raise Failed("the load did not end within 60 s of the last kill")
    report.step("the load has ended")
    judge(context, report, leader, load)

    ready_times.sort()
    report.fact("kills", kills)
    report.fact("kills with acknowledgements since the last", busy)
    report.fact("kills of the client", load.killed)
    report.fact("acknowledged", len(load.acknowledged))
    report.fact("results", dict(load.results), json.dumps(load.results))
    report.fact("start to ready, seconds", {
        "p50": round(ready_times[len(ready_times) // 2], 3), "max": round(ready_times[-1], 3)})


def judge(context, report, leader, load):
    fleet = context.fleet
    report.check("every apply that lived ended well, its writes retried", not load.failures,
                 load.failures[:3] or f"{load.batches} of them")
    report.check("no request was acknowledged twice", not load.repeated, load.repeated[:3])
    logged = collections.Counter()
    seqs = {}
    with open(fleet.file_of("log.jsonl", "log", "-o", "json", "--server", leader.address)) as file:
        for line in file:
            event = json.loads(line)
            if event["requestID"]:
                logged[event["requestID"]] += 1
                seqs[event["requestID"]] = event["seq"]
    lost = [name for name, seq in load.acknowledged.items() if seq and logged[name] == 0]
    twice = [name for name, count in logged.items() if count > 1]
    moved = [name for name, seq in load.acknowledged.items() if seq and seqs.get(name) != seq]
    report.check("each acknowledged request stands in the log", not lost,
                 lost[:3] or f"{len(load.acknowledged)} of them")
    report.check("no request stands twice", not twice, twice[:3] or f"{len(logged)} requests")
    report.check("each stands at the seq that was acknowledged", not moved, moved[:3])
    unanswered = len(logged) - sum(name in load.acknowledged for name in logged)
    report.fact("in the log without an acknowledgement", unanswered)

    verified = fleet.run("verify", "-o", "json", server=leader.address)
    report.check("verify finds nothing", verified.code == 0,
                 verified.errors.strip() or verified.text.strip())
    status = leader.status()
    leader.stop()
    found = recompute(leader.data)
    report.fact("events", found["seq"])
    report.equal("the digest agrees with a script's", {
        "leader": status["views"]["digest"], "script": found["digest"]})
