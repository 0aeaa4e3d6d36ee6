#!/usr/bin/env python3
"""Measures how Posthorn sends mail on: its rate beside Postfix's, and a full queue of which half can't be delivered.

It never fails on speed: it prints. Needs root for Postfix, its smtp-source and smtp-sink, nsd, and the programs named by
$POSTHORND and $FILL_QUEUE; tests/bench/run-relay sets all of that up."""
import argparse, contextlib, os, re, resource, shutil, socket, statistics, subprocess, sys, tempfile, threading, time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from posthorn import POSTHORND, Server, tool
import peers
from client import forget_peak, status_kib

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--only", default="rate,queue", help="some of: rate, queue")
parser.add_argument("--no-peer", action="store_true", help="Posthorn alone")
parser.add_argument("--rounds", type=int, default=3, help="of the rate, in turns; the median counts")
parser.add_argument("--messages", type=int, default=3_000, help="of the rate")
parser.add_argument("--entries", type=int, default=100_000, help="in the full queue")
parser.add_argument("--destinations", type=int, default=10_000, help="in the full queue; half of them are dead")
parser.add_argument("--folder", default="/var/tmp", help="where the stores are kept while they are measured")
parser.add_argument("--profile", help="a file for `perf record` of the full queue")
options = parser.parse_args()


