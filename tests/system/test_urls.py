"""Messages made of messages that are there (CATENATE), over the wire."""
from posthorn import *

PARTS = (b"From: anna@example.test\r\nSubject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
         b"--b\r\n\r\nHello\r\n--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\naW1hZ2U=\r\n--b--\r\n")
BIG = b"Subject: big\r\n\r\n" + b"".join(b"%07d\r\n" % i for i in range(200_000)) # 1.8 MB


def talk(server, user="anna@example.test"):
    """A session that sends raw commands and returns all that is said up to the tagged reply."""
    s, f = raw(server.ports["imap"])
    f.readline()
    count = [0]
    def command(*pieces):
        count[0] += 1
        tag = b"t%d" % count[0]
        s.sendall(tag + b" " + b"".join(pieces) + b"\r\n")
        lines = []
        while True:
            line = f.readline()
            assert line, lines
            lines.append(line)
            if line.startswith(tag + b" "): return b"".join(lines)
            literal = re.search(rb"\{(\d+)\}\r\n$", line)
            if literal: lines.append(f.read(int(literal[1])))
    assert b" OK " in command(b'LOGIN %s "%s"' % (user.encode(), PASSWORD.encode()))
    return command

def text(content): return b"TEXT {%d+}\r\n" % len(content) + content

def body(command, mailbox, uid):
    command(b"EXAMINE " + mailbox)
    got = command(b"UID FETCH %d BODY.PEEK[]" % uid)
    size = int(re.search(rb"\{(\d+)\}\r\n", got)[1])
    return got.split(b"}\r\n", 1)[1][:size]

def catenates_messages():
    with Server().add("anna", "ben") as server:
        anna, imap = talk(server), server.imap()
        imap.append("INBOX", None, None, PARTS)
        imap.append("INBOX", None, None, BIG)
        made = anna(b"APPEND Drafts (\\Draft) CATENATE (", text(b"Subject: new\r\n\r\n"),
                    b' URL "/INBOX/;UID=1/;SECTION=2" URL /INBOX/;UID=2 ', text(b"end"), b")")
        assert b"APPENDUID" in made, made
        assert body(anna, b"Drafts", 1) == b"Subject: new\r\n\r\naW1hZ2U=" + BIG + b"end"
        made = anna(b"APPEND Drafts CATENATE (URL /INBOX/;UID=2/;PARTIAL=16.9) () CATENATE (URL "
                    b'"imap://anna@localhost/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20(Subject)")')
        assert b"APPENDUID" in made, made
        assert body(anna, b"Drafts", 2) == b"0000000\r\n" and body(anna, b"Drafts", 3) == b"Subject: parts\r\n\r\n"
        # all or nothing, and nothing of others
        for url in b"/INBOX/;UID=9", b"/Nowhere/;UID=1", b"/INBOX;UIDVALIDITY=1/;UID=1", b"/INBOX/;UID=1/;SECTION=3":
            made = anna(b"APPEND Drafts CATENATE (", text(b"x"), b" URL " + url + b" ", text(b"y"), b")")
            assert b"NO [BADURL \"" + url + b'"]' in made, made
        assert b"BADURL" in talk(server, "ben@example.test")(b"APPEND Drafts CATENATE (URL imap://anna@localhost/INBOX/;UID=1)")
        assert b"MESSAGES 3" in anna(b"STATUS Drafts (MESSAGES)")
        # no more than the largest message, and no more than there is room for
        server.ask("account", "update", "anna@example.test", "--quota", "8000000")
        made = anna(b"APPEND Drafts CATENATE (" + b" ".join([b"URL /INBOX/;UID=2"] * 4) + b")")
        assert b"NO [OVERQUOTA]" in made, made
        assert b"MESSAGES 3" in anna(b"STATUS Drafts (MESSAGES)")


if __name__ == "__main__": run(catenates_messages)
