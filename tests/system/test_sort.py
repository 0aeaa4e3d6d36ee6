#!/usr/bin/env python3
"""SORT and THREAD beside Dovecot: random mail in both, and the same order from both.
SEED=7 COUNT=2000 test_sort.py   tries other mail, or more of it."""
import imaplib, os, random, sys, time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
import peers
from posthorn import *

ORDERS = ["ARRIVAL", "CC", "DATE", "DISPLAYFROM", "DISPLAYTO", "FROM", "SIZE", "SUBJECT", "TO", "REVERSE SUBJECT DATE",
          "SUBJECT REVERSE DATE", "TO CC SIZE"]
WORDS = ["alpha", "Beta", "über", "=?utf-8?q?=C3=84rger?=", "gamma delta", "x", "Zoo", "=?iso-8859-1?q?caf=E9?=", "café"]
BEFORE = ["Re: ", "RE:", "Fwd: ", "fw : ", "[list] ", "[a] [b] ", "Re[3]: ", "re [x]: "]
NAMES = ["Ann", "bob", "Zed", "=?utf-8?q?=C3=84nne?=", '"O\'Hara, J"', ""]


class Writer:
    def __init__(self, seed): self.random = random.Random(seed)

    def some(self, words): return self.random.choice(words)
    def now_and_then(self, share): return self.random.random() < share

    def subject(self):
        text = self.some(WORDS) + (" " + self.some(WORDS) if self.now_and_then(0.3) else "")
        for _ in range(self.some([0, 0, 1, 1, 2])): text = self.some(BEFORE) + text
        if self.now_and_then(0.1): text += " (fwd)"
        return f"[Fwd: {text}]" if self.now_and_then(0.05) else text

    def address(self):
        name, address = self.some(NAMES), f"{self.some('abcXYZ')}{self.random.randrange(30)}@{self.some(['x.test', 'Y.test'])}"
        return f"{name} <{address}>" if name else address

    def addresses(self): return ", ".join(self.address() for _ in range(self.some([1, 1, 2])))

    def message(self, i):
        """Number i of the mailbox; it answers some of those around it, even such as are not there yet."""
        name = lambda n: f"<m{n}@x.test>"
        lines = []
        if self.now_and_then(0.95): lines.append(f"Message-ID: {name(i if self.now_and_then(0.97) else i - 1)}")
        if self.now_and_then(0.9): lines.append(f"Subject: {self.subject()}")
        if self.now_and_then(0.95): lines.append(f"From: {self.addresses()}")
        if self.now_and_then(0.9): lines.append(f"To: {self.addresses() if self.now_and_then(0.9) else f'Friends: {self.address()};'}")
        if self.now_and_then(0.5): lines.append(f"Cc: {self.address()}")
        if self.now_and_then(0.9):
            at = time.gmtime(self.moment(i))
            lines.append(time.strftime("Date: %a, %d %b %Y %H:%M:%S ", at) + self.some(["+0000", "-0500", "+0200", "GMT"]))
        kind = self.random.random()
        around = lambda most: name(max(0, self.random.randrange(i - 12, i + most)))
        if kind < 0.5: lines.append("References: " + " ".join(around(3) for _ in range(self.random.randrange(1, 5))))
        elif kind < 0.7: lines.append(f"In-Reply-To: {around(2)}")
        return ("\r\n".join(lines) + "\r\n\r\n" + "b" * self.random.randrange(50) + "\r\n").encode()

    # No two are alike: what comes first then is nobody's rule.
    def moment(self, i): return 1_600_000_000 + self.random.randrange(4000) * 10_000 + i

    def arrival(self, i): return imaplib.Time2Internaldate(self.moment(i + 5_000))


def told(imap, *command):
    status, lines = imap.uid(*command)
    assert status == "OK", (command, lines)
    return lines[0] or b""


def same_order_as_dovecot():
    seed, count = int(os.environ.get("SEED", 1)), int(os.environ.get("COUNT", 300))
    print(f"SEED={seed} COUNT={count}", flush=True)
    writer = Writer(seed)
    with peers.Peers() as dovecot, Server() as server:
        server.add("anna")
        theirs = imaplib.IMAP4("127.0.0.1", dovecot.imap, timeout=60)
        theirs.login("anna@example.com", peers.PASSWORD)
        ours = server.imap()
        for i in range(count):
            message, at = writer.message(i), writer.arrival(i)
            for imap in (ours, theirs): assert imap.append("INBOX", None, at, message)[0] == "OK"
        for imap in (ours, theirs): imap.select("INBOX")
        for order in ORDERS:
            question = ("SORT", f"({order})", "UTF-8", "ALL")
            one, other = told(ours, *question).split(), told(theirs, *question).split()
            differs = next((i for i in range(count) if one[i] != other[i]), None)
            assert differs is None, f"{order}: place {differs}: {one[differs:differs + 5]} and {other[differs:differs + 5]}"
        for algorithm in ("ORDEREDSUBJECT", "REFERENCES", "REFS"):
            one, other = (told(imap, "THREAD", algorithm, "UTF-8", "ALL") for imap in (ours, theirs))
            differs = next((i for i in range(min(len(one), len(other))) if one[i] != other[i]), None)
            assert one == other, f"{algorithm}: {one[differs - 40:differs + 40]} and {other[differs - 40:differs + 40]}"
        ours.logout()
        theirs.logout()


if __name__ == "__main__":
    run(same_order_as_dovecot)
