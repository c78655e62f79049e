"""Rights change again and again under load, and every agent of a tree is judged by a model: what it
holds at its marks is what its rights of that seq select, nothing it was ever told was beyond them, and
whoever lost the right is gone, within a second, at the leader and behind relays (G13).
"""

import bisect
import json
import os
import random
import re
import subprocess
import threading
import time

from campaigns.report import Failed

COUNT = (200, 10)
ENDPOINTS, NODES = 600, 6
# Changes of endpoints in each second, so that marks go on.
PER_SECOND = 100
SOON = 1.0
PATIENCE = 20
# Each so many marks of an agent what it holds is compared whole; always at the first of new rights.
COMPARED = 6
TEAMS = ("shop", "payments", "search")


class Selection:
    """Of the model: node, namespace and one label, each of which may be anything."""

    def __init__(self, node="", namespace="", team=""):
        self.node, self.namespace, self.team = node, namespace, team

    def document(self):
        held = {"node": self.node, "namespace": self.namespace,
                "selector": f"team == '{self.team}'" if self.team else ""}
        return {name: text for name, text in held.items() if text}

    def filled(self, star):
        return Selection(*(text.replace("${*}", star)
                           for text in (self.node, self.namespace, self.team)))

    @property
    def parts(self):
        return self.node, self.namespace, self.team

    def selects(self, endpoint):
        metadata = endpoint["metadata"]
        return ((not self.node or endpoint["spec"]["node"] == self.node)
                and (not self.namespace or metadata["namespace"] == self.namespace)
                and (not self.team or metadata.get("labels", {}).get("team") == self.team))


class Policy:
    """Rules in their order: name or pattern, roles, selection."""

    OWN = [("root", ["admin"], Selection()), ("follower", ["follower"], Selection()),
           ("node", ["follower"], Selection())]

    def __init__(self, dice):
        self.rules = list(self.OWN)
        for pattern in ("a-2", "b-1", "a-*", "b-*"):
            if dice.random() < (0.3 if "*" not in pattern else 0.85):
                role = dice.choice(("agent", "agent", "writer", "auditor"))
                held = Selection() if role == "auditor" else self.selection(dice, "*" in pattern)
                self.rules.append((pattern, [role], held))

    @staticmethod
    def selection(dice, is_pattern):
        kind = dice.randrange(5)
        if kind == 0:
            return Selection()
        if kind == 1:
            return Selection(node="node-0000${*}" if is_pattern else "node-00001")
        if kind == 2:
            return Selection(namespace=dice.choice(("shop", "payments", "search", "monitoring")))
        if kind == 3:
            return Selection(team=dice.choice(TEAMS))
        return Selection(node=f"node-0000{dice.randrange(1, NODES + 1)}", team=dice.choice(TEAMS))

    def document(self):
        return json.dumps({"kind": "Rights", "rules": [
            {"identity": "unproven:" + name, "roles": roles,
             **({"selection": held.document()} if held.document() else {})}
            for name, roles, held in self.rules]})

    def grant(self, name):
        """What the identity is held to; None: nothing."""
        for pattern, _, held in self.rules:
            match = re.fullmatch(re.escape(pattern).replace(r"\*", "(.*)"), name)
            if match:
                return held.filled(match[1] if match.groups() else "")
        return None


