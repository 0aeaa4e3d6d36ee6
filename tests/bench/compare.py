#!/usr/bin/env python3
"""Measures Posthorn beside Postfix with Dovecot, in one run on this machine, and prints tables with ratios.

It never fails on speed: it prints. Needs root for the peers, Postfix's smtp-source, and the programs named by
$POSTHORND, $FILL_STORE and $NULL_SMTP; tests/bench/run sets all of that up."""
import argparse, os, re, shutil, statistics, subprocess, sys, tempfile, threading, time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from posthorn import PASSWORD, Server, tool
import peers
from client import Imap, forget_peak, pss, status_kib
from imap_table import table
from mail import messages, write_maildir

PARTS = ["deliver", "imap", "idle", "big", "grow", "start", "huge"]
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--only", default=",".join(PARTS), help=f"some of: {','.join(PARTS)}")
parser.add_argument("--no-peer", action="store_true", help="Posthorn alone")
parser.add_argument("--rounds", type=int, default=3, help="of deliveries, in turns; the median counts")
parser.add_argument("--mailbox", type=int, default=100_000, help="messages in the big mailbox")
parser.add_argument("--idle", type=int, default=5_000, help="idle connections to Posthorn")
parser.add_argument("--grow", type=int, default=100_000, help="deliveries over which memory is watched")
parser.add_argument("--store", type=int, default=1_000_000, help="messages in the store that is started")
parser.add_argument("--sessions", type=int, default=20, help="on the store's mailbox at once")
parser.add_argument("--folder", default="/var/tmp", help="where the stores of all are kept while they are measured")
options = parser.parse_args()
parts = options.only.split(",")

USER, BIG = "load@example.test", "big@example.test"
PEER_USER, PEER_BIG = "load@example.com", "big@example.com"


class Measured(Server):
    """Posthorn as it comes, but that passwords travel without TLS, as they do to the peers."""

    def __init__(self, **more):
        self.folder = tempfile.mkdtemp(prefix="posthorn-bench-", dir=options.folder)
        super().__init__(data=self.folder, settings={"auth.plaintext_on_loopback": "true", "auth.iterations": "100000"},
                         **more)

    def pids(self): return [self.process.pid]

    def __exit__(self, *what):
        super().__exit__(*what)
        shutil.rmtree(self.folder, ignore_errors=True)


def smtp_source(port, user, count, sessions, octets):
    tool("smtp-source", "-s", str(sessions), "-l", str(octets), "-m", str(count), "-f", "a@sender.test", "-t", user,
         f"127.0.0.1:{port}", timeout=900)


def delivered(smtp, imap, user, password, count, sessions, octets):
    """Messages a second, from the first connection until IMAP counts all of them in the mailbox."""
    client = Imap(imap, user, password)
    before, began = client.count(), time.monotonic()
    smtp_source(smtp, user, count, sessions, octets)
    while (now := client.count() - before) < count:
        if time.monotonic() - began > 600: raise SystemExit(f"only {now} of {count} messages arrived")
        time.sleep(0.01)
    took = time.monotonic() - began
    client.close()
    return count / took


def deliver(server, peer):
    print(f"\n{'delivered and durable, a second':32s} {'peer':>8s} {'Posthorn':>9s} {'ratio':>6s} {'goal':>5s}")
    rows = [("4 KiB, 20 sessions", 20, 4096, 12), ("50 KiB, 20 sessions", 20, 51200, 10), ("4 KiB, 1 session", 1, 4096, 4)]
    for name, sessions, octets, goal in rows:
        ours, theirs = [], []
        for _ in range(options.rounds):
            if peer: theirs.append(delivered(peer.smtp, peer.imap, PEER_USER, peers.PASSWORD, 2_000, sessions, octets))
            ours.append(delivered(server.ports["smtp"], server.ports["imap"], USER, PASSWORD,
                                  20_000 if octets == 4096 and sessions > 1 else 5_000, sessions, octets))
        other, own = statistics.median(theirs or [0]), statistics.median(ours)
        print(f"{name:32s} {other:8.0f} {own:9.0f} {own / other if other else 0:6.1f} {goal:5d}"
              f"   of {' '.join(f'{x:.0f}' for x in ours)}", flush=True)
        if octets == 4096 and sessions > 1: beside_nothing(own)


