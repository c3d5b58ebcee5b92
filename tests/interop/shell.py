"""phx shell as scripts and people use it: through a pipe, and on a terminal (a pty whose screen python3-pyte draws). Issue 4, point 12.
Ends with `N passed, N failed, N skipped`.   usage: shell.py BIN_DIR"""
import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback

import pyte

BIN = pathlib.Path(sys.argv[1]).resolve()
LIMIT = 20  # seconds for anything to happen


class Server:
    running = []

    def __init__(self, port=0):
        self.child = subprocess.Popen([BIN / "phx-server", "--port", str(port), "--log-level", "warning"], stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.child.stdout.readline())["listening"]["port"]
        self.url = f"ws://127.0.0.1:{self.port}/socket"
        Server.running.append(self)

    def kill(self):
        self.child.kill()
        self.child.wait()


def environment(home, **more):
    return {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_STATE_HOME": str(home), "XDG_CONFIG_HOME": str(home), "TERM": "xterm", "LANG": "C.UTF-8", **more}


def equal(got, wanted, note=""):
    assert got == wanted, f"expected {wanted!r}, got {got!r} {note}"


def phx(*words):
    return subprocess.run([BIN / "phx", *words], capture_output=True, text=True, timeout=LIMIT)


def someone_says(url, topic, payload="{}"):
    equal(phx("push", url, topic, "new_msg", payload, "--no-reply").returncode, 0)


def open_script(url):
    return subprocess.Popen([BIN / "phx", "shell", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def say(child, line):
    child.stdin.write(line + "\n")
    child.stdin.flush()
    return json.loads(child.stdout.readline())


def script(url, *lines, flags=(), end="\n"):
    done = subprocess.run([BIN / "phx", "shell", url, *flags], input="\n".join(lines) + end, capture_output=True, text=True, timeout=LIMIT,
                          env=environment("/nonexistent"))
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


# ---- through a pipe ----

def a_script_talks(url, _):
    code, lines, errors = script(url, "# a comment", "", "join room:pipe", 'push room:pipe ping {"n": 1}', 'push --no-reply . new_msg {"body":"hi"}',
                                 "wait new_msg", "topics", "ping", "leave room:pipe", "topics")
    equal((code, errors), (0, ""))
    times = [line.pop("t") for line in lines if "t" in line]
    equal(sorted(times), times)
    assert lines[4]["rtt_ms"] > 0, lines
    equal(lines[:4] + lines[5:], [
        {"topic": "room:pipe", "reply_to": "phx_join", "status": "ok", "response": {}},
        {"topic": "room:pipe", "reply_to": "ping", "status": "ok", "response": {"n": 1}},
        {"topic": "room:pipe", "event": "new_msg", "join_ref": None, "ref": None, "payload": {"body": "hi"}},
        {"topic": "room:pipe", "state": "joined"},
        {"topic": "room:pipe", "reply_to": "phx_leave", "status": "ok", "response": {}},
    ])


def the_last_line_needs_no_newline(url, _):
    code, lines, _errors = script(url, "join room:end", "push . ping {}", end="")
    equal((code, [line["reply_to"] for line in lines]), (0, ["phx_join", "ping"]))


def quit_ends_before_the_rest(url, _):
    equal(script(url, "join room:quit", "quit", "nonsense")[0], 0)


def a_refused_join_ends_it_with_4(url, _):
    code, lines, errors = script(url, "join room:ok", "join nowhere", "push room:ok ping")
    equal(code, 4)
    equal([line["status"] for line in lines], ["ok", "error"])
    equal(lines[1]["response"], {"reason": "unmatched topic"})
    equal(errors, "phx: line 2: the join of nowhere was answered with error\n")


def what_cannot_be_read_ends_it_with_2(url, _):
    for line, text in (("jion room:x", "did you mean 'join'"), ("push room:x", "which event"), ("push room:x ping", "not joined"),
                       ("join room:x {not json", "not JSON"), ("push . ping @/nonexistent", "no topic is joined"), ("sleep soon", "no time")):
        code, _lines, errors = script(url, "", line)
        equal((code, errors.count("\n")), (2, 1), errors)
        assert errors.startswith("phx: line 2: ") and text in errors, errors


def no_reply_in_time_is_124(url, _):
    code, _lines, errors = script(url, "join room:late", "push . new_msg {}", flags=["--timeout", "0.4"])
    equal(code, 124)
    assert "no answer to new_msg on room:late within 0.4 s" in errors, errors
    code, _lines, errors = script(url, "join room:late", "wait never 0.1")
    equal(code, 124)
    assert "no never came in time" in errors, errors


def events_are_turned_off_and_still_waited_for(url, _):
    code, lines, _errors = script(url, "off new_*", "join room:off", "push --no-reply . new_msg {}", "wait new_msg", "on", "push --no-reply . new_msg {\"n\":2}", "wait new_msg")
    equal(code, 0)
    equal([line["payload"] for line in lines if line.get("event") == "new_msg"], [{"n": 2}])


def presence_is_known(url, _):
    code, lines, _errors = script(url, "join chat:shell", "presence chat:shell", flags=["--params", '{"user_id":"ada"}'])
    equal(code, 0)
    equal([(line["topic"], list(line["presence"])) for line in lines if "presence" in line], [("chat:shell", ["ada"])])
    code, _lines, errors = script(url, "join room:none", "presence .", flags=["--timeout", "0.3"])
    equal(code, 124)
    assert "sent no presence_state" in errors, errors


def bytes_both_ways(url, _):
    code, lines, _errors = script(url, "join room:bytes", 'push . ping {"$binary":"AAH/"}')
    equal((code, lines[-1]["response"]), (0, {"$binary": "AAH/"}))


def no_server_is_3(_url, _):
    code, lines, errors = script("ws://127.0.0.1:1/socket", "join room:x")
    equal((code, lines, errors.count("\n")), (3, [], 1))


def a_closed_pipe_is_quiet(url, _):
    command = f"(echo join room:head; echo push . ping; sleep 0.2; while echo push . ping; do :; done) | {BIN}/phx shell {url} | head -n 1; echo ${{PIPESTATUS[1]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=LIMIT)
    equal((done.stdout.splitlines()[-1], re.sub(r".*Broken pipe\n", "", done.stderr)), ("0", ""))


def ctrl_c_is_130(url, _):
    child = open_script(url)
    say(child, "join room:int")
    child.send_signal(signal.SIGINT)
    _out, errors = child.communicate(timeout=LIMIT)
    equal((child.returncode, errors), (130, ""))


def the_server_goes_and_comes_back(_url, _):
    server = Server()
    child = open_script(server.url)
    equal(say(child, "join room:back")["reply_to"], "phx_join")
    server.kill()
    again = Server(server.port)
    try:
        equal(say(child, 'push room:back ping {"again": true}')["response"], {"again": True})
        child.stdin.close()
        errors = child.stderr.read()
        equal(child.wait(LIMIT), 0)
        assert "connection lost" in errors and "reconnecting" in errors and "connected again" in errors, errors
    finally:
        again.kill()


# ---- on a terminal ----

class Terminal:
    """phx shell on a pty, or another program, and what is on its screen."""

    def __init__(self, home, *words, program=(f"{BIN}/phx", "shell"), columns=80, rows=24, **more):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            try:
                os.execve(program[0], [*program, *words], environment(home, **more))
            finally:
                os._exit(127)
        self.resize(columns, rows)

    def resize(self, columns, rows):
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def lines(self):
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def read(self, seconds):
        if not select.select([self.file], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.file, 65536)
        except OSError:  # the other end is gone
            return False
        self.raw += data
        self.stream.feed(data)
        return data != b""

    def until(self, seen, what):
        end = time.monotonic() + LIMIT
        while not seen():
            assert time.monotonic() < end, f"{what} was never on the screen:\n" + "\n".join(self.lines())
            self.read(0.2)

    def shows(self, *wanted):
        """The screen ends with these lines; a regular expression each."""
        fits = lambda: len(self.lines()) >= len(wanted) and all(re.fullmatch(w, l) for w, l in zip(wanted, self.lines()[-len(wanted):]))
        self.until(fits, f"{wanted}")

    def type(self, text):
        os.write(self.file, text.encode())

    def join(self, topic):
        self.type(f"join {topic}\r")
        self.shows(f"{topic}  phx_join -> ok {{}}", f"phx {topic}>")
        return self

    def leave(self):
        self.type("\x04")
        equal(self.ends(), 0)

    def ends(self):
        end = time.monotonic() + LIMIT
        while self.read(0.5) or time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid != 0:
                while self.read(0):
                    pass
                os.close(self.file)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        raise AssertionError("it did not end:\n" + "\n".join(self.lines()))


def open_shell(home, url, **more):
    t = Terminal(home, url, **more)
    t.shows("connected; help .*", "phx>")
    return t


def a_message_leaves_the_line_being_typed_alone(url, home):
    t = open_shell(home, url, NO_COLOR="1").join("room:pty")
    t.type('push . ping {"body":"he')
    t.shows(r'phx room:pty> push \. ping {"body":"he')
    someone_says(url, "room:pty", '{"n":1}')
    t.shows(r'room:pty  new_msg {"n":1}', r'phx room:pty> push \. ping {"body":"he')
    t.type('y"}\r')
    t.shows(r'phx room:pty> push \. ping {"body":"hey"}', r'room:pty  ping -> ok {"body":"hey"}', "phx room:pty>")
    t.leave()
    assert b"\x1b[34m" not in t.raw, "colours in spite of NO_COLOR"


def a_line_of_several_rows_is_taken_off_whole(url, home):
    t = Terminal(home, url, columns=30)
    t.shows("connected; .*", ".*", "phx>")
    t.join("room:w")
    t.type("push . ping " + "x" * 40)  # 52 + 12 columns: three rows
    t.shows("phx room:w> push . ping xxxxxx", "x" * 30, "x" * 4)
    someone_says(url, "room:w")
    t.shows("room:w  new_msg {}", "phx room:w> push . ping xxxxxx", "x" * 30, "x" * 4)
    equal(sum("push . ping" in line for line in t.lines()), 1)
    t.type("\x03")
    t.shows(r"x+\^C", "phx room:w>")
    t.leave()


def tab_completes(url, home):
    t = open_shell(home, url)
    t.type("jo\troom:tab-one\r")
    t.shows(".*phx_join -> ok {}", "phx room:tab-one>")
    t.join("room:tab-two")
    someone_says(url, "room:tab-two")
    t.shows("room:tab-two  new_msg {}", "phx room:tab-two>")
    t.type("pu\tro\t")
    t.shows("phx room:tab-two> push room:tab-")
    t.type("\t")
    t.shows("room:tab-one +room:tab-two", "phx room:tab-two> push room:tab-")
    t.type("t\tpi")
    t.shows("phx room:tab-two> push room:tab-two pi")
    t.type("ng {}\r")
    t.shows(".*ping -> ok {}", "phx room:tab-two>")
    t.type('push . p\t{"by":"tab"}\r')  # an event pushed before
    t.shows('.*ping -> ok {"by":"tab"}', "phx room:tab-two>")
    t.type("wait n\t\r")  # one that was seen
    t.shows(".*", "phx room:tab-two> wait new_msg", "phx room:tab-two>")
    t.type("quit\r")
    equal(t.ends(), 0)


def the_history_keeps_lines_but_no_secrets(url, home):
    t = open_shell(home, url).join("room:history")
    t.type('push . ping {"password":"hunter2"}\r')
    t.shows(".*ping -> ok .*", "phx room:history>")
    t.type("quit\r")
    equal(t.ends(), 0)
    path = home / "phxkit/shell_history"
    equal(path.stat().st_mode & 0o777, 0o600)
    assert "hunter2" not in path.read_text(), path.read_text()
    t = open_shell(home, url)
    t.type("\x1b[A\x1b[A")
    t.shows("phx> join room:history")
    t.type("\r")
    t.shows(".*phx_join -> ok {}", "phx room:history>")
    t.leave()


def ctrl_c_forgets_the_line_and_ends_a_wait(url, home):
    t = open_shell(home, url)
    t.type("nonsense")
    t.shows("phx> nonsense")
    t.type("\x03")
    t.shows(r"phx> nonsense\^C", "phx>")
    t.type("jion x\r")
    t.shows("there is no command 'jion', did you mean 'join'.*", "phx>")
    t.type("join nowhere\r")
    t.shows('nowhere  phx_join -> error {"reason":"unmatched topic"}', "the join of nowhere was answered with error", "phx>")
    t.type("wait never 1h\r")
    t.shows("phx> wait never 1h")
    t.type("\x03")
    t.shows("phx> wait never 1h", r"\^C", "phx>")
    t.leave()


def the_server_goes_and_comes_back_under_a_prompt(_url, home):
    server = Server()
    t = open_shell(home, server.url).join("room:down")
    t.type("push . pi")
    t.shows(r"phx room:down> push \. pi")
    server.kill()
    t.shows("reconnecting in .*", r"phx room:down> push \. pi")
    equal([line.split(" (")[0] for line in t.lines() if "lost" in line], ["connection lost"])
    again = Server(server.port)
    try:
        t.shows("connected again", r"phx room:down> push \. pi")
        t.type("ng {}\r")
        t.shows("room:down  ping -> ok {}", "phx room:down>")
        t.leave()
    finally:
        again.kill()


def what_a_server_sends_cannot_command_the_terminal(url, home):
    t = open_shell(home, url).join("room:evil")
    someone_says(url, "room:evil", json.dumps({"a": "\x1b[2J\x07"}))
    t.shows(r'room:evil  new_msg {"a":"\\u001b\[2J\\u0007"}', "phx room:evil>")
    assert b"\x1b[2J" not in t.raw
    t.leave()


def job_of_a_shell(home, url):
    """dash leaves the terminal as its jobs leave it; other shells would put it in order and hide what we forgot."""
    t = Terminal(home, program=("/bin/dash", "-i"), columns=200, PS1="sh> ")
    t.shows("sh>")
    t.type(f"{BIN}/phx shell {url}\r")
    t.shows("connected; help .*", "phx>")
    return t


def end_job_and_shell(t):
    t.type("\x04")
    t.shows("sh>")
    t.type("exit\r")
    equal(t.ends(), 0)


def ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(url, home):
    t = job_of_a_shell(home, url).join("room:job")
    for typed in ('push . ping {"n":1}', 'push . ping {"x":"' + "x" * 200 + '"}'):  # one row, and two
        t.type(typed[:-1])
        t.until(lambda: typed[:-1] in "".join(t.screen.display), typed)
        t.type("\x1a")
        t.shows(".*(Stopped|Suspended).*", "sh>")
        t.type("stty -a | tr ' ;' '\\n\\n' | grep -x -e '-*echo' -e '-*icanon'\r")
        t.shows("sh> stty.*", "icanon", "echo", "sh>")
        t.type("fg\r")
        t.until(lambda: typed[:-1] in "".join(t.screen.display[t.screen.cursor.y - 1:]), "the line being typed")
        t.type(typed[-1] + "\r")
        t.shows("room:job  ping -> ok .*", *([".+"] if len(typed) > 200 else []), "phx room:job>")
    end_job_and_shell(t)


def a_connection_lost_while_stopped_comes_back(_url, home):
    server = Server()
    t = job_of_a_shell(home, server.url).join("room:sleep")
    t.type("\x1a")
    t.shows(".*(Stopped|Suspended).*", "sh>")
    server.kill()
    again = Server(server.port)
    try:
        t.type("fg\r")
        t.shows("connected again", "phx room:sleep>")
        t.type("push . ping {}\r")
        t.shows("room:sleep  ping -> ok {}", "phx room:sleep>")
        end_job_and_shell(t)
    finally:
        again.kill()


def ctrl_z_outside_of_a_job_changes_nothing(url, home):
    t = open_shell(home, url).join("room:nojob")  # a session leader: nobody could continue it
    t.type("push . pi")
    t.shows(r"phx room:nojob> push \. pi")
    t.type("\x1a")
    t.shows(*2 * [r"phx room:nojob> push \. pi"])
    t.type("ng {}\r")
    t.shows("room:nojob  ping -> ok {}", "phx room:nojob>")
    t.leave()


def a_terminal_of_another_size_wraps_anew(url, home):
    t = open_shell(home, url).join("room:size")
    t.type("push . ping")
    t.shows(r"phx room:size> push \. ping")
    t.resize(30, 24)
    t.type(' {"n":1}')
    t.shows(r'phx room:size> push \. ping {"n', '":1}')
    someone_says(url, "room:size")
    t.shows("room:size  new_msg {}", r'phx room:size> push \. ping {"n', '":1}')
    equal(sum("push . ping" in line for line in t.lines()), 1)
    t.resize(80, 24)
    t.shows(r'phx room:size> push \. ping {"n":1}')
    t.type("\r")
    t.shows('room:size  ping -> ok {"n":1}', "phx room:size>")
    t.leave()


TESTS = [a_script_talks, the_last_line_needs_no_newline, quit_ends_before_the_rest, a_refused_join_ends_it_with_4, what_cannot_be_read_ends_it_with_2,
         no_reply_in_time_is_124, events_are_turned_off_and_still_waited_for, presence_is_known, bytes_both_ways, no_server_is_3, a_closed_pipe_is_quiet,
         ctrl_c_is_130, the_server_goes_and_comes_back, a_message_leaves_the_line_being_typed_alone, a_line_of_several_rows_is_taken_off_whole,
         tab_completes, the_history_keeps_lines_but_no_secrets, ctrl_c_forgets_the_line_and_ends_a_wait,
         the_server_goes_and_comes_back_under_a_prompt, what_a_server_sends_cannot_command_the_terminal,
         ctrl_z_gives_the_terminal_back_and_fg_takes_it_again, a_connection_lost_while_stopped_comes_back, ctrl_z_outside_of_a_job_changes_nothing,
         a_terminal_of_another_size_wraps_anew]

passed = failed = 0
server = Server()
with contextlib.ExitStack() as stack:
    stack.callback(lambda: [s.kill() for s in Server.running])
    for case in [t for t in TESTS if len(sys.argv) < 3 or sys.argv[2] in t.__name__]:
        home = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            case(server.url, home)
            passed += 1
            print(f"ok {case.__name__}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {case.__name__}\n{traceback.format_exc()}", flush=True)
print(f"{passed} passed, {failed} failed, 0 skipped")
sys.exit(failed != 0)
