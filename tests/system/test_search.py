#!/usr/bin/env python3
"""Searching with the index finds what a look into every message finds."""
import random, time
from email.message import EmailMessage
from posthorn import *

WORDS = "winter holiday budget report Grüße straße ÉCOLE naïve 日本語 東京都 привет e-mail mail-server a1b2c3 x".split()


def letters(count, rng):
    for i in range(count):
        mail = EmailMessage()
        mail["From"], mail["To"] = f"s{i % 7}@sender.example", "anna@example.test"
        mail["Subject"] = " ".join(rng.choice(WORDS) for _ in range(4)) + f" n{i}"
        mail["Message-ID"] = f"<{i}.x@sender.example>"
        mail.set_content(" ".join(rng.choice(WORDS) for _ in range(60)) + "\n" + "y" * (i % 90) + "\n",
                         cte=rng.choice(["base64", "quoted-printable"]))
        if i % 3 == 0: mail.add_attachment("attached wörd%d" % i, filename="notes.txt")
        if i % 5 == 0: mail.add_attachment(b"binary stuff" * 9, maintype="application", subtype="octet-stream", filename="picture.bin")
        yield mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))


def fill(server, count, rng):
    imap = server.imap()
    for octets in letters(count, rng): assert imap.append("INBOX", None, None, octets)[0] == "OK"
    return imap


def questions(rng):
    for word in WORDS + ["absent", "inter", "y" * 40, "n12", "wörd3", "binary", "picture", "sender.example", "12.x@sender", "-", "e m",
                         "winter holiday", "ter hol", "本語", "語 東", "GRÜSSE", "GRÜßE", "ecole", "École n", "e-mail mail", "x x"]:
        for key in ("BODY", "TEXT", "SUBJECT", "NOT TEXT", "HEADER MESSAGE-ID"): yield key, word


def ask(imap, key, word):
    imap.literal = word.encode()
    status, found = imap.uid("SEARCH", "CHARSET", "UTF-8", *key.split())
    assert status == "OK", (key, word, found)
    return found[0]


def until_indexed(server):
    until("all is in the index", lambda: not server.ask("search", "status", json_result=True)["waiting"])


def finds_what_a_scan_finds():
    rng = random.Random(7)
    with Server() as server:
        server.add("anna")
        imap = fill(server, 250, rng)
        imap.select("INBOX")
        until_indexed(server)
        late = next(letters(1, rng))
        server.ask("settings", "set", "search.index", "false")
        imap.append("INBOX", None, None, late) # not in the index
        with_index = {q: ask(imap, *q) for q in questions(rng)}
        server.ask("search", "rebuild")        # empties it, and with the setting it stays empty: everything is looked into
        assert server.ask("search", "status", json_result=True) == {"indexed": 0, "waiting": 251}
        for question, found in with_index.items(): assert ask(imap, *question) == found, question
        assert with_index["TEXT", "absent"] == b"" and len(with_index["SUBJECT", "winter"].split()) > 20
        assert with_index["BODY", "本語"] and with_index["TEXT", "GRÜßE"] and with_index["TEXT", "picture"]
        assert not with_index["BODY", "binary"]


def survives_being_killed():
    rng = random.Random(8)
    with Server() as server:
        server.add("anna")
        fill(server, 400, rng).logout()
        for _ in range(4):
            time.sleep(rng.random())
            server.kill()
            server.start()
        until_indexed(server)
        imap = server.imap()
        imap.select("INBOX")
        assert len(ask(imap, "HEADER MESSAGE-ID", "399.x@").split()) == 1
        assert len(ask(imap, "SUBJECT", "n39").split()) == 11
        imap.store("1:399", "+FLAGS", r"(\Deleted)"); imap.expunge()
        assert ask(imap, "SUBJECT", "n39").split() == [b"400"]
        assert server.ask("check", json_result=True)["faults"] == []


if __name__ == "__main__":
    run(finds_what_a_scan_finds, survives_being_killed)
