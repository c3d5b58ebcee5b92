"""phx-server as the comparisons of `./dev bench` start it: one worker on core 0."""
import json, os, subprocess


def core(n, *command):
    return ["taskset", "-c", str(n), *command]


class Server:
    def __init__(self, bin_dir, *options, host="127.0.0.1", pin=True):
        command = [f"{bin_dir}/phx-server", "--host", host, "--port", "0", "--workers", "1", "--log-level", "error", *options]
        self.process = subprocess.Popen(core(0, *command) if pin else command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        listening = json.loads(self.process.stdout.readline())["listening"]
        self.address, self.port, self.pid = f"{host}:{listening['port']}", listening["port"], self.process.pid

    def cpu(self):
        fields = open(f"/proc/{self.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_kb(self):
        return int(next(line.split()[1] for line in open(f"/proc/{self.pid}/status") if line.startswith("VmRSS:")))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