def beside_nothing(own):
    """How fast this computer is with a Qt server that takes all and does nothing."""
    null = subprocess.Popen([os.environ["NULL_SMTP"]], stdout=subprocess.PIPE, text=True)
    try:
        port, rates = int(null.stdout.readline()), []
        for _ in range(options.rounds):
            began = time.monotonic()
            smtp_source(port, USER, 20_000, 20, 4096)
            rates.append(20_000 / (time.monotonic() - began))
    finally:
        null.kill()
        null.wait()
    most = statistics.median(rates)
    print(f"{'  a server that does nothing':32s} {'':8s} {most:9.0f}          Posthorn does {100 * own / most:.0f} % of it (goal 50)", flush=True)


def fill(server, connections=8):
    """The big mailbox, by APPEND after APPEND on a few connections."""
    began, clients = time.monotonic(), [Imap(server.ports["imap"], BIG, PASSWORD) for _ in range(connections)]

    def listen(client):
        for line in client.socket.makefile("rb"):
            if b" OK" not in line: raise SystemExit(line.decode())
            if line.startswith(b"last "): return

    listeners = [threading.Thread(target=listen, args=[client]) for client in clients]
    for listener in listeners: listener.start()
    for i, octets in enumerate(messages(options.mailbox)):
        clients[i % connections].socket.sendall(b"t APPEND INBOX (\\Seen) {%d+}\r\n" % len(octets) + octets + b"\r\n")
    for client in clients: client.socket.sendall(b"last NOOP\r\n")
    for listener in listeners: listener.join()
    took = time.monotonic() - began
    print(f"{options.mailbox} messages appended on {connections} connections: {options.mailbox / took:.0f} a second")
    for client in clients: client.close()


def imap(server, peer):
    fill(server)
    theirs = {}
    if peer:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            write_maildir(f"{folder}/mail", options.mailbox)
            peer.import_maildir(PEER_BIG, f"{folder}/mail")
        held = Imap(peer.imap, PEER_BIG, peers.PASSWORD).count()
        if held != options.mailbox: raise SystemExit(f"Dovecot holds {held} messages")
        theirs = {name: rest for name, *rest in table(peer.imap, PEER_BIG, peers.PASSWORD, peer.pids)}
    began = time.monotonic()
    while server.ask("search", "status", json_result=True)["waiting"]: time.sleep(0.1)
    print(f"the search index was complete {time.monotonic() - began:.1f} s later")
    print(f"\n{f'IMAP, {options.mailbox} messages':42s} {'Dovecot':>9s} {'Posthorn':>9s} {'ratio':>6s} {'cpu':>7s} {'cpu':>7s}")
    for name, seconds, busy, remark in table(server.ports["imap"], BIG, PASSWORD, server.pids):
        other, other_busy, _ = theirs.get(name, (0, 0, ""))
        print(f"{name:42s} {other:9.3f} {seconds:9.3f} {seconds / other if other else 0:6.2f} {other_busy:7.2f} {busy:7.2f}"
              f"  {remark}", flush=True)


def idle_cost(port, user, password, mailbox, count, pids):
    before, held = pss(pids()), []
    began = time.monotonic()
    for _ in range(count):
        held.append(Imap(port, user, password))
        held[-1].done(f"SELECT {mailbox}")
        held[-1].idle()
    took = time.monotonic() - began
    time.sleep(1)
    cost = (pss(pids()) - before) / count
    for client in held: client.close()
    return f"{cost:7.1f} KiB each ({count} set up in {took:.1f} s)"


def idle(_, peer):
    print("\nidle IMAP connections, selected")
    for held in (0, 10_000):
        with Measured() as server: # a new one each time: memory once used is not given back
            server.add("load")
            if held: smtp_source(server.ports["smtp"], USER, held, 20, 1024)
            cost = idle_cost(server.ports["imap"], USER, PASSWORD, "INBOX", options.idle, server.pids)
            print(f"  Posthorn, {held:6d} messages: {cost}", flush=True)
    if peer:
        Imap(peer.imap, "idle@example.com", peers.PASSWORD).ask("CREATE Archive")
        cost = idle_cost(peer.imap, "idle@example.com", peers.PASSWORD, "Archive", 300, peer.pids)
        print(f"  Dovecot,       0 messages: {cost}", flush=True)


def big(server, _):
    """The growth of memory while a message of 50 MiB arrives and is fetched."""
    for octets in (4096, 1 << 20): smtp_source(server.ports["smtp"], BIG, 200 if octets == 4096 else 5, 5, octets) # warm
    client = Imap(server.ports["imap"], BIG, PASSWORD)
    client.done("SELECT INBOX")
    time.sleep(2)
    for what, work in (("arrives by SMTP", lambda: smtp_source(server.ports["smtp"], BIG, 1, 1, 50 << 20)),
                       ("is fetched by IMAP", lambda: client.done("FETCH * BODY.PEEK[]")),
                       ("is searched", lambda: client.done('SEARCH LARGER 50000000 BODY "zzznotthere"'))):
        forget_peak(server.process.pid)
        before = status_kib(server.process.pid, "VmRSS")
        began = time.monotonic()
        work()
        took = time.monotonic() - began
        client.done("NOOP")
        print(f"memory while a message of 50 MiB {what}: grows by "
              f"{(status_kib(server.process.pid, 'VmHWM') - before) / 1024:.1f} MiB (in {took:.2f} s)", flush=True)
    client.close()


