#!/usr/bin/env python3
"""symbols.py LIBRARY: the C interface shows what sdk/client/capi/symbols.txt lists and phxkit_c.h declares, and nothing else."""
import pathlib
import re
import subprocess
import sys

capi = pathlib.Path(__file__).resolve().parents[2] / "sdk/client/capi"
listed = set((capi / "symbols.txt").read_text().split())
declared = set(re.findall(r"^PHX_API .*?(phx_\w+)\(", (capi / "include/phxkit_c.h").read_text(), re.M))
nm = subprocess.run(["nm", "-D", "--defined-only", sys.argv[1]], check=True, capture_output=True, text=True).stdout
shown = {line.split()[2].split("@")[0] for line in nm.splitlines()}
failed = 0
for name, found in (("the library shows", shown), ("the header declares", declared)):
    for what, difference in (("only " + name, found - listed), ("all but what " + name, listed - found)):
        if difference:
            failed += 1
            print(f"not ok: {what}: {' '.join(sorted(difference))}")
print(f"{4 - failed} passed, {failed} failed, 0 skipped")
sys.exit(failed != 0)
