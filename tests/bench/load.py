#!/usr/bin/env python3
"""`./dev bench load`: phx-load beside swarm.c, the bare C client: the same work on the same server, in turns, medians of ROUNDS (3).
Server on core 0 with one worker, client on core 1. Then 60 000 users by processes against four servers. `tls` (`./dev bench tls`): what an idle TLS
connection costs the server.   usage: load.py BIN_DIR SWARM [big|small|tls]"""
import json, os, statistics, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor
from server import Server, core

bin_dir, swarm, part = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), (sys.argv[3:] or ["all"])[0]
rounds = int(os.environ.get("ROUNDS", "3"))
folder = tempfile.TemporaryDirectory()


def phx_load(*args, pin=True):
    out = f"{folder.name}/result.json"
    command = [f"{bin_dir}/phx-load", "run", *args, "--out", out, "--quiet", "--json", "--max-lag", "60"]
    done = subprocess.run(core(1, *command) if pin else command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode not in (0, 6):  # a closed loop uses its core: that is what is measured here
        sys.exit(f"phx-load ended with {done.returncode}: {done.stderr}")
    return json.load(open(out))


def bare(server, *args):
    done = subprocess.run(core(1, swarm, "--port", str(server.port), "--pid", str(server.pid), *args), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def steady_ns(result, counter, first, last):
    """CPU per unit in the seconds first .. last - 1, where nothing else happens."""
    rows = [s for s in result["series"] if first <= s["t"] < last]
    return sum(s["cpu"] for s in rows) * 1e9 / sum(s["counters"].get(counter, 0) for s in rows)


def compare(name, unit, ours, theirs, budget):
    pairs = []
    for _ in range(rounds):
        with Server(bin_dir) as server:
            b = theirs(server)
        with Server(bin_dir) as server:
            a = ours(server, f"ws://{server.address}/socket")
        pairs.append((a, b))
    a, b = (statistics.median(column) for column in zip(*pairs))
    print(f"{name:<44} {a:>10.0f} {b:>10.0f} {unit:<6} {a / b:>6.2f}x {budget}", flush=True)


def small():
    print(f"{'client: phx-load beside the bare C client':<44} {'phx-load':>10} {'bare C':>10} {'':<6} {'ratio':>7} budget")
    compare("delivery, 1000 members, one at a time", "ns",
            lambda s, url: steady_ns(phx_load("broadcast", "--url", url, "--users", "1000", "--rate", "20", "--ramp", "1", "--duration", "7"), "deliveries", 2, 7),
            lambda s: bare(s, "--mode", "fanout", "--conns", "1000", "--messages", "100", "--rate", "20")["client_ns_per_unit"], "1.3x")
    compare("reply, 100 users, one under way each", "ns",
            lambda s, url: steady_ns(phx_load("echo", "--url", url, "--users", "100", "--inflight", "1", "--ramp", "1", "--duration", "5", "--threads", "1"), "replies", 2, 5),
            lambda s: bare(s, "--mode", "echo", "--conns", "100", "--duration", "3")["client_ns_per_unit"], "1.3x")

    def join(s, url):
        j = phx_load("join", "--url", url, "--users", "10000", "--ramp", "0", "--duration", "4", "--timeout", "60", "--drain", "60", "--threads", "1")
        assert j["users"]["joined"] == 10000, j["users"]
        return sum(row["cpu"] for row in j["series"]) * 1e9 / 10000  # without the closing, which the other does not count either
    def bare_join(s):
        return bare(s, "--mode", "join", "--conns", "10000")["connect_client_cpu_s"] * 1e9 / 10000
    compare("connect, upgrade and join", "ns", join, bare_join, "1.3x")

    def idle(s, url):
        few, many = (phx_load("idle", "--url", url, "--users", str(n), "--ramp", str(n / 2000), "--duration", "1", "--timeout", "60", "--drain", "60", "--threads", "1") for n in (1000, 19000))
        assert many["users"]["joined"] == 19000, many["users"]
        return (many["generator"]["resident_bytes"] - few["generator"]["resident_bytes"]) / 18000
    compare("resident per idle user, slope 1000 to 19 000", "bytes", idle,
            lambda s: bare(s, "--mode", "idle", "--steps", "1000,19000", "--hold", "1", "--src-addrs", "4")["client_bytes_per_conn"], "1024 bytes")


def big():
    from contextlib import ExitStack
    with ExitStack() as stack:
        servers = [stack.enter_context(Server(bin_dir, host=f"127.0.0.{11 + n}", pin=False)) for n in range(4)]
        j = phx_load("idle", "--url", "ws://localhost:4000/socket", "--connect-to", ",".join(s.address for s in servers), "--users", "60000", "--ramp", "30",
                     "--duration", "5", "--timeout", "30", pin=False)
        server_cpu = sum(s.cpu() for s in servers)
    g, u = j["generator"], j["users"]
    print(f"60 000 users, {g['processes']} processes, 4 servers: {u['joined']} joined, {j['errors']['total']} errors; ramp 30 s, {max(s['counters'].get('joins', 0) for s in j['series'])} joins in the best second; "
          f"{g['resident_bytes'] / max(1, u['joined']):.0f} bytes resident per user, processes whole; {g['cpu_seconds'] * 1e6 / max(1, u['joined']):.0f} us of client CPU per user, "
          f"{server_cpu * 1e6 / max(1, u['joined']):.0f} us of server CPU; join p50 {j['join']['p50_us'] / 1000:.2f} ms, p99 {j['join']['p99_us'] / 1000:.1f} ms; lag p99 {g['lag_p99_us'] / 1000:.1f} ms")
    if u["joined"] != 60000:
        sys.exit("not all have joined")


def tls():
    ramp, hold, sizes = 30, 6, {}
    cert, key = f"{folder.name}/cert.pem", f"{folder.name}/key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], stderr=subprocess.DEVNULL, check=True)
    for users in (1000, 5000):
        with Server(bin_dir, "--tls-cert", cert, "--tls-key", key) as server, ThreadPoolExecutor() as pool:
            running = pool.submit(phx_load, "idle", "--url", f"wss://{server.address}/socket", "--ca-file", cert, "--users", str(users), "--ramp", str(ramp),
                                  "--duration", str(hold), "--timeout", "30")
            time.sleep(ramp + hold / 2)  # all have joined, nobody has gone
            sizes[users] = server.resident_kb()
            joined = running.result()["users"]["joined"]
            if joined != users:
                sys.exit(f"tls: {joined} of {users} have joined")
    print(f"memory per idle joined TLS connection, slope 1000 to 5000: {(sizes[5000] - sizes[1000]) / 4000:.1f} KB (server {sizes[1000]} and {sizes[5000]} KB)")


if part == "tls":
    tls()
if part in ("all", "small"):
    small()
if part in ("all", "big"):
    big()
