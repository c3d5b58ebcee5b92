"""Debian's python3-websockets as a second foreign peer of ws_echo_server. Ends with `N passed, N failed, N skipped`.
usage: ws_echo_python.py BIN_DIR"""
import asyncio, json, subprocess, sys

import websockets


async def echoes(uri):
    async with websockets.connect(uri, max_size=32 << 20, compression=None) as ws:
        for message in ["", "żółw", "x" * 70_000, b"", b"\x00\xff" * (1 << 19)]:
            await ws.send(message)
            assert await ws.recv() == message


async def fragments(uri):
    async with websockets.connect(uri, compression=None) as ws:
        await ws.send(["ab", "", "żó", "łw"])
        assert await ws.recv() == "abżółw"


async def pings_are_answered(uri):
    async with websockets.connect(uri, compression=None) as ws:
        await asyncio.wait_for(await ws.ping(b"data"), 5)


async def closes_with_the_normal_code(uri):
    ws = await websockets.connect(uri, compression=None)
    await ws.close(1000)
    assert ws.close_code == 1000, ws.close_code


async def compression_is_declined(uri):
    async with websockets.connect(uri) as ws:
        assert not ws.extensions
        await ws.send("plain")
        assert await ws.recv() == "plain"


def main():
    server = subprocess.Popen([sys.argv[1] + "/ws_echo_server", "--port", "0"], stdout=subprocess.PIPE)
    uri = f"ws://127.0.0.1:{json.loads(server.stdout.readline())['listening']['port']}/"
    passed = failed = 0
    for case in [echoes, fragments, pings_are_answered, closes_with_the_normal_code, compression_is_declined]:
        try:
            asyncio.run(asyncio.wait_for(case(uri), 30))
            passed += 1
        except Exception as error:
            failed += 1
            print(f"not ok {case.__name__}: {error!r}")
    server.terminate()
    server.wait(10)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed != 0


sys.exit(main())
