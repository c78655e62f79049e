"""The tables of docs/performance.md, each made from the last line of Benchmarks/results/bench.jsonl
that has all of its rows."""

from campaigns.rows import TABLES

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def markdown(line):
    host, results = line["host"], line["results"]
    runs = "one run" if line["runs"] == 1 else f"medians of {line['runs']} runs"
    about = (f"{line['date'][:10]}, commit {line['commit']}, {host['cores']} cores, Linux"
             f" {host['kernel']}, load {host['load']} at the end; {runs}, in"
             f" {line['seconds'] / 60:.0f} minutes.")
    parts = [about]
    older = [row for name, result in results.items() if name in ROWS
             for row in (ROWS[name](result) if "failed" not in result
                         else [[name, result["failed"], "", "", "missed"]])]
    if older:
        parts.append(table(["what", "ours", "beside it", "wanted", ""], older))
    fan_out = [fan_out_row(name, result) for name, result in results.items() if name not in ROWS]
    if fan_out:
        parts.append(table(["#", "what", "estimate", "goal", "measured", "limit or peer", "ratio",
                            ""], fan_out))
    return "\n\n".join(parts)


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def fan_out_row(name, result):
    number = name.removeprefix("fan")
    if "failed" in result:
        return [number, "no figure: " + " ".join(result["failed"].split())[:200], "", "", "", "", "",
                "missed"]
    return [number, *(result[part] for part in (
        "what", "estimate", "goal", "measured", "limit", "ratio")), mark(result["met"])]


def write_page(path, lines):
    text = "\n\n".join(newest(lines, rows) for rows in TABLES.values())
    with open(path, encoding="utf-8") as file:
        page = file.read()
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


def newest(lines, rows):
    for line in reversed(lines):
        if set(rows) <= set(line["results"]):
            return markdown({**line, "results": {name: line["results"][name] for name in rows}})
    return "Not measured yet: " + ", ".join(rows) + "."


def mark(met):
    return "met" if met else "missed"


def number(value):
    return f"{value:,.0f}"


def writers_rows(result):
    ours, latency = result["ours"], result["ours"]["latencyMs"]
    etcd = result["etcd"]
    yield [
        "64 writers, 4 connections, durable",
        f"{number(ours['perSecond'])}/s, p50 {latency['p50']:.1f} ms, p99 {latency['p99']:.1f} ms",
        f"etcd {etcd['64']['version']}: {number(etcd['64']['putsPerSecond'])}/s on 64 connections, "
        f"{number(etcd['4']['putsPerSecond'])}/s on 4",
        f"{result['goal']:g} × etcd on 64: {result['ratio']:g}", mark(result["met"])]
    millions = result["count"] / 1e6
    yield ["the same, server's CPU s per million", f"{ours['serverCPUSeconds'] / millions:.0f}",
           f"etcd: {etcd['64']['serverCPUSeconds'] / millions:.0f}", "", ""]


def single_rows(result):
    ours, limit = result["ours"]["latencyMs"], result["limit"]["commitMs"]
    yield ["one writer, durable: call to answer",
           f"p50 {ours['p50']:.2f} ms, p99 {ours['p99']:.2f} ms",
           f"C's single commit: p50 {limit['p50']:.2f} ms, p99 {limit['p99']:.2f} ms",
           f"{result['goal']:g} × C: {result['ratio']:g}", mark(result["met"])]


def bulk_rows(result):
    ours = result["ours"]
    yield [
        f"{number(result['count'])} endpoints in memory, by the library",
        f"{number(ours['perSecond'])}/s in batches of {number(ours['meanBatch'])}",
        f"C appends: {number(result['limit']['rowsPerSecond'])}/s; with a checkpoint each 1,000 "
        f"pages {number(result['limitWithCheckpoints']['rowsPerSecond'])}/s",
        f"{result['goal']:g} of C: {result['ratio']:g} ({result['ratioWithCheckpoints']:g})",
        mark(result["met"])]


def apply_rows(result):
    for form in ("json", "yaml"):
        line = result[form]
        yield [
            f"`apply -f -`, {number(result['count'])} documents, {form.upper()}",
            f"{line['seconds']:g} s, {line['residentMiB']} MiB",
            f"a tenth of them: {line['tenthResidentMiB']} MiB",
            f"{line['goalSeconds']:g} s, memory flat", mark(line["met"])]


def views_rows(result):
    fold, rebuild = result["fold"]["perSecond"], result["rebuild"]["perSecond"]
    events = f"{number(result['count'])} events"
    yield [f"fold of {events} in memory", f"{number(fold)}/s", "",
           f"{number(result['goalFold'])}/s", mark(fold >= result["goalFold"])]
    yield [f"`views.sqlite` made anew, {events}", f"{number(rebuild)}/s", "",
           f"{number(result['goalRebuild'])}/s", mark(rebuild >= result["goalRebuild"])]


ROWS = {"writers": writers_rows, "single": single_rows, "bulk": bulk_rows, "apply": apply_rows,
        "views": views_rows}
