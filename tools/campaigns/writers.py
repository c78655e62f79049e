"""Writers whose every acknowledgement is kept, and held against the log at the end (G1, G2, G11)."""

import collections
import json
import signal
import subprocess
import threading
import time

# So many times a second a piece of the documents is offered.
PIECES = 50


class Writer(threading.Thread):
    """`COMMAND -f - -o json`, one after another, until told to stop. `batch(number)` gives a command
    and its documents, a line each. That some are not acknowledged is what happens under faults;
    that lines are wrong is not."""

    def __init__(self, fleet, servers, batch, per_second, timeout="20s", wrapper=()):
        super().__init__(daemon=True)
        self.fleet = fleet
        self.servers = servers
        self.batch = batch
        self.per_second = per_second
        self.timeout = timeout
        self.wrapper = list(wrapper)
        self.acknowledged = {}
        self.repeated = []
        self.results = collections.Counter()
        self.codes = collections.Counter()
        self.failure = None
        self.batches = self.refused = self.killed = 0
        self.process = None
        self.ending = threading.Event()

    def run(self):
        try:
            while not self.ending.is_set():
                self.write(*self.batch(self.batches))
                self.batches += 1
        except Exception as error:
            self.failure = repr(error)

    def write(self, command, documents):
        self.process = process = self.fleet.start(
            [*self.wrapper, self.fleet.binary, command, "-f", "-", "-o", "json", "--server",
             self.servers, "--timeout", self.timeout],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        threads = [threading.Thread(target=self.feed, args=[process.stdin, documents], daemon=True),
                   threading.Thread(target=self.listen, args=[process.stderr], daemon=True)]
        for thread in threads:
            thread.start()
        for line in process.stdout:
            # One that was killed ends anywhere.
            if line.endswith(b"\n"):
                self.take(json.loads(line))
        for thread in threads:
            thread.join()
        code = process.wait()
        self.killed += code == -signal.SIGKILL
        self.refused += code > 0
        self.fleet.started.remove(process)
        if code < 0 and code != -signal.SIGKILL:
            raise OSError(f"`{command}` ended by signal {-code}")

    def feed(self, pipe, documents):
        step = max(1, self.per_second // PIECES)
        try:
            for at in range(0, len(documents), step):
                begun = time.monotonic()
                pipe.write(b"".join(documents[at:at + step]))
                pipe.flush()
                if self.ending.is_set():
                    break
                time.sleep(max(0, step / self.per_second - (time.monotonic() - begun)))
            pipe.close()
        except BrokenPipeError:
            # It was killed, or has given up.
            pass

    def listen(self, pipe):
        for line in pipe:
            try:
                self.codes[json.loads(line)["code"]] += 1
            except (ValueError, KeyError):
                self.codes["not a coded line: " + line.decode(errors="replace")[:200]] += 1

    def take(self, line):
        self.results[line["result"]] += 1
        request = line["requestID"]
        if request in self.acknowledged:
            self.repeated.append(request)
        self.acknowledged[request] = None if line["result"] == "unchanged" else line["seq"]

    def finish(self, seconds=90):
        """False when it does not end."""
        self.ending.set()
        self.join(seconds)
        return not self.is_alive()


def generated(fleet, count, first_seed):
    """Batches of endpoints, another seed's each."""
    def batch(number):
        output = fleet.run("generate", "--count", count, "--seed", first_seed + number).output
        return "apply", output.splitlines(True)
    return batch


def judge(report, writers, path):
    """Each acknowledged request stands once, at its seq, in the log that `cattail log` wrote."""
    counts, seqs = collections.Counter(), {}
    with open(path) as file:
        for line in file:
            event = json.loads(line)
            if event["requestID"]:
                counts[event["requestID"]] += 1
                seqs[event["requestID"]] = event["seq"]
    acknowledged = {}
    for writer in writers:
        acknowledged.update(writer.acknowledged)
    failures = [writer.failure for writer in writers if writer.failure]
    repeated = [name for writer in writers for name in writer.repeated]
    wanted = {name: seq for name, seq in acknowledged.items() if seq}
    lost = [name for name in wanted if name not in counts]
    moved = [name for name, seq in wanted.items() if seqs.get(name, seq) != seq]
    twice = [name for name, count in counts.items() if count > 1]
    report.check("the load ran to its end", not failures, failures[:3])
    report.check("no request was acknowledged twice", not repeated, repeated[:3])
    report.check("each acknowledged request stands in the log", not lost,
                 lost[:3] or f"{len(acknowledged)} of them")
    report.check("no request stands twice", not twice, twice[:3] or f"{len(counts)} requests")
    report.check("each stands at the seq that was acknowledged", not moved, moved[:3])
    report.fact("acknowledged", len(acknowledged))
    report.fact("in the log without an acknowledgement",
                sum(name not in acknowledged for name in counts))