class Sink:
    """smtp-sink; tells how many messages it took."""
    def __init__(self, address="127.0.0.1", port=None):
        self.port = port or peers.free_port()
        self.process = subprocess.Popen([shutil.which("smtp-sink") or "/usr/sbin/smtp-sink", "-c", "-u", "nobody", f"{address}:{self.port}", "1000"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.taken = 0
        threading.Thread(target=self.count, daemon=True).start()
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection((address, self.port)).close()
                return
            time.sleep(0.02)

    def count(self):
        text = b""
        while more := os.read(self.process.stdout.fileno(), 4096):
            text = (text + more)[-100:]
            if found := re.findall(rb"(\d+)[^\d\r\n]*[\r\n]", text): self.taken = int(found[-1])

    def wait_for(self, count, seconds=900):
        end = time.monotonic() + seconds
        while self.taken < count:
            if time.monotonic() > end: raise SystemExit(f"only {self.taken} of {count} messages arrived")
            time.sleep(0.005)

    def __enter__(self): return self
    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Measured(Server):
    def __init__(self, start=True, **settings):
        self.folder = tempfile.mkdtemp(prefix="posthorn-bench-", dir=options.folder)
        super().__init__(data=self.folder, start=start, settings={"smtp.trusted_networks": "127.0.0.0/8", **settings})

    def __exit__(self, *what):
        super().__exit__(*what)
        shutil.rmtree(self.folder, ignore_errors=True)


def sent(port, sink):
    """Messages a second, from the first connection until the next server has all of them."""
    before, began = sink.taken, time.monotonic()
    tool("smtp-source", "-s", "20", "-l", "4096", "-m", str(options.messages), "-f", "a@example.test", "-t", "b@elsewhere.example",
         f"127.0.0.1:{port}", timeout=900)
    sink.wait_for(before + options.messages)
    return options.messages / (time.monotonic() - began)


def rate():
    ours, theirs = [], []
    with Sink() as sink, contextlib.ExitStack() as stack:
        peer = None if options.no_peer else stack.enter_context(peers.Peers(relay=f"[127.0.0.1]:{sink.port}"))
        with Measured(**{"relay.smart_host": f"127.0.0.1:{sink.port}"}) as server:
            for _ in range(options.rounds):
                if peer: theirs.append(sent(peer.smtp, sink))
                ours.append(sent(server.ports["smtp"], sink))
    other, own = statistics.median(theirs or [0]), statistics.median(ours)
    print(f"taken and sent on, {options.messages} messages of 4 KiB from 20 sessions: Postfix {other:.0f} a second, Posthorn {own:.0f}"
          f" ({own / other if other else 0:.1f} times; goal 5); of {' '.join(f'{x:.0f}' for x in theirs)} and {' '.join(f'{x:.0f}' for x in ours)}", flush=True)


def dead_address(number): return f"127.{1 + number // 60_000}.{number % 60_000 // 250}.{1 + number % 250}"


@contextlib.contextmanager
def names(live, dead):
    """A name server for d1.live.bench ... (the sink) and d1.dead.bench ... (an address each)."""
    folder, port = tempfile.mkdtemp(prefix="nsd-"), peers.free_port()
    zone = "$ORIGIN bench.\n$TTL 3600\n@ IN SOA ns hostmaster 1 60 60 60 60\n@ IN NS ns\nns A 127.0.0.1\nmx A 127.0.0.1\n*.live MX 10 mx\n"
    zone += "".join(f"d{i + 1}.dead MX 10 mx.d{i + 1}.dead\nmx.d{i + 1}.dead A {dead_address(i)}\n" for i in range(dead))
    open(f"{folder}/bench.zone", "w").write(zone)
    open(f"{folder}/nsd.conf", "w").write(
        f'server:\n  ip-address: 127.0.0.1@{port}\n  username: ""\n  chroot: ""\n  zonesdir: "{folder}"\n  database: ""\n  rrl-ratelimit: 0\n'
        f'  pidfile: "{folder}/nsd.pid"\n  xfrdfile: "{folder}/xfrd.state"\n  zonelistfile: "{folder}/zone.list"\n  server-count: 1\n'
        f'remote-control:\n  control-enable: no\nzone:\n  name: bench\n  zonefile: bench.zone\n')
    process = subprocess.Popen([shutil.which("nsd") or "/usr/sbin/nsd", "-d", "-c", f"{folder}/nsd.conf"], stderr=subprocess.DEVNULL)
    time.sleep(1)
    try: yield port
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def silence(count, port):
    """Servers that take a connection and never say a word: every second of the dead ones; at the others there is none."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    held = []
    for i in range(0, count, 2): held.append(socket.create_server((dead_address(i), port), backlog=50))
    try: yield
    finally:
        for one in held: one.close()


def full(entries, live, dead):
    """Live entries sent a second."""
    port = peers.free_port()
    with Sink(port=port) as sink, silence(dead, port), names(live, dead) as dns, \
            Measured(start=False, **{"relay.port": str(port), "dns.server": f"127.0.0.1:{dns}"}) as server:
        tool(os.environ["FILL_QUEUE"], server.folder, "a@example.test", str(entries), str(live), str(dead), timeout=900)
        alive = entries // 2 if dead else entries
        server.start()
        began = time.monotonic()
        profile = options.profile and dead and subprocess.Popen(["perf", "record", "-F", "200", "-g", "-o", options.profile, "-p", str(server.process.pid)],
                                                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        listing = []
        while sink.taken < alive:
            if time.monotonic() - began > 900: raise SystemExit(f"only {sink.taken} of {alive} live ones are sent")
            if dead and len(listing) < 3 and sink.taken > alive * (len(listing) + 1) // 5:
                at = time.monotonic()
                server.ask("queue", "list")
                listing.append(time.monotonic() - at)
            time.sleep(0.01)
        took = time.monotonic() - began
        if profile:
            profile.terminate()
            profile.wait()
        peak = status_kib(server.process.pid, "VmHWM") / 1024
        report = server.ask("queue", "list", "--limit", "10000", json_result=True)
        at = time.monotonic()
        server.ask("queue", "list")
        listing.append(time.monotonic() - at)
        print(f"  {entries} entries, {live} live and {dead} dead destinations: {alive / took:.0f} live ones a second ({took:.1f} s), memory "
              f"{peak:.0f} MiB at most, {report['total']} left; queue list {', '.join(f'{x:.2f}' for x in listing)} s", flush=True)
        server.kill()
        return alive / took


def queue():
    half = options.destinations // 2
    print("a full queue", flush=True)
    alone = full(options.entries // 2, half, 0)
    beside = full(options.entries, half, half)
    print(f"  beside the dead half at {100 * beside / alone:.0f} % of its rate alone (goal 70)", flush=True)


for part in options.only.split(","): {"rate": rate, "queue": queue}[part]()
