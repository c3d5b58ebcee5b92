#!/usr/bin/env python3
"""packaging.py SOURCE BUILD [STEP]: phxkit as its users get it. Installs BUILD (release: static libraries), makes the Debian packages (shared ones)
and unpacks them, then builds docs/examples/first_client.cpp and c_client.c against each: find_package, pkg-config, add_subdirectory.
All objects come out of ccache: the preset `package` and add_subdirectory compile what BUILD has compiled, in folders beside it, so that the
relative paths that ccache sees are the same."""
import contextlib
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

source, build = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
work = build / "packaging"  # the same folder each time: ccache knows what was compiled there
expected = 'ok {"hello":"world"}\nheard {"body":"hi"}\n'
results = {"passed": 0, "failed": 0}


def run(*command, **options):
    options = {"capture_output": True, "text": True, **options}
    done = subprocess.run([str(word) for word in command], **options)
    if done.returncode != 0:
        tail = "\n".join(((done.stdout or "") + (done.stderr or "")).splitlines()[-25:])
        raise AssertionError(f"{' '.join(map(str, command))}\nended with {done.returncode}:\n{tail}")
    return done.stdout


def test(function):
    try:
        function()
        results["passed"] += 1
        print(f"ok: {function.__doc__}", flush=True)
    except (AssertionError, OSError, StopIteration) as error:
        results["failed"] += 1
        print(f"not ok: {function.__doc__}\n{error}", flush=True)


def equal(got, wanted):
    if got != wanted:
        raise AssertionError(f"expected {wanted!r}, got {got!r}")


@contextlib.contextmanager
def server(prefix):
    """phx-server of an installation, at its URL."""
    with subprocess.Popen([prefix / "bin/phx-server", "--port", "0", "--log-level", "warning"], stdout=subprocess.PIPE, text=True) as child:
        try:
            yield f"ws://127.0.0.1:{json.loads(child.stdout.readline())['listening']['port']}/socket"
        finally:
            child.terminate()


def runs(prefix, *programs, **options):
    with server(prefix) as url:
        for program in programs:
            equal(run(program, url, timeout=60, **options), expected)


def consumer(name, *arguments, folder=None, **options):
    """Configures and builds the user's project."""
    folder = folder or work / name
    shutil.rmtree(folder, ignore_errors=True)
    run("cmake", "-G", "Ninja", "-S", source / "tests/packaging/consumer", "-B", folder, "-DCMAKE_BUILD_TYPE=Release",
        "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache", "-DCMAKE_C_COMPILER_LAUNCHER=ccache", *arguments, **options)
    run("cmake", "--build", folder, **options)
    return folder / "consumer", folder / "consumer_c"


def with_pkg_config(name, prefix, libdir):
    out = work / name
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    environment = dict(os.environ, PKG_CONFIG_PATH=str(libdir / "pkgconfig"))
    flags = lambda module, what: run("pkg-config", what, module, env=environment).split()
    cxx = [*flags("phxkit-client", "--cflags"), "-std=c++20", "-O1"]
    run("ccache", "g++", *cxx, "-c", source / "docs/examples/first_client.cpp", "-o", out / "client.o")
    run("g++", out / "client.o", *flags("phxkit-client", "--libs"), "-o", out / "consumer")
    run("gcc", *flags("phxkit-capi", "--cflags"), source / "docs/examples/c_client.c", *flags("phxkit-capi", "--libs"), "-o", out / "consumer_c")
    return out / "consumer", out / "consumer_c"


def libdir(prefix):
    return next(prefix.glob("lib/**/pkgconfig")).parent


# ---- static libraries, installed ----

static = work / "static"


def install():
    """cmake --install"""
    shutil.rmtree(static, ignore_errors=True)
    run("cmake", "--install", build, "--prefix", static)


def static_find_package():
    """static: find_package(phxkit COMPONENTS client capi)"""
    client, c_client = consumer("find-static", f"-DCMAKE_PREFIX_PATH={static}", "-DCOMPONENTS=client;capi")
    runs(static, client, c_client)
    if "libphxkit" in run("ldd", client):
        raise AssertionError("a static client needs no library of ours")


def static_pkg_config():
    """static: pkg-config phxkit-client, phxkit-capi"""
    client, c_client = with_pkg_config("pkg-static", static, libdir(static))
    runs(static, client, c_client, env=dict(os.environ, LD_LIBRARY_PATH=str(libdir(static))))


def subdirectory():
    """add_subdirectory: only what is asked for is built"""
    folder = build.parent / "subdirectory"
    client, c_client = consumer("subdirectory", f"-DPHXKIT_SOURCE={source}", "-DPHXKIT_WARNINGS=ON", "-DPHXKIT_WERROR=ON", "-DCMAKE_UNITY_BUILD=ON", folder=folder)
    runs(static, client, c_client)
    equal({p.name.split(".")[0] for p in folder.glob("**/libphxkit_*.a")}, {"libphxkit_core", "libphxkit_net", "libphxkit_client"})
    shutil.rmtree(folder)


def every_component():
    """find_package without components: all that is installed"""
    consumer("find-all", f"-DCMAKE_PREFIX_PATH={static}", "-DCOMPONENTS=", "-DCHECK_ONLY=ON")


def unknown_component():
    """find_package tells which components there are"""
    try:
        consumer("find-unknown", f"-DCMAKE_PREFIX_PATH={static}", "-DCOMPONENTS=klient", "-DCHECK_ONLY=ON")
    except AssertionError as error:
        if re.search(r"no component\s+klient", str(error)) and "client" in str(error):
            return
        raise
    raise AssertionError("phxkit has no component klient, but was found")


# ---- Debian packages: shared libraries ----