def grow(server, _):
    port = server.ports["smtp"]
    smtp_source(port, USER, 20_000, 20, 4096)
    time.sleep(1)
    before = status_kib(server.process.pid, "VmRSS")
    smtp_source(port, USER, options.grow, 20, 4096)
    time.sleep(1)
    after = status_kib(server.process.pid, "VmRSS")
    print(f"\nmemory before and after {options.grow} deliveries: {before / 1024:.1f} and {after / 1024:.1f} MiB", flush=True)


def forget_cached(folder):
    for name in os.listdir(folder):
        if not name.startswith("posthorn.db"): continue
        with open(f"{folder}/{name}", "rb") as f:
            os.fsync(f.fileno())
            os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def start(*_):
    with Measured() as server:
        server.add("big")
        server.stop()
        began = time.monotonic()
        tool(os.environ["FILL_STORE"], server.folder, BIG, str(options.store), timeout=1800)
        print(f"\nfilled with {options.store} messages in {time.monotonic() - began:.0f} s")
        for what in ("cached by the system", "read from the disk"):
            if what.startswith("read"): forget_cached(server.folder)
            server.start()
            print(f"start to ready with {options.store} messages, {what}: {server.started_in:.3f} s", flush=True)
            held = Imap(server.ports["imap"], BIG, PASSWORD).count()
            if held != options.store: raise SystemExit(f"the store holds {held} messages")
            server.stop()
        server.start()
        server.kill() # the log of the last changes is recovered
        server.start()
        print(f"start to ready after a kill: {server.started_in:.3f} s", flush=True)


def huge(*_):
    """One mailbox with very many messages, and sessions on it."""
    with Measured() as server:
        server.add("big")
        server.stop()
        tool(os.environ["FILL_STORE"], server.folder, BIG, str(options.store), timeout=1800)
        server.start()
        empty = status_kib(server.process.pid, "VmRSS")
        forget_peak(server.process.pid)
        began = time.monotonic()
        first = Imap(server.ports["imap"], BIG, PASSWORD)
        signed_in = time.monotonic()
        first.done("SELECT INBOX")
        took = time.monotonic() - signed_in
        print(f"\n{options.store} messages: sign-in {signed_in - began:.3f} s, then first SELECT {took:.3f} s; memory grows by "
              f"{(status_kib(server.process.pid, 'VmRSS') - empty) / 1024:.1f} MiB, at most "
              f"{(status_kib(server.process.pid, 'VmHWM') - empty) / 1024:.1f} MiB", flush=True)
        before, times, held = status_kib(server.process.pid, "VmRSS"), [], [first]
        for _ in range(options.sessions - 1):
            held.append(Imap(server.ports["imap"], BIG, PASSWORD))
            began = time.monotonic()
            held[-1].done("SELECT INBOX")
            times.append(time.monotonic() - began)

        def each(what): print(f"{options.sessions} sessions, {what}: {(status_kib(server.process.pid, 'VmRSS') - before) / 1024 / (options.sessions - 1):.1f} "
                              f"MiB for each but the first", flush=True)
        each(f"selected in {statistics.median(times):.3f} s")
        for client in held: client.done(f"UID FETCH {options.store - 500}:* (FLAGS)")
        for client in held[:5]: client.done(f"UID STORE {options.store // 2} +FLAGS (\\Flagged)")
        held[0].done("STORE 1:1000 +FLAGS.SILENT (\\Deleted)")
        held[0].done("EXPUNGE")
        for client in held: client.done("NOOP")
        each("after flags and 1,000 removals were told to all")
        for client in held: client.done("FETCH 1:* (UID FLAGS)")
        each("after all asked for all flags")
        for client in held: client.close()


def measure(peer):
    if peer: print(f"{peer.versions()}, {os.cpu_count()} cores", flush=True)
    with Measured() as server:
        server.add("load", "big")
        for part in parts: globals()[part](server, peer)


if options.no_peer or not {"deliver", "imap", "idle"} & set(parts): measure(None)
else:
    with peers.Peers() as peer: measure(peer)
