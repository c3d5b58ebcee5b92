"""Debian's python3-websockets as a second foreign peer of ws_echo_server. Ends with `N passed, N failed, N skipped`.
usage: ws_echo_python.py BIN_DIR"""
import asyncio, json, os, subprocess, sys

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory


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


async def echoes_compressed(uri):
    for parameters in [{}, {"server_no_context_takeover": True, "client_no_context_takeover": True},
                       {"server_max_window_bits": 9, "client_max_window_bits": 9}, {"server_max_window_bits": 12}]:
        factory = ClientPerMessageDeflateFactory(**parameters)
        async with websockets.connect(uri, max_size=32 << 20, compression=None, extensions=[factory]) as ws:
            assert [e.name for e in ws.extensions] == ["permessage-deflate"], parameters
            for message in ["", "żółw", "żółw" * 3, "x" * 70_000, b"", b"\x00\xff" * (1 << 19), os.urandom(100_000), "x" * 70_000]:
                await ws.send(message)
                assert await ws.recv() == message, parameters
            await ws.send(["ab", "", "żó", "łw" * 1000])
            assert await ws.recv() == "abżó" + "łw" * 1000


def run(cases, *arguments):
    server = subprocess.Popen([sys.argv[1] + "/ws_echo_server", "--port", "0", *arguments], stdout=subprocess.PIPE)
    uri = f"ws://127.0.0.1:{json.loads(server.stdout.readline())['listening']['port']}/"
    passed = failed = 0
    for case in cases:
        try:
            asyncio.run(asyncio.wait_for(case(uri), 30))
            passed += 1
        except Exception as error:
            failed += 1
            print(f"not ok {case.__name__}: {error!r}")
    server.terminate()
    server.wait(10)
    return passed, failed


def main():
    plain = run([echoes, fragments, pings_are_answered, closes_with_the_normal_code, compression_is_declined])
    deflate = run([echoes, fragments, echoes_compressed], "--deflate")
    passed, failed = plain[0] + deflate[0], plain[1] + deflate[1]
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed != 0


sys.exit(main())
