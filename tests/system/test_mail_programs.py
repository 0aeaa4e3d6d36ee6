#!/usr/bin/env python3
"""Mail programs that keep a copy of their own, with many messages, and when the server is killed while they work."""
import collections, os, shutil, subprocess, tempfile, time
from posthorn import *
from test_clients import letter, mutt, typed

USER = "anna@example.test"
KEPT = {"\\Seen": "S", "\\Flagged": "F", "\\Answered": "R", "\\Draft": "D"} # flags, as a Maildir's names have them


def octets(subject): return letter(subject).as_bytes().replace(b"\n", b"\r\n")


def fill(server, count, mailbox="INBOX", name="m"):
    """Many messages with all kinds of flags, a hundred in each APPEND."""
    s, f = raw(server.ports["imap"])
    s.sendall(f'a LOGIN {USER} "{PASSWORD}"\r\n'.encode())
    for first in range(0, count, 100):
        s.sendall(b"b APPEND " + mailbox.encode())
        for i in range(first, min(first + 100, count)):
            text = octets(f"{name}{i}")
            s.sendall(b" (%s) {%d+}\r\n" % (" ".join(flags_of(i)).encode(), len(text)) + text)
        s.sendall(b"\r\n")
        while not (line := f.readline()).startswith(b"b "): pass
        assert line.startswith(b"b OK"), line
    s.close()


def flags_of(i): return [flag for bit, flag in enumerate(KEPT) if i >> bit & 1]


