"""IMAP work on a big mailbox, one row an operation."""
import time
from client import Imap, cpu

ALL = "FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"
FIELDS = "FETCH 1:20000 (BODY.PEEK[HEADER.FIELDS (SUBJECT FROM DATE MESSAGE-ID REFERENCES)])"
BODY = ("From: a@b.c\r\nTo: d@e.f\r\nSubject: appended\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <x@y>\r\n\r\n"
        + "hello world, this is a line of mail text\r\n" * 90).encode()


def table(port, user, password, pids):
    """Runs all rows; yields (row, seconds, the server's processor seconds, remark)."""
    client = Imap(port, user, password)

    def command(text):
        status, octets, tail = client.ask(text)
        return f"{octets / 1e6:.1f} MB" if status == "OK" else f"{status}: {tail[-120:].decode(errors='replace').strip()}"

    def sign_in_50():
        for _ in range(50):
            other = Imap(port, user, password)
            other.ask("LOGOUT")
            other.close()
        return ""

    def append_2000():
        for _ in range(2000): client.done(b'APPEND "copybox" {%d+}\r\n' % len(BODY) + BODY)
        return ""

    def expunge():
        client.done("STORE 1:20000 +FLAGS.SILENT (\\Deleted)")
        return command("EXPUNGE")

    client.done('CREATE "copybox"')
    rows = [("50 x connect, LOGIN, LOGOUT", sign_in_50)]
    rows += [(name, lambda text=text: command(text)) for name, text in (
        ("SELECT", "SELECT INBOX"),
        ("FETCH 1:* (UID FLAGS)", "FETCH 1:* (UID FLAGS)"),
        ("FETCH 1:* all and BODYSTRUCTURE, 1st time", ALL), ("FETCH 1:* all and BODYSTRUCTURE, 2nd", ALL),
        ("FETCH 1:20000 BODY.PEEK[]", "FETCH 1:20000 (BODY.PEEK[])"), ("FETCH 1:20000 HEADER.FIELDS", FIELDS),
        ("SEARCH UNSEEN", "SEARCH UNSEEN"), ("SEARCH SUBJECT", 'SEARCH SUBJECT "budget"'),
        ("SEARCH BODY, not there", 'SEARCH BODY "zzznotthere"'), ("SEARCH TEXT, in some", 'SEARCH TEXT "winter holiday"'),
        ("SORT (REVERSE DATE) ALL", "SORT (REVERSE DATE) UTF-8 ALL"),
        ("THREAD REFERENCES ALL", "THREAD REFERENCES UTF-8 ALL"),
        ("STORE 1:* +FLAGS.SILENT", "STORE 1:* +FLAGS.SILENT (\\Flagged)"), ("COPY 1:20000", 'COPY 1:20000 "copybox"'))]
    rows += [("2000 x APPEND of 4 KiB", append_2000), ("STORE \\Deleted and EXPUNGE of 20000", expunge)]
    for name, work in rows:
        before, began = cpu(pids()), time.monotonic()
        remark = work()
        yield name, time.monotonic() - began, cpu(pids()) - before, remark
    client.ask("LOGOUT")
