#!/usr/bin/env python3
"""Tests of the reference client: the golden vectors, a scripted server, and a real one.

    CATTAIL_NODE=/path/to/cattail python3 test_reference_client.py     (without it the real server's tests are skipped)
    CATTAIL_VECTORS=DIR may be given too.
"""
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOLS = os.path.join(ROOT, "tools")
sys.dont_write_bytecode = True
sys.path.insert(0, TOOLS)
import reference_client as rc  # noqa: E402

CLIENT = os.path.join(TOOLS, "reference_client.py")
VECTORS = os.environ.get("CATTAIL_VECTORS", os.path.join(ROOT, "proto", "vectors"))
NODE = os.environ.get("CATTAIL_NODE")


def client(*arguments, stdin=None):
    """Runs the client; returns (exit code, its JSON lines, stderr)."""
    done = subprocess.run([sys.executable, CLIENT, *arguments], input=stdin, text=True, capture_output=True, timeout=60)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def statuses(lines):
    return [line["status"] for line in lines if line["type"] == "status"]


def changes(lines):
    return [(line["type"], line["key"]) for line in lines if line["type"] in ("put", "delete")]


class VectorsTest(unittest.TestCase):
    def test_vectors(self):
        done = subprocess.run([sys.executable, CLIENT, "vectors", VECTORS], text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(", 0 failed", done.stdout)


class ScriptedServer:
    """Plays one script (ServerMessages, or raw bytes) per connection and keeps the client's messages."""

    def __init__(self, *scripts):
        self.scripts, self.heard = list(scripts), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        for script in self.scripts:
            connection, _ = self.listener.accept()
            heard = []
            self.heard.append(heard)
            frames = rc.FrameReader()
            hold = "hold" in script
            while not heard:
                heard += [rc.decode("ClientMessage", body) for body in frames.feed(connection.recv(65536))]
            out = rc.PREFACE + b"".join(part if isinstance(part, bytes) else rc.frame(rc.encode("ServerMessage", part))
                                        for part in script if part != "hold")
            connection.sendall(out)
            if not hold:
                connection.shutdown(socket.SHUT_WR)
            connection.settimeout(5)
            try:
                while data := connection.recv(65536):
                    heard += [rc.decode("ClientMessage", body) for body in frames.feed(data)]
            except OSError:
                pass
            connection.close()
        self.listener.close()


LOG_ID, FP = bytes(range(16)), b"\5" * 32


def position(seq):
    return {"log_id": LOG_ID, "epoch_number": 1, "epoch_leader": 9, "seq": seq, "chain": rc.sha256(b"%d" % seq)}


def hello(seq):
    return {"hello": {"version": 1, "role": 1, "head": position(seq), "capabilities": 1}}


def item(seq, name, node="n", prev=0):
    return rc.encode("Item", {"seq": seq, "prev_seq": prev, "kind": 1, "namespace": "a", "name": name, "uid": b"\1" * 16,
                              "creation_time": 5, "endpoint": {"node": node}})


def resync(how, seq):
    return {"resync": {"how": how, "start": position(seq), "fingerprint": FP}}


def mark(seq, items=None, in_sync=True):
    out = {"position": position(seq), "sync": int(in_sync)}
    if items is not None:
        digest = rc.Digest()
        for each in items:
            digest.add(rc.sha256(each))
        out |= {"digest": digest.bytes(), "count": len(items)}
    return out


def puts(*items):
    return {"changes": {"changes": [{"item": each} for each in items]}}


class ScriptedTest(unittest.TestCase):
    def watch(self, *scripts, arguments=("--until-in-sync",)):
        server = ScriptedServer(*scripts)
        code, lines, error = client("watch", "--server", server.address, "--timeout", "10", *arguments)
        return code, lines, server.heard, error

    def test_patch(self):                                                       # R41
        x, y = item(3, "x", "old"), item(4, "y")
        new = item(5, "x", "newer", prev=3)
        patch = {"seq": 5, "namespace": "a", "name": "x", "prev_seq": 3,
                 "spans": [{"at": 1, "remove": 4, "insert": b"\5newer"}]}
        code, lines, _, error = self.watch([
            hello(4), resync(3, 4), puts(x, y), {"mark": mark(4, [x, y], False)},
            {"changes": {"changes": [{"patch": patch}], "mark": mark(5, [new, y])}}, "hold"])
        self.assertEqual(code, 0, error)
        self.assertEqual(changes(lines), [("put", "a/x"), ("put", "a/y"), ("put", "a/x")])

    def test_patch_that_does_not_fit(self):                                     # R41: refusal, and again without token
        x = item(3, "x")
        patch = {"seq": 5, "namespace": "a", "name": "x", "prev_seq": 2}
        code, lines, heard, error = self.watch(
            [hello(4), resync(3, 4), puts(x), {"mark": mark(4, [x], False)}, {"changes": {"changes": [{"patch": patch}]}}, "hold"],
            [hello(4), resync(3, 4), puts(x), {"mark": mark(4, [x])}, "hold"])
        self.assertEqual(code, 0, error)
        self.assertIn("patch-base-mismatch", [m["refusal"]["code"] for m in heard[0] if "refusal" in m])
        self.assertNotIn("resume", heard[1][0]["hello"])
        self.assertEqual(changes(lines), [("put", "a/x")])

    def test_cut_snapshot_goes_on(self):                                        # R32, R40
        x, y, z, x2 = item(3, "x"), item(4, "y"), item(2, "z"), item(5, "x", "m", 3)
        gone = {"changes": {"changes": [{"removal": {"seq": 6, "namespace": "a", "name": "y"}}, {"item": x2}]}}
        code, lines, heard, error = self.watch(
            [hello(4), resync(3, 4), puts(x, y), rc.frame(rc.encode("ServerMessage", puts(z)))[:-3]],
            [hello(6)],                                                         # ends before its resync: all is kept
            [hello(6), resync(3, 4), puts(z), gone, {"mark": mark(6, [x2, z])}, "hold"])
        self.assertEqual(code, 0, error)
        for said in (heard[1][0]["hello"], heard[2][0]["hello"]):
            self.assertEqual(said["cursor"], {"start": position(4), "fingerprint": FP, "last_namespace": "a", "last_name": "y",
                                              "highest_seq": 4})
        self.assertEqual(sorted(changes(lines)), [("put", "a/x"), ("put", "a/z")])

    def test_cut_snapshot_goes_on_below_what_is_staged(self):     # R38, R40: never shown, never asked for again
        x = item(9, "x")
        code, lines, heard, error = self.watch(
            [hello(8), resync(3, 4), puts(x)],
            [hello(6), resync(3, 4), {"mark": mark(6, [])}, "hold"],
            [hello(6), resync(3, 6), {"mark": mark(6, [])}, "hold"])
        self.assertEqual(code, 0, error)
        self.assertEqual(heard[1][0]["hello"]["cursor"]["highest_seq"], 9)
        self.assertIn("message-unexpected", [m["goodbye"]["code"] for m in heard[1] if "goodbye" in m])
        self.assertNotIn("cursor", heard[2][0]["hello"])
        self.assertEqual(changes(lines), [])

    def test_broken_rules(self):
        x = item(3, "x")
        good = [hello(4), resync(3, 4), puts(x), {"mark": mark(4, [x])}, "hold"]
        for name, script, code in (
                ("mark before resync", [hello(4), {"mark": mark(4, [])}, "hold"], "message-unexpected"),
                ("no digest", [hello(4), resync(3, 4), {"mark": mark(4)}, "hold"], "message-unexpected"),
                ("below the start", [hello(4), resync(3, 4), {"mark": mark(3, [])}, "hold"], "message-unexpected"),
                ("seq above the mark", [hello(4), resync(3, 4), puts(item(5, "x")), {"mark": mark(4, [])}, "hold"], "message-unexpected"),
                ("deltas without token", [hello(4), resync(1, 4), "hold"], "message-unexpected"),
                ("answers", [hello(4), {"answers": {}}, "hold"], "message-unexpected"),
                ("bad frame", [hello(4), struct.pack(">I", 0), "hold"], "frame-malformed"),
                ("bad body", [hello(4), rc.frame(b"\x2a\x00"), "hold"], "message-malformed")):
            with self.subTest(name):
                ended, lines, heard, error = self.watch(script, good)
                self.assertEqual(ended, 0, error)
                self.assertEqual([m["goodbye"]["code"] for m in heard[0] if "goodbye" in m], [code])
                self.assertEqual(changes(lines), [("put", "a/x")])

    def test_wrong_digest(self):                                                # R42
        x = item(3, "x")
        code, lines, heard, error = self.watch([hello(4), resync(3, 4), puts(x), {"mark": mark(4, [])}, "hold"],
                                               [hello(4), resync(3, 4), puts(x), {"mark": mark(4, [x])}, "hold"])
        self.assertEqual(code, 0, error)
        self.assertIn("digest-differs", statuses(lines))
        self.assertEqual([m["refusal"] for m in heard[0] if "refusal" in m][0]["code"], "digest-mismatch")
        self.assertNotIn("resume", heard[1][0]["hello"])

    def test_final_goodbye(self):                                               # R55
        code, _, _, error = self.watch([{"goodbye": {"code": "not-allowed", "message": "no"}}])
        self.assertEqual(code, 2)
        self.assertIn("not-allowed", error)


def wishes(count, tag):
    return "".join(json.dumps({"operation": "apply", "namespace": "shop", "name": f"node{i % 5}-k8s-web--{i}-eth0",
                               "requestID": f"{tag}-{i}", "endpoint": {
                                   "labels": {"app": "web", "tag": tag}, "orchestrator": "k8s", "node": f"node{i % 5}",
                                   "pod": f"web-{i}", "endpoint": "eth0", "ip_networks": [f"10.0.{i // 256}.{i % 256}/32"],
                                   "interface_name": f"cali{i}"}}) + "\n" for i in range(count))


@unittest.skipUnless(NODE, "CATTAIL_NODE names no server binary")
class RealServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.nodes = []
        cls.servers = []
        cls.addClassCleanup(cls.stop)
        cls.start("leader")
        cls.start("follower", "--upstream", cls.servers[0])
        cls.apply(4000, "one")

    @classmethod
    def start(cls, role, *more):
        """On a free port: the node's ready line says which."""
        data = os.path.join(cls.directory.name, role)
        node = subprocess.Popen([NODE, role, "--data", data, "--listen", "127.0.0.1:0", *more],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.nodes.append(node)
        words = node.stdout.readline().split()
        if words[:1] != ["ready"]:
            raise RuntimeError(f"{role} is not ready")
        cls.servers.append(dict(word.split("=", 1) for word in words[1:])["listen"])

    @classmethod
    def stop(cls):
        for node in cls.nodes:
            node.terminate()
        for node in cls.nodes:
            node.wait(20)
            node.stdout.close()
        cls.directory.cleanup()

    def ask(self, address, hello):
        """A connection with this hello."""
        connection = rc.Connection(address, hello, time.monotonic() + 20)
        self.addCleanup(connection.close)
        return connection

    def first(self, connection):
        """The next message of a connection."""
        got = connection.next(time.monotonic() + 20)
        self.assertIsNotNone(got, "the server says nothing")
        return got

    def goodbye(self, sent, address=None):
        """What the server says to these bytes before it closes."""
        host, port = rc.parse_address(address or self.servers[0])
        frames, heard = rc.FrameReader(), []
        with socket.create_connection((host, port), 20) as connection:
            connection.sendall(sent)
            while data := connection.recv(65536):
                heard += [rc.decode("ServerMessage", body) for body in frames.feed(data)]
        return [message["goodbye"] for message in heard if "goodbye" in message]

    @classmethod
    def apply(cls, count, tag):
        done = subprocess.run([sys.executable, CLIENT, "apply", "--server", cls.servers[0], "--actor", "test", "--timeout", "30"],
                              input=wishes(count, tag), text=True, capture_output=True)
        assert done.returncode == 0, done.stdout[-500:] + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def watch(self, *arguments):
        code, lines, error = client("watch", "--server", ",".join(self.servers), "--timeout", "40", "--until-in-sync", *arguments)
        self.assertEqual(code, 0, error)
        return lines

    def last_mark(self, lines):
        return [line for line in lines if line["type"] == "mark"][-1]

    def test_1_cut_in_mid_chunk(self):
        whole = self.watch()
        cut = self.watch("--cut-after-bytes", "60000,60000,60000")
        self.assertGreaterEqual(statuses(cut).count("disconnected"), 1)
        self.assertTrue(any(line.get("kept") for line in cut if line.get("status") == "resync"))
        self.assertEqual(sorted(changes(cut)), sorted(changes(whole)))
        self.assertEqual(self.last_mark(cut)["digest"], self.last_mark(whole)["digest"])

    def test_2_cut_in_mid_delta_with_state_file(self):
        state = os.path.join(self.directory.name, "state.json")
        self.watch("--state", state)
        answers = self.apply(300, "two")
        cut = self.watch("--state", state, "--cut-after-bytes", "400,800,1200", "--until-seq", str(answers[-1]["seq"]))
        self.assertEqual(statuses(cut).count("disconnected"), 3)
        self.assertEqual({line["how"] for line in cut if line.get("status") == "resync"} - {"deltas", "net-change"}, set())
        self.assertEqual(len(changes(cut)), 300)
        self.assertEqual(self.last_mark(cut)["digest"], self.last_mark(self.watch())["digest"])

    def test_3_damage(self):
        process = subprocess.Popen([sys.executable, CLIENT, "watch", "--server", self.servers[0], "--timeout", "30",
                                    "--damage-after-seq", "1", "--until-seq", "4310"], stdout=subprocess.PIPE, text=True)
        lines = []
        for text in process.stdout:
            lines.append(json.loads(text))
            if lines[-1].get("status") == "damaged":
                self.apply(20, "three")
        process.stdout.close()
        self.assertEqual(process.wait(), 0)
        self.assertIn("digest-differs", statuses(lines))
        self.assertEqual(self.last_mark(lines)["digest"], self.last_mark(self.watch())["digest"])

    def test_5_goodbyes_before_the_hello(self):                                 # R10, R24
        for name, sent, code in (
                ("no frame", struct.pack(">I", 0), "frame-malformed"),
                ("too long", struct.pack(">I", 16_385), "frame-malformed"),
                ("codec 2", struct.pack(">IB", 2, 2) + b"x", "frame-malformed"),
                ("role 9", rc.frame(b"\x0a\x04\x10\x01\x18\x09"), "message-malformed"),
                ("no body", rc.frame(b""), "message-unexpected"),
                ("a ping", rc.frame(rc.encode("ClientMessage", {"ping": {"number": 1}})), "message-unexpected")):
            with self.subTest(name):
                self.assertEqual([said["code"] for said in self.goodbye(rc.PREFACE + sent)], [code])

    def test_6_hello_and_verify(self):                                          # R22, R27
        connection = self.ask(self.servers[0], rc.base_hello(1, "test"))
        head = connection.hello["head"]
        self.assertEqual(connection.hello["forks"], [{
            "epoch_number": 1, "epoch_leader": head["epoch_leader"], "first_seq": 1}])
        connection.send("query", {"ticket": 7, "verify": {"from": 1}})
        parts = []
        while not parts or "end" not in parts[-1]:
            kind, part = self.first(connection)
            self.assertEqual(kind, "query_answer")
            parts.append(part)
        proved = parts[-2]["verify"]
        self.assertNotIn("first_bad", proved)
        self.assertEqual(proved["head"]["epoch_leader"], head["epoch_leader"])
        self.assertEqual(proved["head"]["epoch_number"], 1)

    def test_7_a_cut_snapshot_that_has_seen_more_than_the_node(self):           # R40
        hello = rc.base_hello(2, "test") | {"capabilities": 0}
        fresh = self.ask(self.servers[0], hello)
        kind, resync = self.first(fresh)
        self.assertEqual(kind, "resync")
        head = fresh.hello["head"]
        cursor = {"start": resync["start"], "fingerprint": resync["fingerprint"], "last_namespace": "a", "last_name": "a",
                  "highest_seq": head["seq"]}
        kind, goes_on = self.first(self.ask(self.servers[0], hello | {"cursor": cursor}))
        self.assertEqual((kind, goes_on["how"], goes_on["start"]), ("resync", 3, resync["start"]))
        ahead = hello | {"cursor": cursor | {"highest_seq": head["seq"] + 1_000_000}}
        kind, anew = self.first(self.ask(self.servers[0], ahead))               # a leader is never behind
        self.assertEqual((kind, anew["how"], anew["reason"]), ("resync", 3, 1))
        kind, _ = self.first(self.ask(self.servers[1], ahead))
        self.assertEqual(kind, "behind")
        # With a token the snapshot that cannot go on is no loss: the token counts.
        token = {"position": head, "fingerprint": resync["fingerprint"]}
        kind, deltas = self.first(self.ask(self.servers[0], ahead | {"resume": token}))
        self.assertEqual((kind, deltas["how"], deltas["start"]), ("resync", 1, head))

    def test_4_log(self):
        code, lines, error = client("log", "--server", self.servers[1], "--until-in-sync", "--timeout", "30")
        self.assertEqual(code, 0, error)
        self.assertEqual([line["seq"] for line in lines], list(range(1, len(lines) + 1)))


if __name__ == "__main__":
    unittest.main()