packages, root = work / "packages", work / "root"
usr = root / "usr"


def make_packages():
    """CPack makes the packages: libraries, headers, programs"""
    made = source / "build/package"
    run("cmake", "--preset", "package", cwd=source)
    run("cmake", "--build", made)
    for old in made.glob("*.deb"):
        old.unlink()
    run("cpack", "-G", "DEB", cwd=made)
    for folder in (packages, root):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for package in made.glob("*.deb"):
        shutil.copy(package, packages)
        run("dpkg-deb", "-x", package, root)
    names = sorted(re.sub(r"[\d.]+$", "", run("dpkg-deb", "-f", p, "Package").strip()) for p in packages.glob("*.deb"))
    equal(names, ["libphxkit", "libphxkit-dev", "phxkit"])


def package(name):
    return next(p for p in packages.glob("*.deb") if re.fullmatch(name + r"[\d.]*", run("dpkg-deb", "-f", p, "Package").strip()))


def what_is_where():
    """each package has what its name says, with dependencies and licence"""
    files = lambda name: [line.split()[5] for line in run("dpkg-deb", "-c", package(name)).splitlines()]
    runtime, dev, programs = files("libphxkit"), files("libphxkit-dev"), files("phxkit")
    checks = {
        "only versioned libraries in the runtime package": all(".so." in f for f in runtime if "/lib/" in f and not f.endswith("/")),
        "headers in -dev": any(f.endswith("phx/client.hpp") for f in dev) and any(f.endswith("phxkit_c.h") for f in dev),
        "links to libraries in -dev": any(f.endswith("libphxkit_client.so") for f in dev),
        "CMake and pkg-config files in -dev": any(f.endswith("phxkit-config.cmake") for f in dev) and any(f.endswith("phxkit-client.pc") for f in dev),
        "programs": {"phx", "phx-server", "phx-load"} <= {pathlib.Path(f).name for f in programs if "/bin/" in f},
        "no tests, no examples": not any(re.search(r"unit_|example_|gtest|phx-demo", f) for f in runtime + programs),
        "man pages": any(f.endswith("man1/phx-shell.1.gz") for f in programs),
        "completions": sum(f.endswith(("completions/phx", "_phx", "phx.fish")) for f in programs) == 3,
        "licences": all(any(f.endswith("/copyright") for f in all_files) for all_files in (runtime, dev, programs)),
    }
    for name, needs in (("libphxkit", "libssl3"), ("libphxkit-dev", "libboost1.81-dev"), ("phxkit", "libphxkit")):
        checks[f"{name} depends on {needs}"] = needs in run("dpkg-deb", "-f", package(name), "Depends")
    equal([what for what, good in checks.items() if not good], [])


def programs_run():
    """programs run where they were unpacked, and phx finds those beside it"""
    bare = {"PATH": "/usr/bin:/bin", "HOME": str(work)}
    for program in ("phx", "phx-server", "phx-load"):
        if not run(usr / "bin" / program, "--version", env=bare).startswith(program + " "):
            raise AssertionError(f"{program} --version")
    equal(run(usr / "bin/phx", "load", "--version", env=bare), run(usr / "bin/phx-load", "--version", env=bare))
    with server(usr) as url:
        equal(json.loads(run(usr / "bin/phx", "push", url, "room:deb", "ping", '{"n":1}', env=bare))["response"], {"n": 1})
    with gzip.open(usr / "share/man/man1/phx-join.1.gz", "rt") as page:
        if "PHX" not in page.readline():
            raise AssertionError("phx-join.1.gz is no man page")


def shared_find_package():
    """shared: find_package(phxkit COMPONENTS client capi)"""
    client, c_client = consumer("find-shared", f"-DCMAKE_PREFIX_PATH={usr}", "-DCOMPONENTS=client;capi")
    runs(usr, client, c_client)
    if "libphxkit_client.so." not in run("ldd", client):
        raise AssertionError("the client is not the shared one")


def shared_pkg_config():
    """shared: pkg-config phxkit-client, phxkit-capi"""
    client, c_client = with_pkg_config("pkg-shared", usr, libdir(usr))
    runs(usr, client, c_client, env=dict(os.environ, LD_LIBRARY_PATH=str(libdir(usr))))


def symbols():
    """a shared library shows namespace phx, and what of Asio there must be once in a process; its SONAME has the version"""
    libraries = sorted(p for p in libdir(usr).glob("libphxkit_*.so.*") if not p.is_symlink())
    if not libraries:
        raise AssertionError("no shared libraries")
    for library in libraries:
        shown = [line.split(maxsplit=2)[2] for line in run("nm", "-DC", "--defined-only", library).splitlines()]
        ours = re.compile(r"(?:^|\s)phx(?:::|_)|boost::asio::(?:detail::(?:keyword_tss_ptr|execution_context_service_base)<|error::)")
        equal([name for name in shown if not ours.search(name.split("(")[0])], [])
        soname = re.search(r"SONAME\s+(\S+)", run("objdump", "-p", library))[1]
        version = r"\.so\.\d+$" if "capi" in library.name else r"\.so\.\d+\.\d+$"
        if not re.search(version, soname):
            raise AssertionError(f"{library.name} has SONAME {soname}")


work.mkdir(exist_ok=True)
for step in (install, static_find_package, static_pkg_config, subdirectory, every_component, unknown_component, make_packages, what_is_where,
             programs_run, shared_find_package, shared_pkg_config, symbols):
    if len(sys.argv) < 4 or sys.argv[3] == step.__name__:
        test(step)
print(f"{results['passed']} passed, {results['failed']} failed, 0 skipped")
sys.exit(results["failed"] != 0)
