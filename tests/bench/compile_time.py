#!/usr/bin/env python3
"""compile_time.py [ROUNDS]: CPU seconds that a user's file costs, each kind once per round and in turn; medians. Budget (issue 4): the public
header and a small use of it within 2 s beyond the Asio headers awaitable, use_awaitable and use_future. A coroutine is compared with one that
awaits an operation of its own with the same signature: what Asio itself instantiates for any coroutine is not ours."""
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parents[2]
includes = ["-I" + str(root / f"sdk/{part}/include") for part in ("core", "net", "client")]
flags = ["g++", "-std=c++20", "-O2", "-DNDEBUG", *includes, "-c", "-o", "/dev/null", "-x", "c++"]
asio = "#include <boost/asio/awaitable.hpp>\n#include <boost/asio/use_awaitable.hpp>\n#include <boost/asio/use_future.hpp>\n"
use = """
int main() {
  phx::Socket socket("ws://127.0.0.1:4000/socket");
  phx::Channel room = socket.channel("room:lobby");
  auto messages = room.on("new_msg", [](const phx::Message& m) { return m.payload.text().size(); });
  socket.connect();
  room.join();
  room.push("new_msg", phx::RawJson{"{}"});
}
"""
await_use = """
boost::asio::awaitable<void> talk(phx::Channel& room) { co_await room.async_push("ping", phx::RawJson{"{}"}, boost::asio::use_awaitable); }
"""
asio_coroutine = asio + """
template <class Token>
auto operation(Token&& token) {
  return boost::asio::async_initiate<Token, void(boost::system::error_code, int)>([](auto done) { std::move(done)({}, 1); }, token);
}
boost::asio::awaitable<void> talk() { co_await operation(boost::asio::use_awaitable); }
int main() {}
"""
client = "#include <phx/client.hpp>\n"
sources = {  # name: text, and the one it is compared with
    "Asio headers": (asio + "int main() {}\n", None),
    "Asio headers, a coroutine": (asio_coroutine, None),
    "phx/client.hpp, used": (client + use, "Asio headers"),
    "Asio headers and phx/client.hpp": (asio + client + use, "Asio headers"),
    "with a coroutine (async.hpp)": (asio + client + "#include <phx/client/async.hpp>\n" + await_use + use, "Asio headers, a coroutine"),
    "phx/client.hpp with phx::Json": (client + "#include <phx/core/json.hpp>\n" + use.replace('phx::RawJson{"{}"}', 'phx::obj("n", 1)'), "Asio headers"),
}


def cpu(path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*flags, path], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


times = {name: [] for name in sources}
with tempfile.TemporaryDirectory() as folder:
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        for name, (text, _) in sources.items():
            path = pathlib.Path(folder) / "user.cpp"
            path.write_text(text)
            times[name].append(cpu(path))
median = {name: statistics.median(seconds) for name, seconds in times.items()}
for name, (_, yardstick) in sources.items():
    beyond = f"{median[name] / median[yardstick]:5.2f}x  {median[name] - median[yardstick]:+.2f} s beyond '{yardstick}'" if yardstick else ""
    print(f"{name:<34} {median[name]:5.2f} s  {beyond}")
