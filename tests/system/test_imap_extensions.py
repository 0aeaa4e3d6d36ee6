#!/usr/bin/env python3
"""Extensions of IMAP over the wire, each as its RFC tells it."""
import os, random, re, time
from posthorn import *
from test_notify import Listener, MAIL


def uids_of(text):
    """"5,3:4" in its order."""
    uids = []
    for part in text.split(","):
        first, _, last = part.partition(":")
        uids += range(int(first), int(last or first) + 1)
    return uids


class Kept:
    """A search result as ADDTO and REMOVEFROM keep it up to date (RFC 5267 §4.3)."""
    def __init__(self, client, command, ordered):
        client.n += 1
        self.tag, self.ordered, self.uids = f"a{client.n}", ordered, []
        client.n -= 1
        for line in client.cmd(command): self.hear(line)

    def hear(self, line):
        if not line.startswith(f'* ESEARCH (TAG "{self.tag}")'): return
        if match := re.search(r" ALL ([\d:,]+)", line): self.uids = uids_of(match[1])
        for kind, pairs in re.findall(r"(ADDTO|REMOVEFROM) \(([^)]*)\)", line):
            words = pairs.split()
            for position, uids in zip(map(int, words[::2]), map(uids_of, words[1::2])):
                assert (position > 0) == self.ordered, line
                at = position - 1 if self.ordered else 0
                if kind == "ADDTO": self.uids[at:at] = uids
                elif self.ordered:
                    assert self.uids[at:at + len(uids)] == uids, (line, self.uids)
                    del self.uids[at:at + len(uids)]
                else:
                    for uid in uids: self.uids.remove(uid)
        if not self.ordered: self.uids.sort()


def kept_searches_are_what_a_new_search_finds():
    seed = int(os.environ.get("SEED", time.time_ns() % 10**6))
    print(f"SEED={seed}", flush=True)
    rng = random.Random(seed)
    with Server() as server:
        server.add("anna")
        a, other = Listener(server), server.imap()
        other.select("INBOX")
        for n in range(10): other.append("INBOX", None, None, MAIL % b"subject %d" % rng.randrange(100))
        a.cmd("SELECT INBOX")
        programs = [("UID SEARCH RETURN ({}) FLAGGED UNDELETED", False), ("UID SEARCH RETURN ({}) SUBJECT 5", False),
                    ("UID SORT RETURN ({}) (REVERSE SUBJECT ARRIVAL) UTF-8 OR FLAGGED SEEN", True)]
        kept = [Kept(a, text.format("UPDATE ALL"), ordered) for text, ordered in programs]
        for step in range(int(os.environ.get("STEPS", 200))):
            uids = other.uid("SEARCH", "ALL")[1][0].decode().split()
            some = rng.choice(uids) if uids else "1"
            deed = rng.choice("asssse")
            if deed == "a": other.append("INBOX", rng.choice([None, r"\Flagged", r"\Seen"]), None, MAIL % b"subject %d" % rng.randrange(100))
            elif deed == "s":
                other.uid("STORE", some, rng.choice(["+FLAGS", "-FLAGS"]), rng.choice([r"\Flagged", r"\Seen", r"\Deleted"]))
            else: other.expunge()
            lines = a.cmd(rng.choice(["NOOP", "CHECK", f"UID STORE {some} +FLAGS (\\Flagged)", "UID FETCH 1:* UID"]))
            for k in kept:
                for line in lines: k.hear(line)
            if step % 10 == 9:
                for line in a.cmd("NOOP"): [k.hear(line) for k in kept]
                for k, (text, _) in zip(kept, programs):
                    found = [l for l in a.cmd(text.format("ALL")) if l.startswith("* ESEARCH")][-1]
                    match = re.search(r" ALL ([\d:,]+)", found)
                    assert k.uids == (uids_of(match[1]) if match else []), (step, text, k.uids, found)
        a.cmd(" ".join(["CANCELUPDATE"] + [f'"{k.tag}"' for k in kept]))
        other.append("INBOX", r"\Flagged", None, MAIL % b"5")
        assert not [l for l in a.cmd("NOOP") if "ESEARCH" in l]
        # in IDLE too
        k = Kept(a, "UID SEARCH RETURN (UPDATE COUNT) SUBJECT zebra", False)
        a.sock.sendall(b"i IDLE\r\n")
        a.hears(r"\+ .*")
        other.append("INBOX", None, None, MAIL % b"a zebra")
        a.hears(r"\* \d+ EXISTS", r"\* \d+ RECENT", r'\* ESEARCH \(TAG "%s"\) UID ADDTO \(0 \d+\)' % k.tag)


