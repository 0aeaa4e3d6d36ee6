#!/usr/bin/env python3
"""NOTIFY over the wire: what others do is told without asking, soon, and to thousands at little cost."""
import os, re, resource, select, socket, time
from posthorn import *

MAIL = b"From: x@example.test\r\nTo: anna@example.test\r\nSubject: %s\r\n\r\nHello\r\n"


class Listener:
    """Says a command, then only listens."""
    def __init__(self, server, user="anna@example.test"):
        self.sock = socket.create_connection(("127.0.0.1", server.ports["imap"]), timeout=LONG_ENOUGH)
        self.file, self.n = self.sock.makefile("rb"), 0
        assert self.line().startswith("* OK")
        self.cmd(f'LOGIN {user} "{PASSWORD}"')

    def line(self):
        line = self.file.readline()
        assert line.endswith(b"\r\n"), line
        while match := re.search(rb"\{(\d+)\}\r\n$", line):
            line += self.file.read(int(match[1])) + self.file.readline()
        return line[:-2].decode()

    def cmd(self, text, expect="OK"):
        self.n += 1
        self.sock.sendall(f"a{self.n} {text}\r\n".encode())
        lines = []
        while not (line := self.line()).startswith(f"a{self.n} "): lines.append(line)
        assert line.split(" ")[1] == expect, (text, line)
        return lines + [line]

    def hears(self, *patterns):
        """The next lines, in this order."""
        for pattern in patterns:
            line = self.line()
            assert re.fullmatch(pattern, line, re.S), (pattern, line)

    def is_quiet(self, seconds=0.3):
        ready = select.select([self.sock], [], [], seconds)[0]
        assert not ready, self.sock.recv(1000)


STATUS = r'\* STATUS "%s" \(MESSAGES %d UIDNEXT %d UIDVALIDITY \d+ UNSEEN %d HIGHESTMODSEQ \d+\)'


def all_that_happens_is_told():
    with Server() as server:
        server.add("anna", "ben")
        a, other = Listener(server), server.imap()
        assert "NOTIFY" in a.cmd("CAPABILITY")[0]
        a.cmd("SELECT INBOX")
        a.cmd("NOTIFY SET (selected-delayed (MessageNew (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)]) MessageExpunge FlagChange)) "
              "(personal (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange))")
        other.append("Archive", None, None, MAIL % b"one")
        a.hears(STATUS % ("Archive", 1, 2, 1))
        other.select("Archive")
        other.store("1", "+FLAGS", r"\Seen \Deleted")
        a.hears(STATUS % ("Archive", 1, 2, 0))
        other.expunge()
        a.hears(STATUS % ("Archive", 0, 2, 0))
        smtp = server.smtp()
        smtp.sendmail("x@elsewhere.example", ["anna@example.test"], MAIL % b"delivered")
        a.hears(r"\* 1 EXISTS", r"\* \d RECENT", r"\* 1 FETCH \(UID 1 BODY\[HEADER.FIELDS \(SUBJECT\)\] \{\d+\}\r\nSubject: delivered\r\n\r\n\)")
        other.select("INBOX")
        other.store("1", "+FLAGS", r"\Flagged \Deleted")
        a.hears(r"\* 1 FETCH \(UID 1 FLAGS \(.*\\Flagged.*\)\)")
        other.expunge()
        a.is_quiet() # it waits for a command
        assert "* 1 EXPUNGE" in a.cmd("NOOP")
        other.create("Work/2026")
        a.hears(r'\* LIST \(\\HasChildren\) "/" "Work"', r'\* LIST \(\\HasNoChildren\) "/" "Work/2026"')
        other.subscribe("Work/2026")
        a.hears(r'\* LIST \(\\Subscribed \\HasNoChildren\) "/" "Work/2026"')
        other.rename("Work/2026", "Done")
        a.hears(r'\* LIST \(\\Subscribed \\HasNoChildren\) "/" "Done" \("OLDNAME" \("Work/2026"\)\)',
                r'\* LIST \(\\Subscribed \\HasNoChildren\) "/" "Done"')
        other.delete("Done")
        a.hears(r'\* LIST \(\\NonExistent \\Subscribed\) "/" "Done"')
        ben = server.imap("ben@example.test") # none of anna's business
        ben.append("INBOX", None, None, MAIL % b"ben's")
        ben.create("Ben")
        a.is_quiet()
        a.cmd("NOTIFY NONE")
        other.append("Archive", None, None, MAIL % b"two")
        a.is_quiet()
        a.cmd("NOTIFY SET STATUS (mailboxes Archive (MessageNew MessageExpunge))")
        a.cmd("UNAUTHENTICATE")
        other.append("Archive", None, None, MAIL % b"three")
        a.is_quiet()


