#!/usr/bin/env python3
"""What must survive: kill -9 under load, a full disk, a power cut, floods, smuggling, descriptors running out."""
import collections, os, random, select, socket, subprocess, tempfile, threading, time
from posthorn import *

KILLS = int(os.environ.get("POSTHORN_KILLS", "50"))


class Senders:
    """Twenty senders that note every message whose 250 they saw."""
    def __init__(self, server, count=20, size=2000):
        self.server, self.size, self.acknowledged, self.stopping = server, size, [], False
        self.unknown, self.lock, self.next = set(), threading.Lock(), 0
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(count)]
        for t in self.threads: t.start()

    def run(self):
        while not self.stopping:
            try:
                s, f = raw(self.server.ports["smtp"], timeout=20)
                reply(f); s.sendall(b"EHLO c.example\r\n"); reply(f)
                for _ in range(5):
                    if self.stopping: break
                    with self.lock: self.next += 1; number = self.next
                    s.sendall(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<anna@example.test>\r\nDATA\r\n")
                    for want in b"250", b"250", b"354":
                        if not reply(f).startswith(want): raise OSError
                    with self.lock: self.unknown.add(number)
                    s.sendall(b"Subject: m%d\r\n\r\n" % number + b"x" * 70 * (self.size // 70) + b"\r\n.\r\n")
                    answer = reply(f)
                    with self.lock:
                        if answer.startswith(b"250"): self.acknowledged.append(number)
                        if answer: self.unknown.discard(number)
                s.close()
            except OSError: time.sleep(0.02)

    def stop(self):
        self.stopping = True
        for t in self.threads: t.join(LONG_ENOUGH)
        assert not any(t.is_alive() for t in self.threads)


def verify(server, senders):
    imap = server.imap()
    seen = collections.Counter(int(s[1:]) for s in subjects(imap) if s.startswith("m"))
    lost = [n for n in senders.acknowledged if seen[n] == 0]
    twice = [n for n, c in seen.items() if c > 1]
    assert not lost, f"{len(lost)} acknowledged messages are lost: {lost[:10]}"
    assert not twice, f"{len(twice)} messages are there twice: {twice[:10]}"
    strangers = set(seen) - set(senders.acknowledged) - senders.unknown
    assert not strangers, f"refused and there all the same: {list(strangers)[:10]}"
    return imap, len(seen)


def kill_9_loses_nothing():
    chance = random.Random(20261123)
    with Server() as server:
        server.add("anna")
        senders, last_uid, last_modseq = Senders(server), 0, 0
        for i in range(KILLS):
            time.sleep(chance.uniform(0.05, 0.4))
            server.kill()
            server.start(fixed_ports=True)
            imap = server.imap()
            status = imap.status("INBOX", "(UIDNEXT HIGHESTMODSEQ)")[1][0].decode()
            uid, modseq = (int(re.search(rf"{name} (\d+)", status).group(1)) for name in ("UIDNEXT", "HIGHESTMODSEQ"))
            assert uid >= last_uid, f"UIDNEXT went back from {last_uid} to {uid}"
            assert modseq >= last_modseq, f"HIGHESTMODSEQ went back from {last_modseq} to {modseq}"
            last_uid, last_modseq = uid, modseq
            imap.logout()
        senders.stop()
        imap, count = verify(server, senders)
        uids = imap.uid("SEARCH", "ALL")[1][0].split()
        assert len(uids) == len(set(uids)) and uids == sorted(uids, key=int)
        report = server.ask("check", json_result=True)
        assert not report["faults"], report
        print(f"  {KILLS} kills, {len(senders.acknowledged)} acknowledged, {count} there, "
              f"{len(senders.unknown)} with an unknown outcome")


def a_full_disk_costs_nothing():
    folder = tempfile.mkdtemp(prefix="posthorn-full-")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], check=True)
    try:
        with Server(data=f"{folder}/data", settings={"store.min_free_space": "1048576"}) as server:
            server.add("anna")
            senders, replies = Senders(server, count=4, size=60_000), set()
            deadline = time.monotonic() + 600
            while time.monotonic() < deadline: # until it says that it is full
                with server.smtp() as smtp:
                    code, text = smtp.docmd("EHLO", "x")
                    code, text = smtp.docmd("MAIL", "FROM:<a@b.example>")
                    if 400 <= code < 500: break
                    assert code == 250, (code, text)
                time.sleep(0.05)
            else: raise AssertionError("the disk never became full")
            imap = server.imap() # reading goes on
            assert imap.select("INBOX")[0] == "OK"
            senders.stop()
            verify(server, senders)
            subprocess.run(["mount", "-o", "remount,size=200m", folder], check=True)
            deadline = time.monotonic() + LONG_ENOUGH
            while time.monotonic() < deadline:
                with server.smtp() as smtp:
                    try:
                        smtp.sendmail("a@b.example", ["anna@example.test"], "Subject: m0\r\n\r\nroom again\r\n")
                        break
                    except Exception: time.sleep(0.2)
            else: raise AssertionError("no recovery when space came back")
            report = server.ask("check", json_result=True)
            assert not report["faults"], report
            print(f"  {len(senders.acknowledged)} acknowledged before the disk was full")
    finally:
        subprocess.run(["umount", "-l", folder], check=False)
        os.rmdir(folder)


def a_power_cut_loses_nothing():
    """The data directory on a file system image of its own; snapshots of the image, taken as the disk would be found
    after a cut, are mounted and must hold each message acknowledged before the snapshot began."""
    with file_system(400) as (place, image):
        snapshots = []
        with Server(data=f"{place}/data") as server:
            server.add("anna")
            senders = Senders(server)
            for i in range(3):
                time.sleep(1.5)
                with senders.lock: before = list(senders.acknowledged)
                # What reached the device. A cut between two writes would show part of what comes after the copy began;
                # the file system's journal makes that consistent, as it does after a real cut.
                subprocess.run(["cp", "--sparse=always", image, f"{image}.{i}"], check=True)
                snapshots.append((f"{image}.{i}", before))
            senders.stop()
        for path, before in snapshots:
            with mounted(path, f"{path}.found") as found, Server(data=f"{found}/data") as server:
                there = set(subjects(server.imap()))
                lost = [n for n in before if f"m{n}" not in there]
                assert not lost, f"{len(lost)} of {len(before)} acknowledged messages are lost"
                report = server.ask("check", json_result=True)
                assert not report["faults"], report
                print(f"  snapshot: {len(before)} acknowledged, all there; {len(there)} in all")


def ten_thousand_idlers_do_no_harm():
    """10,000 connections that say nothing, one octet a second, or garbage; real clients are still served."""
    import resource
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with Server(settings={"server.max_connections": "20000"}) as server:
        server.add("anna")
        before, held = server.rss_kib(), []
        kinds = SERVICES
        count = min(10_000, hard - 200)
        for i in range(count):
            s = socket.socket()
            s.bind((f"127.0.{1 + i // 20000}.{1 + i % 200}", 0)) # many addresses: a port range is only 28,000 wide
            s.connect(("127.0.0.1", server.ports[kinds[i % len(kinds)]]))
            held.append(s)
        for i, s in enumerate(held):
            s.setblocking(False)
            if i % 3 == 2:
                try: s.send(os.urandom(200))
                except OSError: pass
        slow = held[1::3]
        began = time.monotonic()
        for i in range(20):
            with server.smtp() as smtp: smtp.sendmail("a@b.example", ["anna@example.test"], f"Subject: m{i}\r\n\r\nx\r\n")
        imap = server.imap()
        assert len(subjects(imap)) == 20
        took = time.monotonic() - began
        grown = server.rss_kib() - before
        assert grown < count * 40, f"{grown} KiB for {count} connections"
        assert took < 55, f"real clients waited {took:.1f} s" # those that say nothing have their places for a minute
        # Those that say nothing are cut at their deadline (60 s), the slow ones too, however long they go on.
        deadline = time.monotonic() + 600
        open_ones, trickled = held, 0
        while open_ones and time.monotonic() < deadline:
            if time.monotonic() >= trickled + 1:
                trickled = time.monotonic()
                for s in slow:
                    try: s.send(b"E")
                    except OSError: pass
            poll = select.poll()
            for s in open_ones: poll.register(s, select.POLLIN | select.POLLRDHUP)
            ready = {fd for fd, event in poll.poll(1000) if event & (select.POLLRDHUP | select.POLLHUP | select.POLLERR)}
            open_ones = [s for s in open_ones if s.fileno() not in ready]
        assert not open_ones, f"{len(open_ones)} of {count} were never cut"
        print(f"  {count} connections, {grown} KiB more, real clients served in {took:.2f} s")


def nothing_is_smuggled():
    tricks = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n.\r", b"\r\n\0.\r\n"]
    second = b"MAIL FROM:<evil@b.example>\r\nRCPT TO:<anna@example.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n"
    with Server() as server:
        server.add("anna")
        for trick in tricks:
            s, f = raw(server.ports["smtp"])
            reply(f); s.sendall(b"EHLO c.example\r\n"); reply(f)
            s.sendall(b"MAIL FROM:<a@b.example>\r\n"); reply(f)
            s.sendall(b"RCPT TO:<anna@example.test>\r\n"); reply(f)
            s.sendall(b"DATA\r\n"); reply(f)
            s.sendall(b"Subject: first\r\n\r\nhello" + trick + second + b"QUIT\r\n")
            answers = f.read()
            assert not (b"smuggled" in answers), answers
            if b"\0" not in trick: assert answers.startswith(b"550 5.6.11"), (trick, answers)
            s.close()
        imap = server.imap()
        assert not any("smuggled" in s and s.strip() == "smuggled" for s in subjects(imap)), subjects(imap)
        # What comes with STARTTLS before the handshake is dropped.
        s, f = raw(server.ports["smtp"])
        reply(f); s.sendall(b"EHLO c.example\r\n"); reply(f)
        s.sendall(b"STARTTLS\r\nNOOP\r\nRSET\r\n")
        assert reply(f).startswith(b"220")
        t = TRUST.wrap_socket(s, server_hostname="x")
        t.sendall(b"EHLO c.example\r\n")
        answer = t.recv(4096)
        assert answer.startswith(b"250-"), answer
        t.sendall(b"QUIT\r\n")
        rest = b""
        while chunk := t.recv(4096): rest += chunk
        assert rest.count(b"\r\n") == 1 and rest.startswith(b"221"), rest


def descriptors_running_out_is_no_end():
    with Server(wrapper=["prlimit", "--nofile=200:200"]) as server:
        server.add("anna")
        held = []
        for i in range(400):
            s = socket.socket(); s.settimeout(5)
            try: s.connect(("127.0.0.1", server.ports["smtp"])); held.append(s)
            except OSError: break
        time.sleep(1)
        for s in held: s.close()
        deadline = time.monotonic() + LONG_ENOUGH
        while True:
            try:
                with server.smtp() as smtp: smtp.sendmail("a@b.example", ["anna@example.test"], "Subject: m1\r\n\r\nx\r\n")
                break
            except Exception:
                if time.monotonic() > deadline: raise
                time.sleep(0.2)


def an_endless_line_is_cut():
    with Server() as server:
        server.add("anna")
        before = server.rss_kib()
        for service in "smtp", "imap", "pop3":
            s, f = raw(server.ports[service], timeout=20)
            f.readline()
            try:
                for _ in range(300): s.sendall(b"A" * 100_000)
            except OSError: pass # cut off, as it should be
            s.close()
        assert server.rss_kib() - before < 20_000, f"{server.rss_kib() - before} KiB more"
        with server.smtp() as smtp: smtp.sendmail("a@b.example", ["anna@example.test"], "Subject: m1\r\n\r\nx\r\n")


def a_big_message_takes_little_memory():
    with Server() as server:
        server.add("anna")
        with server.smtp() as smtp: smtp.sendmail("a@b.example", ["anna@example.test"], "Subject: m1\r\n\r\nx\r\n")
        imap = server.imap(); subjects(imap)
        before, peak, done = server.rss_kib(), 0, threading.Event()
        def watch():
            nonlocal peak
            while not done.is_set(): peak = max(peak, server.rss_kib()); time.sleep(0.005)
        watcher = threading.Thread(target=watch); watcher.start()
        line = b"0123456789" * 7 + b"\r\n"
        s, f = raw(server.ports["smtp"], timeout=120)
        reply(f); s.sendall(b"EHLO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<anna@example.test>\r\nDATA\r\n")
        for _ in range(4): reply(f)
        s.sendall(b"Subject: m2\r\n\r\n")
        block = line * 10_000
        sent = 0
        while sent < 50 * 1024 * 1024: s.sendall(block); sent += len(block)
        s.sendall(b".\r\n")
        answer = reply(f)
        assert answer.startswith(b"250"), answer
        imap.select("INBOX", readonly=True)
        s2, f2 = raw(server.ports["imap"], timeout=120)
        f2.readline()
        s2.sendall(b'a LOGIN anna@example.test "%s"\r\n' % PASSWORD.encode())
        while not f2.readline().startswith(b"a "): pass
        s2.sendall(b"b EXAMINE INBOX\r\n")
        while not f2.readline().startswith(b"b "): pass
        s2.sendall(b"c FETCH 2 BODY.PEEK[]\r\n")
        got = 0
        while not (l := f2.readline()).startswith(b"c "): got += len(l)
        done.set(); watcher.join()
        assert got > 50 * 1024 * 1024
        assert peak - before < 16 * 1024, f"grew by {peak - before} KiB"
        print(f"  grew by {peak - before} KiB")


if __name__ == "__main__":
    run(kill_9_loses_nothing, a_full_disk_costs_nothing, a_power_cut_loses_nothing, ten_thousand_idlers_do_no_harm,
        nothing_is_smuggled, descriptors_running_out_is_no_end, an_endless_line_is_cut,
        a_big_message_takes_little_memory)
