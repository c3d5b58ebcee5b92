#!/usr/bin/env python3
"""`./dev bench others`: phx-load beside Tsung and beside the npm client `phoenix` on Node: the same work for each, in turns, against one phx-server worker.

USERS users arrive evenly, 500 per second, and join one topic; one of them broadcasts once, all rest for some seconds, then he broadcasts at 10 000
deliveries per second for six seconds. In a run of its own with the first USERS each pushes once, all rest, then they push 4000 times per second together
for ten seconds. Server on core 0, client on core 1. What a client has got done is what the server's own counters say; its CPU and memory are those of
all its processes in /proc.       usage: others.py BIN_DIR [USERS...]        (default 1000 5000 19000)"""
import json, os, re, resource, shutil, signal, socket, statistics, subprocess, sys, tempfile, time, urllib.request
from server import Server, core

bin_dir, sizes = os.path.abspath(sys.argv[1]), [int(n) for n in sys.argv[2:]] or [1000, 5000, 19000]
here = os.path.dirname(os.path.abspath(__file__))
folder = tempfile.TemporaryDirectory()
topic, per_second, idle, patience = "room:others", 500, 5, 60


class Plan:
    """All join; each of `actors` acts once, all rest, then they act at `rate` together: `messages` in all, of which the server sends `units` on."""

    def __init__(self, users):
        self.users, self.ramp = users, users / per_second
        self.arrivals = round(self.ramp * 3 + 10)  # for Tsung, which begins 500 sessions per second, but has been seen to join 280

    def longest(self):
        return self.arrivals + idle + self.messages / self.rate + patience


class Broadcasts(Plan):
    unit, action, event, actors = "delivery", "publish", "new_msg", 1

    def __init__(self, users):
        super().__init__(users)
        self.rate = min(10.0, 10_000 / users)
        self.messages = max(2, round(6 * self.rate))
        self.units = users * self.messages


class Echoes(Plan):
    unit, action, event, rate = "reply", "push", "ping", 4000

    def __init__(self, users):
        super().__init__(users)
        self.actors = users
        self.messages = self.units = max(1, round(10 * self.rate / users)) * users


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Client:
    """A tool and all its processes: those of its session."""

    def __init__(self, command, **how):
        self.process = subprocess.Popen(core(1, *command), start_new_session=True, text=True, stderr=subprocess.DEVNULL, **how)

    def stats(self):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
            except OSError:  # it has just ended
                continue
            if int(fields[3]) == self.process.pid:
                yield int(pid), fields

    def cpu_and_memory(self):
        rows = [fields for _, fields in self.stats()]
        return (sum(int(f[i]) for f in rows for i in range(11, 15)) / os.sysconf("SC_CLK_TCK"), sum(int(f[21]) for f in rows) * os.sysconf("SC_PAGE_SIZE"))

    def end(self):
        for how in (signal.SIGTERM, signal.SIGKILL):
            for pid, _ in list(self.stats()):
                try:
                    os.kill(pid, how)
                except ProcessLookupError:
                    pass
            end = time.monotonic() + 10
            while self.process.poll() is None or any(self.stats()):
                if time.monotonic() > end:
                    break
                time.sleep(0.1)


class PhxLoad:
    name, times = "phx-load", "connect, join, reply, each delivery; planned and actual; lost, doubled, reordered"

    def start(self, server, plan):
        text = {"phxkit_load": 1, "name": "others", "timeout": "60s", "drain": "30s",
                "stages": [{"users": plan.users, "over": f"{plan.ramp}s"}, {"users": plan.users, "for": f"{idle}s", "rate_factor": plan.actors / (plan.rate * idle)},
                           {"users": plan.users, "for": f"{(plan.messages - 0.5) / plan.rate}s"}],
                "users": [{"name": "member", "topic": topic, plan.action: {"event": plan.event, "bytes": 128, "actors": plan.actors, "rate": plan.rate}}]}
        file, self.out = f"{folder.name}/plan.json", f"{folder.name}/result.json"
        json.dump(text, open(file, "w"))
        return Client([f"{bin_dir}/phx-load", "run", file, "--url", f"ws://{server.address}/socket", "--threads", "1", "--max-lag", "60", "--quiet", "--out", self.out], stdout=subprocess.DEVNULL)

    def finish(self, client, plan):
        if client.process.wait(patience) not in (0, 6):
            return f"exit {client.process.returncode}"
        j = json.load(open(self.out))
        d = j["deliveries"]
        if plan.unit == "reply":
            return f"join p99 {j['join']['p99_us'] / 1000:.1f} ms, reply p99 {j['reply']['p99_us'] / 1000:.1f} ms, {j['reply']['count']} replies"
        return f"join p99 {j['join']['p99_us'] / 1000:.1f} ms, delivery p99 {j['delivery']['p99_us'] / 1000:.1f} ms, {d['received']} of {d['expected']} deliveries"