class Agent:
    """One `cattail watch`, from its start to its end, with when each line came."""

    def __init__(self, fleet, name, node, wanted):
        self.name, self.node, self.wanted = name, node, wanted
        self.lines = []
        self.ended_at = None
        # What its rights select, as it stood last.
        self.parts = None
        arguments = [fleet.binary, "watch", "-o", "json", "--as", name, "--server", node.address]
        if wanted.node:
            arguments += ["--node", wanted.node]
        if wanted.namespace:
            arguments += ["-n", wanted.namespace]
        if wanted.team:
            arguments += ["--selector", f"team == '{wanted.team}'"]
        self.process = fleet.start(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.news = threading.Condition()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            with self.news:
                self.lines.append((time.monotonic(), json.loads(line)))
                self.news.notify_all()
        self.process.wait()
        with self.news:
            self.ended_at = time.monotonic()
            self.news.notify_all()

    @property
    def is_running(self):
        return self.ended_at is None

    def marked(self, seq):
        """When it had what the log says at this seq; None while it has not."""
        for moment, line in reversed(self.lines):
            if line["type"] == "mark":
                if line["seq"] < seq:
                    return None
                found = moment
                for moment, line in self.lines:
                    if line["type"] == "mark" and line["seq"] >= seq:
                        return moment
                return found
        return None

    def until(self, condition):
        """The moment that the condition gives; None when that takes too long."""
        deadline = time.monotonic() + PATIENCE
        with self.news:
            while True:
                moment = condition()
                left = deadline - time.monotonic()
                if moment is not None or left <= 0:
                    return moment
                self.news.wait(left)

    def last_code(self):
        codes = [line.get("code") for _, line in self.lines if "code" in line]
        return codes[-1] if codes else None


class Churn(threading.Thread):
    """Endpoints change their labels and come and go."""

    def __init__(self, fleet, server, seed):
        super().__init__(daemon=True)
        self.fleet, self.server = fleet, server
        self.dice = random.Random(seed)
        self.documents = fleet.run(
            "generate", "--count", ENDPOINTS, "--nodes", NODES, "--seed", seed).lines
        self.ending = threading.Event()
        self.process = fleet.start(
            [fleet.binary, "apply", "-f", "-", "-o", "json", "--server", server],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def fill(self):
        text = "".join(json.dumps(document) + "\n" for document in self.documents)
        self.fleet.run("apply", "-f", "-", server=self.server, input=text).succeeded()

    def run(self):
        while not self.ending.is_set():
            document = self.dice.choice(self.documents)
            document["metadata"]["labels"]["team"] = self.dice.choice(TEAMS)
            document["metadata"]["annotations"] = {"turn": str(self.dice.random())}
            try:
                self.process.stdin.write(json.dumps(document).encode() + b"\n")
                self.process.stdin.flush()
            except BrokenPipeError:
                return
            time.sleep(1 / PER_SECOND)
        self.process.stdin.close()
        self.process.wait()


def run(context, report):
    fleet, count = context.fleet, context.options.count
    dice = random.Random(context.options.seed)
    # Whoever is not named otherwise.
    os.environ["CATTAIL_ACTOR"] = "root"
    leader = fleet.leader()
    near = fleet.follower(leader.address, "near")
    far = fleet.follower(near.address, "far")
    churn = Churn(fleet, leader.address, context.options.seed)
    churn.fill()
    churn.start()
    nodes = (leader, near, far)
    places = [(f"{kind}-{number}", nodes[number % 3],
               Selection() if kind == "a" else Selection(team=TEAMS[number % 3]))
              for kind in "ab" for number in range(1, 5)]
    running = {}
    story, policies, times = [], {}, []
    late, refused = [], 0
    for number in range(count):
        policy = Policy(dice)
        begun = time.monotonic()
        seq = fleet.run(
            "rights", "apply", "-f", "-", "-o", "json", server=leader.address,
            input=policy.document()).succeeded().lines[0]["seq"]
        policies[seq] = policy
        for name, node, wanted in places:
            agent = running.get(name)
            grant = policy.grant(name)
            may = grant is not None
            parts = grant.parts if may else None
            is_new = agent is None
            if is_new:
                agent = running[name] = Agent(fleet, name, node, wanted)
                story.append(agent)
            elif parts == agent.parts:
                # Nothing is new to it: it is marked when something happens, or nothing has for long.
                continue
            agent.parts = parts
            condition = ((lambda: agent.ended_at if not agent.is_running else agent.marked(seq))
                         if may else (lambda: agent.ended_at))
            moment = agent.until(condition)
            what = f"round {number}, seq {seq}, {name} at {node.name}"
            if moment is None or (may and not agent.is_running):
                late.append(f"{what}: {'no mark' if may else 'it is there still'},"
                            f" {agent.last_code()}")
            elif not may and agent.last_code() != "not-allowed":
                late.append(f"{what}: it ended with {agent.last_code()}")
            elif not is_new:
                times.append(moment - begun)
                if moment - begun > SOON:
                    report.step(f"{moment - begun:.1f} s: {what}")
            if not may or not agent.is_running:
                refused += 1
                running.pop(name)
        if (number + 1) % 20 == 0:
            report.step(f"{number + 1} changes")
    churn.ending.set()
    churn.join()
    for agent in running.values():
        agent.process.terminate()
    for agent in story:
        agent.thread.join(PATIENCE)
    report.step("the load has ended")
    report.check("every agent arrived, or was sent away with `not-allowed`", not late, late[:5])
    judge(context, report, leader, story, policies)
    times.sort()
    report.fact("changes of rights", count)
    report.fact("agents sent away", refused)
    report.fact("from the command to each agent's mark or end, seconds", {
        "p50": round(times[len(times) // 2], 3), "p99": round(times[len(times) * 99 // 100], 3),
        "max": round(times[-1], 3)})
    report.check(f"99 of 100 within {SOON:g} s", times[len(times) * 99 // 100] <= SOON)


def judge(context, report, leader, story, policies):
    """By the whole log, read at the end."""
    history = {}
    fleet = context.fleet
    with open(fleet.file_of("log.jsonl", "log", "-o", "json", "--server", leader.address)) as file:
        for line in file:
            event = json.loads(line)
            if event["key"]:
                history.setdefault(event["key"], []).append((event["seq"], event.get("endpoint")))
    seqs = sorted(policies)
    leaks, misses, told, marks = [], [], 0, 0
    for agent in story:
        held, batch, since, last = {}, [], 0, None
        for _, line in agent.lines:
            if line["type"] == "put":
                held[line["key"]] = line["seq"]
                batch.append(line)
            elif line["type"] == "delete":
                held.pop(line["key"], None)
            elif line["type"] == "mark":
                place = bisect.bisect_right(seqs, line["seq"]) - 1
                grant = policies[seqs[place]].grant(agent.name) if place >= 0 else Selection()
                told += len(batch)
                leaks += [f"{agent.name}: {put['key']} at {put['seq']}" for put in batch
                          if grant is None or not grant.selects(put["endpoint"])]
                batch = []
                since += 1
                if place == last and since < COMPARED:
                    continue
                since, last = 0, place
                marks += 1
                wanted = truth(history, line["seq"], grant, agent.wanted)
                if wanted != held:
                    misses.append(f"{agent.name} at {line['seq']}: {len(held)} held,"
                                  f" {len(wanted)} wanted")
    report.check("nothing was told that rights of its mark do not give", not leaks,
                 leaks[:3] or f"{told} endpoints told")
    report.check("at marks each held what its rights give, no more and no less", not misses,
                 misses[:3] or f"{marks} marks compared")
    if not told or not marks:
        raise Failed("nobody was told anything")


def truth(history, seq, grant, wanted):
    found = {}
    if grant is None:
        return found
    for key, events in history.items():
        place = bisect.bisect_right(events, seq, key=lambda event: event[0]) - 1
        if place < 0:
            continue
        at, endpoint = events[place]
        if endpoint and grant.selects(endpoint) and wanted.selects(endpoint):
            found[key] = at
    return found