def uids_alone_serve():
    with Server() as server:
        server.add("anna")
        a, other = Listener(server), server.imap()
        for n in range(5): other.append("INBOX", None, None, MAIL % b"x")
        assert "* ENABLED UIDONLY" in a.cmd("ENABLE UIDONLY")
        assert not [l for l in a.cmd("SELECT INBOX") if "UNSEEN" in l]
        assert "UIDREQUIRED" in a.cmd("FETCH 1 FLAGS", "BAD")[-1]
        assert a.cmd("UID FETCH 2:3 RFC822.SIZE")[:2] == [f"* {n} UIDFETCH (RFC822.SIZE {len(MAIL % b'x')})" for n in (2, 3)]
        assert [l for l in a.cmd(r"UID STORE 4 +FLAGS (\Deleted)") if re.match(r"\* 4 UIDFETCH \(FLAGS \(.*\\Deleted", l)]
        assert "* VANISHED 4" in a.cmd("EXPUNGE")
        assert "* VANISHED 5" in a.cmd("UID MOVE 5 Archive")
        other.select("INBOX")
        other.store("1", "+FLAGS", r"\Flagged")
        assert [l for l in a.cmd("NOOP") if re.match(r"\* 1 UIDFETCH \(FLAGS \(.*\\Flagged", l)]


def many_mailboxes_are_searched_at_once():
    with Server() as server:
        server.add("anna")
        a, other = Listener(server), server.imap()
        for name in ("Lists/a", "Lists/b", "Lists/b/c", "Other"):
            other.create(name)
            other.append(name, None, None, MAIL % b"a zebra")
            other.append(name, None, None, MAIL % b"a horse")
        other.append("Lists/b", None, None, MAIL % b"more zebras")
        assert "MULTISEARCH" in a.cmd("CAPABILITY")[0]
        found = a.cmd("ESEARCH IN (subtree Lists) SUBJECT zebra")
        assert [re.sub(r"UIDVALIDITY \d+", "V", l) for l in found[:-1]] == [
            f'* ESEARCH (TAG "a{a.n}" MAILBOX "{name}" V) UID ALL {uids}'
            for name, uids in (("Lists/a", "1"), ("Lists/b", "1,3"), ("Lists/b/c", "1"))], found
        found = a.cmd('ESEARCH IN (subtree-one Lists mailboxes ("Other" "nowhere")) RETURN (COUNT MAX) TEXT zebra')
        assert [re.search(r'MAILBOX "(.*?)".*UID (.*)', l).groups() for l in found[:-1]] == [
            ("Lists/a", "MAX 1 COUNT 1"), ("Lists/b", "MAX 3 COUNT 2"), ("Other", "MAX 1 COUNT 1")], found
        assert len(a.cmd("ESEARCH IN (personal) ALL")) == 5
        assert len(a.cmd("ESEARCH IN (inboxes) ALL")) == 1


def who_waits_is_told_how_far_it_has_come():
    with Server(settings={"imap.progress_seconds": "1"}) as server:
        server.add("anna")
        a, other = Listener(server), server.imap()
        assert "INPROGRESS" in a.cmd("CAPABILITY")[0]
        other.append("INBOX", None, None, MAIL % b"big" + b"much ado about nothing at all, line by line\r\n" * 450_000)
        other.select("INBOX")
        for _ in range(7): other.copy("1:*", "INBOX") # 128 of them, of 20 MB each: no index knows of what is no word
        a.cmd("SELECT INBOX")
        a.sock.sendall(b's1 SEARCH BODY "~"\r\n')
        done = [re.fullmatch(r'\* OK \[INPROGRESS \("s1" (\d+) 128\)\] .*', a.line()) for _ in range(2)]
        assert done[0] and done[1] and int(done[0][1]) <= int(done[1][1]) < 128, done
        server.kill() # it would go on


if __name__ == "__main__":
    run(kept_searches_are_what_a_new_search_finds, uids_alone_serve, many_mailboxes_are_searched_at_once,
        who_waits_is_told_how_far_it_has_come)