def what_others_share_is_told_as_well():
    with Server() as server:
        server.add("anna", "ben")
        a, b = Listener(server), Listener(server, "ben@example.test")
        a.cmd("CREATE Work")
        b.cmd("NOTIFY SET (subtree \"Other Users\" (MessageNew MessageExpunge MailboxName MailboxMetadataChange)) "
              "(personal (MessageNew MessageExpunge ServerMetadataChange))")
        a.cmd("SETACL Work ben@example.test lr")
        work = '"Other Users/anna@example.test/Work"'
        b.hears(r'\* LIST \(\\HasNoChildren\) "/" ' + work)
        other = server.imap()
        other.append("Work", None, None, MAIL % b"shared")
        b.hears(r'\* STATUS ' + work + r' \(MESSAGES 1 .*')
        other.append("Archive", None, None, MAIL % b"not shared")
        b.is_quiet()
        a.cmd('SETMETADATA Work (/shared/comment "ours" /private/comment "mine")')
        b.hears(r'\* METADATA ' + work + ' /shared/comment')
        a.cmd("RENAME Work Done")
        done = '"Other Users/anna@example.test/Done"'
        b.hears(r'\* LIST \(\\HasNoChildren\) "/" ' + done + r' \("OLDNAME" \(' + work + r'\)\)')
        found = b.cmd('ESEARCH IN (subtree "Other Users" personal) SUBJECT shared')
        assert [l for l in found if done in l and "ALL 1" in l], found
        a.cmd("DELETEACL Done ben@example.test")
        b.hears(r'\* LIST \(\\NonExistent\) "/" ' + done)
        other.append("Done", None, None, MAIL % b"no longer shared")
        b.is_quiet()
        # from the very moment of the OK
        for n in range(30):
            b.cmd('NOTIFY SET (subtree "Other Users" (MailboxName))')
            a.cmd("SETACL Done ben@example.test lr")
            b.hears(r'\* LIST \(\\HasNoChildren\) "/" ' + done)
            b.cmd("NOTIFY NONE")
            a.cmd("DELETEACL Done ben@example.test")


def news_are_there_at_once():
    with Server() as server:
        server.add("anna")
        idle, quiet, other = Listener(server), Listener(server), server.imap()
        for listener in (idle, quiet):
            listener.cmd("NOTIFY SET (personal (MessageNew MessageExpunge))")
        idle.sock.sendall(b"i IDLE\r\n")
        assert idle.line().startswith("+")
        late = []
        for n in range(20):
            other.append("Archive", None, None, MAIL % b"x")
            began = time.monotonic()
            for listener in (idle, quiet):
                listener.hears(r'\* STATUS "Archive" \(MESSAGES %d .*' % (n + 1))
                late.append((time.monotonic() - began) * 1000)
        late.sort()
        print(f"after its APPEND is answered, news took {late[len(late) // 2]:.1f} ms (median), {late[-1]:.1f} ms (most)")
        assert late[len(late) // 2] < 2_000, late # nobody waits for a timer


def many_listeners_are_cheap():
    count = int(os.environ.get("LISTENERS", 1000))
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with Server() as server:
        server.add("anna")
        other = server.imap()
        Listener(server).cmd("SELECT INBOX")
        before = server.rss_kib()
        listeners = []
        for _ in range(count):
            listeners.append(l := Listener(server))
            l.cmd("NOTIFY SET (selected-delayed (MessageNew MessageExpunge FlagChange)) (personal (MessageNew MessageExpunge MailboxName))")
            l.sock.sendall(b"s SELECT Archive\r\ni IDLE\r\n")
            while not l.line().startswith("+"): pass
        each = (server.rss_kib() - before) / count
        began = time.monotonic()
        other.append("INBOX", None, None, MAIL % b"to all")
        for l in listeners: l.hears(r'\* STATUS "INBOX" \(MESSAGES 1 .*')
        print(f"{count} listeners cost {each:.1f} KiB each; all had heard of a message after {time.monotonic() - began:.2f} s")
        assert each < 100, each


if __name__ == "__main__":
    run(all_that_happens_is_told, what_others_share_is_told_as_well, news_are_there_at_once, many_listeners_are_cheap)