def on_server(server, mailbox="INBOX"):
    """How often each message with its flags is there."""
    imap = server.imap()
    if int(imap.select(mailbox, readonly=True)[1][0]) == 0: return collections.Counter()
    found = imap.fetch("1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
    imap.logout()
    held = collections.Counter()
    for head, text in (part for part in found if isinstance(part, tuple)):
        flags = head.split(b"FLAGS (")[1].split(b")")[0].decode().split()
        held[text.split(b": ", 1)[1].strip().decode(), "".join(sorted(KEPT[f] for f in flags if f in KEPT))] += 1
    return held


def in_maildir(folder):
    held = collections.Counter()
    for part in "cur", "new":
        for name in os.listdir(f"{folder}/{part}"):
            with open(f"{folder}/{part}/{name}", errors="replace") as f:
                subject = next(line for line in f if line.startswith("Subject: "))[9:].strip()
            held[subject, "".join(sorted(set(name.rpartition(":2,")[2]) & set("SFRD") if ":2," in name else ""))] += 1
    return held


def write_maildir(folder, count, name):
    for part in "cur", "new", "tmp": os.makedirs(f"{folder}/{part}", exist_ok=True)
    for i in range(count):
        letters = "".join(sorted(KEPT[f] for f in flags_of(i)))
        with open(f"{folder}/cur/17000000{i:05d}.{name}.here:2,{letters}", "wb") as f: f.write(letter(f"{name}{i}").as_bytes())


def kill_when(server, process, ready):
    """Kills the server while the program works, as soon as ready() says so, and starts it again."""
    while not ready():
        assert process.poll() is None, "it was done before the server was killed"
        time.sleep(0.005)
    server.kill()
    process.wait(timeout=600)
    server.start(fixed_ports=True)


def files_in(folder):
    return sum(len(os.listdir(f"{folder}/{part}")) for part in ("cur", "new") if os.path.isdir(f"{folder}/{part}"))


def agree(server, folder, subjects_wanted):
    near, far = in_maildir(folder), on_server(server)
    assert near == far, (len(near), len(far), list((near - far).items())[:5], list((far - near).items())[:5])
    held = collections.Counter(subject for subject, _ in far.elements())
    assert held == collections.Counter(subjects_wanted), [x for x in held.items() if x[1] > 1][:5] or set(subjects_wanted) - set(held)


def mbsync_keeps_ten_thousand_alike():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.add("anna")
        fill(server, 10_000)
        near = f"{folder}/mail/INBOX"
        os.makedirs(f"{folder}/state")
        command = mbsync(server, folder, f"SyncState {folder}/state/")
        began = time.monotonic()
        sync = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        kill_when(server, sync, lambda: files_in(near) > 500)
        assert sync.returncode != 0, "it was done before the server was killed"
        tool(*command)
        names = [f"m{i}" for i in range(10_000)]
        agree(server, near, names)
        print(f"  10,000 fetched, killed on the way, in {time.monotonic() - began:.1f} s", flush=True)

        # Both sides change: new mail, flags, removals; the server is killed while they are carried over.
        began = time.monotonic()
        write_maildir(near, 3_000, "near")
        for name in sorted(os.listdir(f"{near}/cur")):
            if ".near.here" in name or ":2," not in name: continue
            stem, _, letters = name.rpartition(":2,")
            if hash_of(name) % 10 == 0: os.rename(f"{near}/cur/{name}", f"{near}/cur/{stem}:2,{''.join(sorted(set(letters) ^ set('F')))}")
        imap = server.imap()
        imap.select("INBOX")
        imap.store("1:1000", "+FLAGS.SILENT", r"(\Deleted)")
        imap.expunge()
        imap.store("2001:4000", "-FLAGS.SILENT", r"(\Seen)")
        imap.store("4001:5000", "+FLAGS.SILENT", r"(\Answered)")
        watch = server.imap()
        sync = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        kill_when(server, sync, lambda: messages(watch) > 9_000 + 500)
        tool(*command)
        agree(server, near, names[1000:] + [f"near{i}" for i in range(3_000)])
        print(f"  3,000 sent and thousands changed, killed on the way, in {time.monotonic() - began:.1f} s", flush=True)
        assert server.ask("check", json_result=True)["faults"] == []


def hash_of(name):
    import zlib
    return zlib.crc32(name.split(":")[0].encode())


def messages(imap):
    return int(re.search(rb"MESSAGES (\d+)", imap.status("INBOX", "(MESSAGES)")[1][0])[1])


def offlineimap_agrees():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.add("anna")
        fill(server, 800)
        near = f"{folder}/mail/INBOX"
        with open(f"{folder}/rc", "w") as f: f.write(f"""
[general]
accounts = home
metadata = {folder}/meta
fsync = False
maxsyncaccounts = 1
[Account home]
localrepository = near
remoterepository = far
[Repository near]
type = Maildir
localfolders = {folder}/mail
[Repository far]
type = IMAP
remotehost = 127.0.0.1
remoteport = {server.ports['imap']}
remoteuser = {USER}
remotepass = {PASSWORD}
ssl = no
starttls = no
folderfilter = lambda name: name == 'INBOX'
retrycount = 1
""")
        command, env = ["offlineimap", "-o", "-u", "quiet", "-c", f"{folder}/rc"], {**os.environ, "HOME": folder}
        sync = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        kill_when(server, sync, lambda: files_in(near) > 100)
        tool(*command, env=env)
        names = [f"m{i}" for i in range(800)]
        agree(server, near, names)
        write_maildir(near, 100, "near")
        imap = server.imap()
        imap.select("INBOX")
        imap.store("1:50", "+FLAGS.SILENT", r"(\Deleted)")
        imap.expunge()
        imap.store("1:50", "+FLAGS.SILENT", r"(\Flagged)")
        imap.logout()
        tool(*command, env=env)
        agree(server, near, names[50:] + [f"near{i}" for i in range(100)])


def getmail_fetches_each_once():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.add("anna")
        fill(server, 60)
        for kind, service, more in (("SimpleIMAPRetriever", "imap", 'mailboxes = ("INBOX",)'), ("SimplePOP3SSLRetriever", "pop3s", "")):
            for part in "cur", "new", "tmp": os.makedirs(f"{folder}/{service}/{part}")
            with open(f"{folder}/rc", "w") as f: f.write(f"""
[retriever]
type = {kind}
server = 127.0.0.1
port = {server.ports[service]}
username = {USER}
password = {PASSWORD}
{more}
[destination]
type = Maildir
path = {folder}/{service}/
[options]
read_all = false
delete = false
verbose = 0
""")
            # It delivers for no root.
            user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
            if user: tool("chown", "-R", "65534:65534", folder)
            command = [*user, "getmail", f"--getmaildir={folder}", f"--rcfile={folder}/rc"]
            tool(*command)
            fill(server, 5, name=service)
            server.kill()
            server.start(fixed_ports=True)
            tool(*command) # only what is new
            got = [subject for subject, _ in in_maildir(f"{folder}/{service}").elements()]
            assert len(got) == len(set(got)) == messages(server.imap()), sorted(got)


def fetchmail_loses_nothing_when_the_server_is_killed():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.add("anna")
        fill(server, 400)
        with open(f"{folder}/rc", "w") as f: f.write(
            f'poll 127.0.0.1 service {server.ports["pop3s"]} protocol pop3 user "{USER}" password "{PASSWORD}" ssl no sslcertck '
            f'no keep fetchall mda "grep ^Subject >> {folder}/got"\n')
        os.chmod(f"{folder}/rc", 0o600)
        command = ["fetchmail", "-s", "-f", f"{folder}/rc", "--pidfile", f"{folder}/pid", "--idfile", f"{folder}/ids"]
        env = {"HOME": folder, "USER": "root", "LOGNAME": "root"}
        got = lambda: open(f"{folder}/got").read().split("\n")[:-1] if os.path.exists(f"{folder}/got") else []
        fetch = subprocess.Popen(command, env={**os.environ, **env}, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        kill_when(server, fetch, lambda: len(got()) > 20)
        tool(*command, env=env)
        assert {line.split()[1] for line in got()} == {f"m{i}" for i in range(400)}
        assert messages(server.imap()) == 0


def neomutt_sorts_its_mail():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.add("anna")
        for i in range(4): assert server.imap().append("INBOX", None, None, octets(f"n{i}"))[0] == "OK"
        with open(f"{folder}/certificates", "w") as f: f.write(ssl.get_server_certificate(("127.0.0.1", server.ports["imaps"])))
        command, env = mutt(folder, server, USER, "<first-entry><flag-message><first-entry><next-entry><delete-message>"
                            "<last-entry><save-message>=Archive<enter><quit>")
        typed(["neomutt", *command[1:]], env)
        imap = server.imap()
        assert subjects(imap) == ["n0", "n2"] and subjects(imap, "Archive") == ["n3"], (subjects(imap), subjects(imap, "Archive"))
        imap.select("INBOX", readonly=True)
        assert imap.uid("SEARCH", "FLAGGED")[1] == [b"1"]
        server.kill()
        server.start(fixed_ports=True)
        typed(["neomutt", *mutt(folder, server, USER, "<last-entry><delete-message><quit>")[0][1:]], env)
        assert subjects(server.imap()) == ["n0"]


def alpine_reads_and_expunges():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.add("anna")
        for i in range(4): assert server.imap().append("INBOX", None, None, octets(f"n{i}"))[0] == "OK"
        where = f"{{127.0.0.1:{server.ports['imaps']}/ssl/novalidate-cert/user={USER}}}"
        with open(f"{folder}/.pinerc", "w") as f: f.write(f"""
inbox-path={where}INBOX
folder-collections=Mail {where}[]
personal-name=Anna
user-domain=example.test
feature-list=expunge-without-confirm,quit-without-confirm,enable-flag-cmd
last-version-used=99.99
""")
        typed(["alpine", "-p", f"{folder}/.pinerc", "-i"], {"HOME": folder, "TERM": "vt100", "LANG": "C.UTF-8", "USER": "anna"},
              answers={b"PASSWORD": PASSWORD.encode() + b"\r", b"for next login": b"n", b"Message 1 of 4": b"dxq"})
        imap = server.imap()
        assert subjects(imap) == ["n1", "n2", "n3"], subjects(imap)


if __name__ == "__main__":
    run(mbsync_keeps_ten_thousand_alike, offlineimap_agrees, getmail_fetches_each_once,
        fetchmail_loses_nothing_when_the_server_is_killed, neomutt_sorts_its_mail, alpine_reads_and_expunges)