class Npm:
    name, times = "npm phoenix", "join and reply by hand, deliveries by hand; nothing is counted by itself"

    def start(self, server, plan):
        what = {"users": plan.users, "per_second": per_second, "idle": idle, "messages": plan.messages, "rate": plan.rate, "topic": topic, "event": plan.event, "actors": plan.actors}
        return Client(["node", f"{here}/npm_swarm.mjs", str(server.port), json.dumps(what)], stdout=subprocess.PIPE)

    def finish(self, client, plan):
        line, _ = client.process.communicate(timeout=patience)
        if not line:
            return f"exit {client.process.returncode}"
        j = json.loads(line)
        text = lambda ms: "-" if ms is None else f"{ms:.1f} ms"
        return f"join p99 {text(j['join_p99_ms'])}, {plan.unit} p99 {text(j['p99_ms'])}, {j['received']} of {j['expected']}"


class Tsung:
    name, times = "Tsung", "connect, request to the first bytes of any answer; knows no refs, and no broadcasts"
    heartbeat = '[null,"h","phoenix","heartbeat",{}]'

    def __init__(self):
        """A port mapper of its own, on loopback: the usual one would listen everywhere and outlive us."""
        self.port = free_port()
        self.epmd = subprocess.Popen(["epmd", "-address", "127.0.0.1", "-port", str(self.port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def xml(self, server, plan):
        def message(text, ack):
            return f'<request><websocket type="message" frame="text" ack="{ack}">{text.replace("<", "&lt;")}</websocket></request>'
        enter = f'<request><websocket type="connect" path="/socket/websocket?vsn=2.0.0"/></request><transaction name="join">{message(json.dumps(["1", "1", topic, "phx_join", {}]), "parse")}</transaction>'
        body = json.dumps(["1", "2", topic, plan.event, {"body": "x" * 100}])
        push, echo = message(body, "no_ack"), f'<transaction name="echo">{message(body, "parse")}</transaction>'
        rest = f'<for var="i" from="1" to="20"><thinktime value="30"/>{message(self.heartbeat, "no_ack")}</for>'
        addresses = "".join(f'<ip value="127.0.0.{n + 1}"/>' for n in range(plan.users // 12_000 + 1))  # as phx-load does
        each = plan.messages // plan.actors  # when all have arrived, one every actors / rate seconds
        echoes = f'{echo}<thinktime value="{plan.ramp * 1.5 + idle}"/><for var="i" from="1" to="{each}">{echo}<thinktime value="{plan.actors / plan.rate}"/></for>'
        broadcasts = f'{push}<thinktime value="{idle}"/><for var="i" from="1" to="{each}">{push}<thinktime value="{1 / plan.rate}"/></for>'
        alone = plan.actors == 1
        publisher = f'<user session="publisher" start_time="{plan.arrivals + 1}" unit="second"/>' if alone else ""
        return f"""<?xml version="1.0"?><!DOCTYPE tsung SYSTEM "/usr/share/tsung/tsung-1.0.dtd">
<tsung loglevel="warning" version="1.0">
<clients><client host="localhost" use_controller_vm="true" maxusers="{plan.users + 100}">{addresses}</client></clients>
<servers><server host="127.0.0.1" port="{server.port}" type="tcp"/></servers>
<load duration="{round(plan.longest() + 60)}" unit="second">
<arrivalphase phase="1" duration="{plan.arrivals}" unit="second"><users maxnumber="{plan.users - alone}" arrivalrate="{per_second}" unit="second"/></arrivalphase>
{publisher}
</load>
<sessions>
<session name="member" probability="100" type="ts_websocket">{enter}{"" if alone else echoes}{rest}</session>
<session name="publisher" probability="0" type="ts_websocket">{enter}{broadcasts}{rest}</session>
</sessions></tsung>"""

    def start(self, server, plan):
        self.home = tempfile.mkdtemp(dir=folder.name)
        file = f"{self.home}/tsung.xml"
        open(file, "w").write(self.xml(server, plan))
        environment = {**os.environ, "HOME": self.home, "ERL_EPMD_PORT": str(self.port), "ERL_EPMD_ADDRESS": "127.0.0.1",
                       "ERL_ZFLAGS": "-kernel inet_dist_use_interface {127,0,0,1}"}
        return Client(["tsung", "-n", "-f", file, "-l", f"{self.home}/log", "start"], env=environment, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def finish(self, client, plan):
        client.end()
        text = "".join(open(os.path.join(at, "tsung.log")).read() for at, _, files in os.walk(self.home) if "tsung.log" in files)
        def mean(name):
            rows = [[float(x) for x in row.split()[:2]] for row in re.findall(rf"^stats: tr_{name} (.*)$", text, re.M)]  # count and mean of ten seconds each
            count = sum(n for n, _ in rows)
            return f"{name} mean {sum(n * each for n, each in rows) / count:.1f} ms" if count else f"no {name} yet (it writes figures every 10 s)"
        return ", ".join(mean(name) for name in (["join"] if plan.actors == 1 else ["join", "echo"]))

    def stop(self):
        self.epmd.terminate()
        self.epmd.wait()


class Sample:
    def __init__(self, metrics_port, client):
        text = urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=10).read().decode()
        figure = lambda name: int(float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)[1]))
        self.joins, self.handled = figure('phx_joins_total{result="ok"}'), figure("phx_channel_handle_in_seconds_count")
        self.out, (self.cpu, self.memory) = figure('phx_messages_total{direction="out"}'), client.cpu_and_memory()


def watch(metrics_port, client, plan):
    """Samples until everything has been done, the client ends, or it takes too long."""
    samples, begun, end = [], None, time.monotonic() + plan.longest()
    while time.monotonic() < end:
        sample = Sample(metrics_port, client)
        if client.process.poll() is not None:  # its figures may be gone already
            break
        samples.append(sample)
        if sample.handled >= plan.actors + plan.messages and begun and sample.out >= begun.out + plan.units:
            break
        if sample.handled <= plan.actors:
            begun = sample
        time.sleep(0.1)
    return samples


def measure(tool, plan):
    metrics_port = free_port()
    with Server(bin_dir, "--metrics-port", str(metrics_port), "--check-origin", "false") as server:
        client = tool.start(server, plan)
        try:
            samples = watch(metrics_port, client, plan)
            says = tool.finish(client, plan)
        except subprocess.TimeoutExpired:
            says = "did not end"
        finally:
            client.end()
    started = max((s.cpu for s in samples if s.joins == 0), default=0)  # before the first join: a runtime that starts
    joined = next((s for s in samples if s.joins >= plan.users - 1), None)
    quiet = next((s for s in reversed(samples) if s.handled <= plan.actors), None)
    if quiet is None:
        return {"says": f"ended at once; {says}"}
    last = samples[-1]
    done = last.out - quiet.out
    if joined is None or done <= 0:
        return {"says": f"only {last.joins} of {plan.users} joined, {done} messages came; {says}"}
    return {"memory": quiet.memory, "join_us": (joined.cpu - started) * 1e6 / (plan.users - 1), "unit_us": (last.cpu - quiet.cpu) * 1e6 / done,
            "done": done, "says": says}


def table(tools, results, unit):
    print(f"\n{'clients of Channels':<14} {'users':>6} {'resident':>9} {'per user':>9} {'join':>8} {unit:>9} {'messages':>10}  what it says")
    for tool in tools:
        for users, runs in results[tool.name].items():
            whole = [r for r in runs if "memory" in r]
            if not whole:
                print(f"{tool.name:<14} {users:>6}  {runs[-1]['says']}")
                continue
            middle = lambda key: statistics.median(r[key] for r in whole)
            print(f"{tool.name:<14} {users:>6} {middle('memory') / 1e6:>6.1f} MB {middle('memory') / users:>7.0f} B {middle('join_us'):>5.0f} us {middle('unit_us'):>6.1f} us "
                  f"{middle('done'):>10.0f}  {whole[-1]['says']}")
        sized = [(users, statistics.median(r["memory"] for r in runs if "memory" in r)) for users, runs in results[tool.name].items() if any("memory" in r for r in runs)]
        if len(sized) > 1:
            (few, small), (many, big) = sized[0], sized[-1]
            print(f"{tool.name:<14} each further user costs {(big - small) / (many - few):.0f} bytes ({few} to {many}); it can time: {tool.times}")


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    missing = [program for program in ("node", "tsung", "epmd", "taskset") if not shutil.which(program)]
    if missing:
        sys.exit(f"others.py needs {', '.join(missing)}; ./dev bench others installs them")
    tools = [PhxLoad(), Npm(), Tsung()]
    results = {kind.unit: {tool.name: {} for tool in tools} for kind in (Broadcasts, Echoes)}
    try:
        for kind, users in [(Broadcasts, users) for users in sizes] + [(Echoes, sizes[0])]:
            for _ in range(int(os.environ.get("ROUNDS", "1"))):
                for tool in tools:
                    print(f"{tool.name}, {users} users, {kind.unit}", file=sys.stderr, flush=True)
                    results[kind.unit][tool.name].setdefault(users, []).append(measure(tool, kind(users)))
    finally:
        tools[-1].stop()
    for unit, rows in results.items():
        table(tools, rows, unit)


main()
