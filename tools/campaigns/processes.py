"""Nodes and commands as real processes, each ended by its process ID when the fleet closes."""

import json
import os
import select
import signal
import socket
import subprocess
import time

from campaigns.report import Failed

READY_SECONDS = 60
STOP_SECONDS = 20


class Fleet:
    """Every process that a campaign starts, so that none outlives it."""

    def __init__(self, binary, folder, first_port):
        self.binary = binary
        self.folder = folder
        self.next_port = first_port
        self.started = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
        for process in self.started:
            process.wait()

    def start(self, arguments, **options):
        process = subprocess.Popen(arguments, **options)
        self.started.append(process)
        return process

    def path(self, name):
        return os.path.join(self.folder, name)

    def port(self):
        """A port that is free now, below those that the kernel gives to clients."""
        while True:
            self.next_port += 1
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", self.next_port))
                    return self.next_port
                except OSError:
                    continue

    def leader(self, name="leader", **options):
        return Node(self, name, ["leader"], **options).start()

    def follower(self, upstream, name="follower", **options):
        return Node(self, name, ["follower", "--upstream", upstream], **options).start()

    def run(self, *arguments, server=None, input=None, seconds=600, environment=None, wrapper=()):
        """A command to its end."""
        target = ["--server", server] if server else []
        if isinstance(input, str):
            input = input.encode()
        process = self.start(
            [*wrapper, self.binary, *map(str, arguments), *target], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
            env=environment)
        try:
            output, errors = process.communicate(input, timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Failed(f"`cattail {' '.join(map(str, arguments))}` did not end in {seconds} s")
        self.started.remove(process)
        return Result(arguments, process.returncode, output, errors)

    def file_of(self, name, *arguments):
        """A command's standard output as a file; for what is too long to hold."""
        path = self.path(name)
        with open(path, "wb") as file:
            process = self.start([self.binary, *map(str, arguments)], stdout=file)
            code = process.wait()
        if code:
            raise Failed(f"`cattail {' '.join(map(str, arguments))}` ended with {code}")
        return path

    def put_and_get(self, server, document, patience=0):
        """Seconds that one put and one get of `document` take, command starts included. With
        patience a follower is asked again until it has heard of the put."""
        key = document["metadata"]
        begun = time.monotonic()
        self.run("apply", "-f", "-", server=server, input=json.dumps(document)).succeeded()
        while True:
            got = self.run(
                "get", "wep", key["name"], "-n", key["namespace"], "-o", "json", server=server)
            taken = time.monotonic() - begun
            if json.loads(got.succeeded().text)["metadata"]["labels"] == key["labels"]:
                return taken
            if taken >= patience:
                raise Failed(f"what was put is not what was got: {got.text}")


class Result:
    def __init__(self, arguments, code, output, errors):
        self.arguments = arguments
        self.code = code
        self.output = output
        self.errors = errors.decode(errors="replace")

    @property
    def text(self):
        return self.output.decode()

    @property
    def lines(self):
        return [json.loads(line) for line in self.output.splitlines()]

    def codes(self):
        """The coded errors on standard error, as text or as JSON objects."""
        found = []
        for line in self.errors.splitlines():
            if line.startswith("error: "):
                found.append(line.split(": ", 2)[1])
            elif line.startswith("{"):
                found.append(json.loads(line).get("code"))
        return found

    def succeeded(self):
        if self.code:
            raise Failed(
                f"`cattail {' '.join(map(str, self.arguments))}` ended with {self.code}:"
                f" {self.errors.strip()[-2000:]}")
        return self


class Usage:
    """What a process holds now; `process` is whose."""

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def settled_usage(self, seconds=15):
        """Resident bytes and descriptors, when the descriptors have been the same for a while."""
        deadline = time.monotonic() + seconds
        history = []
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failed(
                    f"{self.name} ended with {self.process.returncode}; {self.log} says why")
            history.append(self.descriptors())
            if len(history) > 5 and len(set(history[-6:])) == 1:
                break
            time.sleep(0.1)
        return self.resident_bytes(), history[-1]


class Node(Usage):
    """A leader or follower. It keeps its port and its directory through restarts."""

    def __init__(self, fleet, name, command, data=None, port=None, wrapper=(), environment=None):
        self.fleet = fleet
        self.name = name
        self.command = command
        self.data = data or fleet.path(name)
        self.address = f"127.0.0.1:{port or fleet.port()}"
        self.log = fleet.path(name + ".log")
        self.wrapper = list(wrapper)
        self.environment = environment
        self.listen = self.address
        self.process = None
        self.ready = {}
        self.ready_seconds = None

    def launch(self):
        with open(self.log, "ab") as errors:
            self.process = self.fleet.start(
                [*self.wrapper, self.fleet.binary, *self.command, "--data", self.data,
                 "--listen", self.listen],
                stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL,
                env=self.environment and {**os.environ, **self.environment})

    def start(self):
        begun = time.monotonic()
        self.launch()
        line = self.ready_line()
        if line is None:
            raise Failed(f"{self.name} did not get ready; {self.log} ends: {self.last_words()}")
        self.ready_seconds = time.monotonic() - begun
        return self

    def ready_line(self):
        """The ready line, read to its end; None when the process ends without one."""
        text = b""
        output = self.process.stdout.fileno()
        deadline = time.monotonic() + READY_SECONDS
        while not text.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([output], [], [], left)[0]:
                raise Failed(f"{self.name} was not ready in {READY_SECONDS} s")
            piece = os.read(output, 4096)
            if not piece:
                self.process.wait()
                return None
            text += piece
        words = text.decode().split()
        if words[:1] != ["ready"] or text.count(b"\n") != 1:
            raise Failed(f"{self.name} printed {text!r}")
        self.ready = dict(word.split("=", 1) for word in words[1:])
        return text

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """Drains it; it must end with 0 and have printed nothing behind the ready line."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} did not drain in {STOP_SECONDS} s")
        left = self.process.stdout.read()
        self.process.stdout.close()
        if code or left:
            raise Failed(f"{self.name} drained with {code} and printed {left!r}")

    def status(self):
        return json.loads(
            self.fleet.run("status", "-o", "json", server=self.address).succeeded().text)

    def last_words(self):
        with open(self.log, errors="replace") as file:
            return file.read()[-2000:]


def wait_until(condition, what, seconds=60):
    """Polls; the value of `condition` when it is true."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"waited {seconds} s for {what}")
        time.sleep(0.05)
