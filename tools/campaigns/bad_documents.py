"""Bad documents and arguments, through the command line as users would give them."""

import copy
import json
import random

from campaigns.bad_case import BadInput, Case, ending
from campaigns.documents import sample


class BadDocuments(BadInput):
    name = "bad documents"

    def run(self, target, _):
        noise = random.Random(self.context.options.seed)
        for name, wanted, text in self.texts(noise):
            result = self.fleet.run("apply", "-f", "-", server=target.address, input=text)
            yield refusal(name, wanted, result)
        path = self.fleet.path("binary.yaml")
        with open(path, "wb") as file:
            file.write(noise.randbytes(1 << 16))
        yield refusal("binary, in a file", ("not-text", "invalid-utf8", "syntax"), self.fleet.run(
            "apply", "-f", path, server=target.address))
        for command in ("apply", "create", "replace", "delete"):
            result = self.fleet.run(
                command, "-f", "-", "-n", "elsewhere", server=target.address,
                input=json.dumps(sample()))
            yield refusal(f"a wrong namespace, {command}", ("namespace-mismatch",), result)

    def texts(self, noise):
        large = sample()
        large["metadata"]["annotations"] = {"note": "x" * (1 << 20)}
        text = json.dumps(sample())
        other = text.replace('"pod"', '"pod": "another", "pod"', 1)
        yield "over 1 MiB, JSON", ("too-large",), json.dumps(large)
        yield "over 1 MiB, YAML", ("too-large",), yaml(large)
        yield "over 1 MiB, never ending", ("too-large", "truncated"), "{" + '"a": 1,' * 400_000
        yield "binary", ("not-text", "invalid-utf8", "syntax"), noise.randbytes(1 << 16)
        yield "binary of 2 MiB", ("not-text", "invalid-utf8", "syntax"), noise.randbytes(2 << 20)
        yield "zero bytes", ("not-text", "syntax"), bytes(4096)
        yield "duplicate key, JSON", ("duplicate-key",), other
        yield "duplicate key, YAML", ("duplicate-key",), yaml(sample()) + "spec:\n  node: other\n"
        yield "cut off", ("truncated", "syntax"), text[:len(text) // 2]
        yield "no UTF-8", ("invalid-utf8", "not-text"), text.encode().replace(b"web", b"w\xffb")
        yield "deep, JSON", ("too-deep",), "[" * 100_000
        yield "deep, YAML", ("too-deep",), "- " * 100_000
        yield "an alias bomb", ("alias-expansion", "unsupported", "too-large"), alias_bomb()
        yield "of another kind", ("invalid",), text.replace("WorkloadEndpoint", "Node", 1)
        yield "no document", ("no-documents",), ""


class BadSelectors(BadInput):
    """Of commands that ask the server."""

    name = "selectors that do not parse"

    def run(self, target, _):
        for text in ('a ==', 'a == "b" &&', "(((", "has()", '"' * 3, "a in {", "(" * 5000):
            for command in (("watch", "-A", "-o", "json", "--until-in-sync"), ("get", "wep", "-A")):
                result = self.fleet.run(
                    *command, "--selector", text, server=target.address, seconds=30)
                yield refusal(f"{command[0]} {text[:12]}", ("selector-invalid",), result)


def refusal(name, codes, result):
    """A command that must end with 1 and say one of these codes first."""
    said = result.codes()
    if result.code != 1:
        return Case(name, "ended with 1", ending(result.code) + " " + result.errors[:200])
    return Case(name, codes, said[0] if said else result.errors[:200])


def yaml(document):
    """JSON inside of YAML, which is YAML."""
    copied = copy.deepcopy(document)
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in copied.items())


def alias_bomb():
    levels = ["a0: &a0 [" + ", ".join(["lol"] * 10) + "]"]
    for level in range(1, 9):
        levels.append(f"a{level}: &a{level} [" + ", ".join([f"*a{level - 1}"] * 10) + "]")
    return "\n".join(levels) + "\n"


CLASSES = [BadDocuments, BadSelectors]
