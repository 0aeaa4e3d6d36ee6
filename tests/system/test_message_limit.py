#!/usr/bin/env python3
"""MESSAGELIMIT (RFC 9738) over the wire: who goes on below what it was told misses nothing."""
import re
from posthorn import *
from test_notify import Listener, MAIL

NO = r"a\d+ NO \[MESSAGELIMIT 10\] .*"


def lowest(lines):
    """The lowest UID a command came to; None: it did all."""
    told = [int(m[1]) for m in (re.search(r"\[MESSAGELIMIT 10 (\d+)\]", line) for line in lines) if m]
    return told[0] if told else None


def all_of(client, command):
    """What the command tells, said for UIDs up to "{}" and then on below."""
    lines, to = [], "*"
    while True:
        answer = client.cmd(command.format(to))
        lines += answer[:-1]
        if (uid := lowest(answer)) is None: return lines
        to = uid - 1


def uids_in(lines):
    return sorted(int(m[1]) for m in (re.search(r"FETCH \(UID (\d+)", line) for line in lines) if m)


def found_in(lines):
    return sorted(int(uid) for line in lines if line.startswith("* SEARCH") for uid in line.split()[2:])


def messages_in(client, mailbox):
    return int(re.search(r"MESSAGES (\d+)", client.cmd(f"STATUS {mailbox} (MESSAGES)")[0])[1])


def filled(server, count):
    server.add("anna")
    a, other = Listener(server), server.imap()
    a.cmd("CREATE Kept")
    for n in range(count): other.append("INBOX", None, None, MAIL % b"subject %d" % n)
    a.cmd("SELECT INBOX")
    other.select("INBOX")
    return a, other


def who_goes_on_misses_nothing():
    with Server(settings={"imap.message_limit": "10"}) as server:
        a, other = filled(server, 25)
        assert "MESSAGELIMIT=10" in a.cmd("CAPABILITY")[0].split()
        first = a.cmd("UID FETCH 1:* (UID)")
        assert uids_in(first) == list(range(16, 26)) and lowest(first[-1:]) == 16, first
        assert uids_in(all_of(a, "UID FETCH 1:{} (UID)")) == list(range(1, 26))
        assert lowest(a.cmd("FETCH 1:15 (UID)")) == 6
        all_of(a, r"UID STORE 1:{} +FLAGS.SILENT (\Flagged)")
        assert found_in(all_of(a, "UID SEARCH UID 1:{} FLAGGED")) == list(range(1, 26))
        assert found_in(a.cmd("UID SEARCH UIDAFTER 3 UIDBEFORE 8 FLAGGED")) == [4, 5, 6, 7]
        assert found_in(a.cmd("UID SEARCH UIDAFTER 25")) == []
        a.cmd("UID SEARCH RETURN (SAVE) ALL")
        assert uids_in(a.cmd("UID FETCH $ (UID)")) == list(range(16, 26))
        # others take some away meanwhile
        first = a.cmd("UID FETCH 1:* (UID)")
        for uid in ("20", "16", "15", "3"): other.uid("STORE", uid, "+FLAGS", r"\Deleted")
        other.expunge()
        left = [uid for uid in range(1, 26) if uid not in (3, 15, 16, 20)]
        assert set(uids_in(a.cmd(f"UID FETCH 1:{lowest(first) - 1} (UID)"))) <= set(left)
        a.cmd("NOOP")
        assert uids_in(all_of(a, "UID FETCH 1:{} (UID)")) == left


def what_does_all_or_nothing_refuses():
    with Server(settings={"imap.message_limit": "10"}) as server:
        a, _ = filled(server, 12)
        for command in ("COPY 1:* Kept", "UID COPY 2:12 Kept", "SORT (SUBJECT) UTF-8 ALL", "THREAD REFS UTF-8 ALL",
                        "UID FETCH 1:* (UID) (PARTIAL 1:11)"):
            assert re.fullmatch(NO, a.cmd(command, "NO")[-1]), command
        assert messages_in(a, "Kept") == 0
        a.cmd("UID COPY 3:* Kept")
        assert messages_in(a, "Kept") == 10
        assert len(a.cmd("UID SORT (REVERSE ARRIVAL) UTF-8 UIDBEFORE 11")[0].split()) == 2 + 10
        mail = (MAIL % b"x").decode()
        many = lambda count: f" {{{len(mail)}+}}\r\n{mail}" * count
        assert re.fullmatch(NO, a.cmd("APPEND Kept" + many(11), "NO")[-1])
        a.cmd("NOOP")
        assert messages_in(a, "Kept") == 10
        a.cmd("APPEND Kept" + many(10))
        assert messages_in(a, "Kept") == 20


def what_takes_away_goes_on():
    with Server(settings={"imap.message_limit": "10"}) as server:
        a, _ = filled(server, 25)
        a.cmd("ENABLE QRESYNC")
        moved = a.cmd("UID MOVE 3:* Kept")
        assert "* VANISHED 16:25" in moved and lowest(moved[:-1]) == 16 and "[HIGHESTMODSEQ" in moved[-1], moved
        all_of(a, "UID MOVE 3:{} Kept")
        assert messages_in(a, "Kept") == 23 and messages_in(a, "INBOX") == 2
        a.cmd("SELECT Kept")
        all_of(a, r"UID STORE 1:{} +FLAGS.SILENT (\Deleted)")
        gone = a.cmd("UID EXPUNGE 1:*")
        assert "* VANISHED 14:23" in gone and lowest(gone[:-1]) == 14, gone
        assert "* VANISHED 1:13" in a.cmd("EXPUNGE")
        assert messages_in(a, "Kept") == 0


def nobody_notices_it_unless_it_is_set():
    with Server() as server:
        a, _ = filled(server, 12)
        assert "MESSAGELIMIT=10000000" in a.cmd("CAPABILITY")[0].split()
        assert "imap.message_limit" in server.ask("settings", "list")
        for command in ("UID FETCH 1:* (UID)", "SEARCH ALL", "SORT (SUBJECT) UTF-8 ALL", "COPY 1:* Kept", "MOVE 1:* Kept"):
            assert lowest(a.cmd(command)) is None, command
        server.ask("settings", "set", "imap.message_limit", "0")
        assert "MESSAGELIMIT" not in Listener(server).cmd("CAPABILITY")[0]


if __name__ == "__main__":
    run(who_goes_on_misses_nothing, what_does_all_or_nothing_refuses, what_takes_away_goes_on, nobody_notices_it_unless_it_is_set)
