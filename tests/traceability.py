#!/usr/bin/python3
"""Which test shows which numbered behaviour. Lists: tests/traceability/*.txt; tables: docs/conformance.md. And which shows which limit: docs/limits.md.

usage: traceability.py           checks that every behaviour and limit has a test and that the tables are up to date; a suite of ./dev test
       traceability.py --write   writes the tables anew
Ends with `N passed, N failed, N skipped`; skipped are behaviours that need no test, with the reason in the table."""
import json
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent
document = root.parent / "docs/conformance.md"
limits = root.parent / "docs/limits.md"
lists = {"server": "Server behaviours", "client": "Client behaviours"}

# `A1.38`, `A6 97, 99`, `A12, 178 to 188 and 190`; `B26`, `B 26`, `Part B 5`, `behaviour B28`; `CH-12`, `CH_12_Name`.
section_tag = re.compile(r"\bA(\d{1,2})(?:\.|, | )(\d{1,3}(?:(?:, | to | and )\d{1,3}(?![.\d]))*)\b")
# `vector B1` is one of the specification's binary frames; B of the client's tests are lines of its semantics.
live_tag = re.compile(r"(?<!vector )\b(?:Part )?B ?(\d{1,2})\b")
client_tag = re.compile(r"(?:\b|_)(CH|SO|LP|PR|SE|HT|X)[-_](\d\d)(?!\d)")
test_line = re.compile(r"^\s*(?:TEST|TEST_F|TEST_P)\((\w+), (\w+)\)|^\s*test\((['\"`])(.+?)\3")


def ids_in(text, of_client):
    """The ids that a piece of a test names."""
    found = set()
    for section, numbers in section_tag.findall(text):
        for part in re.split(r", | and ", numbers):
            ends = [int(n) for n in part.split(" to ")]
            found.update(f"A{section}.{n}" for n in range(ends[0], ends[-1] + 1))
    if not of_client:
        found.update(f"B{n}" for n in live_tag.findall(text))
    found.update(f"{kind}-{n}" for kind, n in client_tag.findall(text))
    return found


def scan(path):
    """Tests of a file, and for each id the tests that name it: in their name, their body, or the comment right above them."""
    tests, by_id, comments, current = [], {}, "", None
    of_client = path.parent.name in ("client", "core_client")
    for line in path.read_text().splitlines():
        start = test_line.match(line)
        if start:
            current = f"{start[1]}.{start[2]}" if start[1] else f"{path.name}: {start[4]}"
            tests.append(current)
            named, comments = comments + line, ""
        elif line.startswith("//"):
            comments += line + "\n"
            continue
        else:
            named, comments = line.partition("//")[2], ""
        for behaviour in ids_in(named, of_client):
            if current and current not in by_id.setdefault(behaviour, []):
                by_id[behaviour].append(current)
    return tests, by_id


def read_tests():
    tests, by_id, files = set(), {}, {}
    for path in sorted([*root.glob("unit/**/*_test.cpp"), *root.glob("conformance/*_test.cpp"), *root.glob("interop/*.test.mjs")]):
        found, named = scan(path)
        tests.update(found)
        files[path.name] = named
        for behaviour, names in named.items():
            by_id.setdefault(behaviour, []).extend(names)
    return tests, by_id, files


def read_golden():
    """Cases of the files that the conformance suites play."""
    played = re.findall(r"(?m)^  PHX_GOLDEN_FILE\(suite, (\w+)\)", (root / "conformance/golden_cases.hpp").read_text())
    return {f"{name}/{case['name']}" for name in played for case in json.loads((root / f"golden/{name}.json").read_text())["cases"]}


def read_list(name):
    rows = []
    for line in (root / f"traceability/{name}.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            behaviour, title, *evidence = [part.strip() for part in line.split(" | ")]
            rows.append((behaviour, title, evidence[0] if evidence else ""))
    return rows


def judge(behaviour, evidence, known):
    """What shows it, or why nothing has to, or what is wrong."""
    tests, by_id, files, golden = known
    shown, wrong = list(by_id.get(behaviour, [])), []
    if evidence.startswith("- "):
        return shown, "" if shown else evidence[2:], []
    for one in filter(None, (e.strip() for e in evidence.split(";"))):
        kind, _, name = one.partition(" ")
        if kind == "golden" and name in golden:
            shown.append(f"golden {name}")
        elif kind == "js" and name in files:
            shown.append(name)
        elif one in tests:
            shown.append(one)
        else:
            wrong.append(f"{behaviour}: there is no {one}")
    if not shown:
        wrong.append(f"{behaviour}: no test names it")
    return list(dict.fromkeys(shown)), "", wrong


def table(title, rows):
    lines = [f"### {title}", "", "| Id | Behaviour | Shown by |", "|---|---|---|"]
    for behaviour, what, shown, reason in rows:
        cell = f"*none*: {reason}" if reason else "<br>".join(name.replace("|", "\\|") for name in shown)
        lines.append(f"| {behaviour} | {what} | {cell} |")
    return "\n".join(lines)


def check_limits(known):
    """Every row of docs/limits.md names a test that exists. `.Name` is of the suite before it."""
    tests, _, _, golden = known
    passed, wrong, header = 0, [], True
    for number, line in enumerate(limits.read_text().splitlines(), 1):
        if not line.startswith("|"):
            header = True
        elif header:
            header = not line.startswith("|---")
        else:
            suite, shown, missing = "", [], []
            for kind, name in re.findall(r"(golden )?`([^`]+)`", line.rstrip(" |").rpartition(" | ")[2]):
                name = suite + name if name.startswith(".") else name
                suite = suite if kind else name.partition(".")[0]
                (shown if name in (golden if kind else tests) else missing).append(name)
            wrong += [f"docs/limits.md:{number}: there is no {name}" for name in missing] or ([] if shown else [f"docs/limits.md:{number}: names no test"])
            passed += bool(shown and not missing)
    return passed, wrong


def main():
    known = (*read_tests(), read_golden())
    skipped, tables = 0, []
    passed, problems = check_limits(known)
    for name, title in lists.items():
        rows = []
        for behaviour, what, evidence in read_list(name):
            shown, reason, wrong = judge(behaviour, evidence, known)
            problems += wrong
            passed, skipped = passed + bool(shown and not wrong), skipped + bool(reason)
            rows.append((behaviour, what, shown, reason))
        tables.append(table(title, rows))
    begin, end = "<!-- made by tests/traceability.py -->", "<!-- end -->"
    made = begin + "\n" + "\n\n".join(tables) + "\n" + end
    old = document.read_text()
    new = old[: old.index(begin)] + made + old[old.index(end) + len(end) :]
    if "--write" in sys.argv[1:]:
        document.write_text(new)
    elif new != old:
        problems.append("docs/conformance.md is not up to date: tests/traceability.py --write")
    for problem in problems:
        print(f"not ok: {problem}")
    print(f"{passed} passed, {len(problems)} failed, {skipped} skipped")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
