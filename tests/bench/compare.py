#!/usr/bin/env python3
"""compare.py [--quick] [--peers FILE] [--load FILE] [--imap FILE] [--idle FILE] [--maildir FILE]

Measures Posthorn beside Postfix with Dovecot in one run, on this machine, and prints a table with ratios. Works inside a
throwaway Debian 13 root only: it sets up Postfix and Dovecot with `peers.sh` (default: the bench folder shared with the
project, or $POSTHORN_BENCH). Never fails on speed: it prints."""
import argparse, os, re, subprocess, sys, tempfile, time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from posthorn import *

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--quick", action="store_true", help="fewer messages")
parser.add_argument("--bench", default=os.environ.get("POSTHORN_BENCH", "/work/shared/bench"))
parser.add_argument("--mailbox", type=int, default=100_000)
parser.add_argument("--idle", type=int, default=5_000)
parser.add_argument("--only", default="deliver,imap,idle,start")
parser.add_argument("--no-peer", action="store_true")
options = parser.parse_args()
parts = options.only.split(",")
if not os.path.exists(f"{options.bench}/peers.sh"):
    print(f"no peers.sh in {options.bench}: nothing to compare with"); sys.exit(0)

def script(name, *arguments, timeout=1800):
    return tool("python3", f"{options.bench}/{name}", *arguments, timeout=timeout)

def rate(text, what="delivered"): return float(re.search(what + r"\s+([\d.]+)/s", text).group(1))

def deliver(server):
    rows = [("4 KiB, 20 sessions", ["-s", "20", "-l", "4096"]), ("50 KiB, 20 sessions", ["-s", "20", "-l", "51200"]),
            ("4 KiB, 1 session", ["-s", "1", "-l", "4096"])]
    print(f"\n{'delivered and durable, a second':36s} {'peer':>8s} {'Posthorn':>9s} {'ratio':>6s}")
    for name, flags in rows:
        n = 1000 if options.quick else 3000
        peer = 0 if options.no_peer else rate(script("delivered.py", "--smtp", "127.0.0.1:2525", "--imap", "127.0.0.1:1143", "--user",
                           f"u{time.time_ns()}@example.com", "--password", "pass", "-n", str(n), *flags))
        count = n if options.quick else 20_000 if "4 KiB, 20" in name else 6_000
        ours = rate(script("delivered.py", "--smtp", f"127.0.0.1:{server.ports['smtp']}", "--imap",
                           f"127.0.0.1:{server.ports['imap']}", "--user", "load@example.test", "--password", PASSWORD,
                           "-n", str(count), *flags))
        print(f"{name:36s} {peer:8.0f} {ours:9.0f} {ours / max(peer, 1):6.1f}", flush=True)

def fill(server, folder, user):
    """The same mail for both: a Maildir for Dovecot, appended to Posthorn through IMAP."""
    s, f = raw(server.ports["imap"], timeout=600)
    f.readline(); s.sendall(b'a LOGIN "%s" "%s"\r\n' % (user.encode(), PASSWORD.encode()))
    while not f.readline().startswith(b"a "): pass
    began, sent = time.time(), 0
    names = sorted(os.listdir(f"{folder}/cur"), key=lambda n: int(n.split(".")[0]))
    batch = bytearray()
    for i, name in enumerate(names):
        body = open(f"{folder}/cur/{name}", "rb").read()
        batch += b't%d APPEND INBOX (\\Seen) {%d+}\r\n' % (i, len(body)) + body + b"\r\n"
        sent += 1
        if len(batch) > 200_000 or i == len(names) - 1:
            s.sendall(batch); batch.clear()
            while sent:
                if f.readline().startswith(b"t"): sent -= 1
    print(f"{len(names)} messages appended one after another: {len(names) / (time.time() - began):.0f} a second")

def table(text):
    rows = {}
    for line in text.splitlines():
        m = re.match(r"(.{44}) +([\d.]+) s +cpu +([\d.]+) s  (.*)", line)
        if m: rows[m.group(1).strip()] = (float(m.group(2)), float(m.group(3)), m.group(4))
        elif line.strip(): print("   ", line)
    return rows

def imap(server):
    with tempfile.TemporaryDirectory() as folder:
        tool("python3", f"{options.bench}/make_maildir.py", f"{folder}/m", str(options.mailbox), timeout=900)
        fill(server, f"{folder}/m", "big@example.test")
        dovecot = {}
        if not options.no_peer:
            home = "/var/vmail/big@example.com"
            tool("sh", "-c", f"rm -rf {home}; mkdir -p {home}; cp -r {folder}/m {home}/Maildir; chown -R vmail {home}")
            tool("doveadm", "-o", "mail_driver=maildir", "-o", "mail_path=~/Maildir", "sync", "-u", "big@example.com", "sdbox:~/sdbox",
                 timeout=900)
            dovecot = table(script("imap_bench.py", "127.0.0.1", "1143", "big@example.com", "pass", "--pids-of",
                                   "imap,dovecot", "--idle", "100"))
    ours = table(script("imap_bench.py", "127.0.0.1", str(server.ports["imap"]), "big@example.test", PASSWORD,
                        "--pids-of", "posthornd", "--idle", "100"))
    print(f"\n{f'IMAP on {options.mailbox} messages, seconds':44s} {'Dovecot':>8s} {'Posthorn':>9s} {'ours/peer':>9s}")
    for name, (wall, cpu, note) in ours.items():
        peer = dovecot.get(name, (0, 0, ""))[0]
        print(f"{name:44s} {peer:8.3f} {wall:9.3f} {wall / peer if peer else 0:9.2f}  {note if not note.startswith('OK') else ''}", flush=True)

def idle(server):
    print("\nPosthorn:", script("imap_idle.py", "127.0.0.1", str(server.ports["imap"]), "load@example.test", PASSWORD,
                                str(options.idle), "posthornd").strip())
    if not options.no_peer:
        print("Dovecot: ", script("imap_idle.py", "127.0.0.1", "1143", "u%d@example.com", "pass", "300",
                                  "imap,dovecot").strip())

if not options.no_peer: print(tool("bash", f"{options.bench}/peers.sh", "start", timeout=600).strip())
try:
    with Server(settings={"server.max_connections": "20000"}) as server:
        server.add("load", "big")
        if "deliver" in parts: deliver(server)
        if "imap" in parts: imap(server)
        if "idle" in parts: idle(server)
        if "start" in parts:
            server.stop(); server.start()
            print(f"\nstart to ready with what is in the store now: {server.started_in:.3f} s")
finally:
    if not options.no_peer: subprocess.run(["bash", f"{options.bench}/peers.sh", "stop"], capture_output=True)
