"""Messages named by URLs: made of messages that are there (CATENATE), and shown to others (URLAUTH), over the wire."""
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

def made_url(command, rump):
    said = command(b'GENURLAUTH "%s" INTERNAL' % rump)
    return re.search(rb'\* GENURLAUTH "([^"]+)"', said)[1]

def fetched(command, url):
    said = command(b'URLFETCH "%s"' % url)
    size = re.search(rb'" \{(\d+)\}\r\n', said)
    assert size or b'" NIL\r\n' in said, said
    return said[size.end():size.end() + int(size[1])] if size else None

def shows_messages_to_others():
    with Server(settings={"imap.submit_users": "postman@example.test"}).add("anna", "ben", "carla", "postman") as server:
        anna, ben, carla, imap = talk(server), talk(server, "ben@example.test"), talk(server, "carla@example.test"), server.imap()
        postman = talk(server, "postman@example.test")
        imap.create("Work")
        imap.append("Work", None, None, PARTS)
        imap.append("Work", None, None, BIG)
        base = b"imap://anna%40example.test@mx.example.test/Work/"
        to_ben, to_all, big = (made_url(anna, base + rest) for rest in (
            b";UID=1/;SECTION=1;URLAUTH=user+ben", b";UID=1;URLAUTH=authuser", b";UID=2/;PARTIAL=16.1000000;URLAUTH=anonymous"))
        to_submit, past, coming = (made_url(anna, base + b";UID=1/;SECTION=1" + rest) for rest in (
            b";URLAUTH=submit+anna", b";EXPIRE=2020-01-01T00:00:00Z;URLAUTH=authuser", b";EXPIRE=2120-01-01T00:00:00Z;URLAUTH=authuser"))
        assert fetched(ben, to_ben) == b"Hello" and fetched(carla, to_ben) is None and fetched(anna, to_ben) is None
        assert fetched(carla, to_all) == PARTS and fetched(carla, big) == BIG[16:1_000_016]
        assert fetched(postman, to_submit) == b"Hello" and fetched(ben, to_submit) is None
        assert fetched(ben, past) is None and fetched(ben, coming) == b"Hello"
        # whatever of it is changed, it is worth nothing
        for wrong in (to_ben.replace(b"UID=1", b"UID=2"), to_ben.replace(b"ben", b"carla"), to_ben.replace(b"Work", b"INBOX"),
                      to_ben[:-1] + (b"0" if to_ben[-1:] != b"0" else b"1"), to_ben.split(b":internal:")[0],
                      coming.replace(b"2120", b"2121"), to_all.replace(b"anna", b"carla")):
            assert fetched(ben, wrong) is None and fetched(carla, wrong) is None, wrong
        said = ben(b'URLFETCH ("%s" BODYPARTSTRUCTURE BINARY)' % made_url(anna, base + b";UID=1/;SECTION=2;URLAUTH=authuser"))
        assert b'(BODYPARTSTRUCTURE ("image" "png" ' in said and b"(BINARY {5}\r\nimage)\r\n" in said, said
        assert b"APPENDUID" in ben(b'APPEND INBOX CATENATE (URL "%s")' % to_all) and body(ben, b"INBOX", 1) == PARTS
        # keys outlive the server, and not a RESETKEY or the mailbox
        server.kill()
        server.start()
        anna, ben = talk(server), talk(server, "ben@example.test")
        assert fetched(ben, to_ben) == b"Hello"
        other = talk(server)
        other(b"SELECT Work")
        assert b"OK [URLMECH INTERNAL]" in anna(b"RESETKEY Work") and fetched(ben, to_ben) is None
        assert b"* OK [URLMECH INTERNAL]" in other(b"NOOP") and b"URLMECH" not in other(b"NOOP")
        to_ben = made_url(anna, base + b";UID=1/;SECTION=1;URLAUTH=user+ben")
        assert fetched(ben, to_ben) == b"Hello"
        assert b" OK " in anna(b"RESETKEY") and fetched(ben, to_ben) is None
        to_ben = made_url(anna, base + b";UID=1/;SECTION=1;URLAUTH=user+ben")
        for again in b"DELETE Work", b"CREATE Work", b"APPEND Work " + text(PARTS)[5:]: assert b" OK " in anna(again)
        assert fetched(ben, to_ben) is None

def sends_what_is_there_already():
    with Server().add("anna", "ben") as server:
        anna, imap = talk(server), server.imap()
        for message in PARTS, BIG: imap.append("Drafts", None, None, message)
        base = b"imap://anna%40example.test@mx.example.test/Drafts/;UID="
        whole, big, part, not_mine, not_mail = (made_url(anna, base + rest) for rest in (
            b"1;URLAUTH=submit+anna", b"2;URLAUTH=submit+anna", b"1/;SECTION=HEADER.FIELDS%20(Subject);URLAUTH=submit+anna",
            b"1;URLAUTH=submit+ben", b"1;URLAUTH=user+anna"))
        smtp = server.smtp("submission")
        assert b"BURL\n" in smtp.ehlo()[1] + b"\n"
        smtp.login("anna@example.test", PASSWORD)
        assert b"BURL imap\n" in smtp.ehlo()[1] + b"\n"
        def send(*lines):
            assert smtp.mail("anna@example.test")[0] == 250 and smtp.rcpt("ben@example.test")[0] == 250
            for line in lines:
                smtp.send(line.encode() + b"\r\n")
                answer = smtp.getreply()
            return answer
        assert send(f"BURL {whole.decode()} LAST")[0] == 250
        assert send(f"BURL {big.decode()} LAST")[0] == 250
        assert send(f"BURL {part.decode()}", "BDAT 6 LAST\r\nhell")[0] == 250 # and CRLF
        assert send(f"BURL {not_mail.decode()} LAST")[0] == 250
        assert send(f"BURL {not_mine.decode()} LAST")[0] == 554
        assert send(f"BURL {whole.decode()[:-1]}x LAST")[0] == 554
        anna(b"RESETKEY")
        assert send(f"BURL {whole.decode()} LAST") == (554, b"5.6.6 IMAP URL resolution failed")
        smtp.quit()
        ben = server.imap("ben@example.test")
        assert subjects(ben) == ["parts", "big", "parts", "parts"], subjects(ben)
        assert ben.fetch("2", "(BODY.PEEK[TEXT])")[1][0][1] == BIG.split(b"\r\n\r\n", 1)[1]
        server.add("carla")
        carla = server.smtp("smtp")
        carla.ehlo()
        assert "burl" not in carla.esmtp_features
        carla.quit()

def sends_what_others_share():
    with Server().add("anna", "ben") as server:
        anna, ben = talk(server), talk(server, "ben@example.test")
        imap = server.imap("ben@example.test")
        imap.create("Work")
        imap.append("Work", None, None, PARTS)
        ben(b"SETACL Work anna@example.test lr")
        rump = b"imap://anna%40example.test@mx.example.test/Other%20Users/ben%40example.test/Work/;UID=1;URLAUTH=submit+anna"
        shared = made_url(anna, rump).decode()
        smtp = server.smtp("submission")
        smtp.ehlo()
        smtp.login("anna@example.test", PASSWORD)
        def send(url):
            assert smtp.mail("anna@example.test")[0] == 250 and smtp.rcpt("anna@example.test")[0] == 250
            return smtp.docmd(f"BURL {url} LAST")
        assert send(shared)[0] == 250
        got = server.imap()
        assert subjects(got) == ["parts"], subjects(got)
        # whoever made the URL must still be allowed to read what it names
        ben(b"SETACL Work anna@example.test l")
        assert send(shared) == (554, b"5.6.6 IMAP URL resolution failed")
        assert b" NO " in anna(b'GENURLAUTH "%s" INTERNAL' % rump)
        ben(b"SETACL Work anna@example.test lr")
        assert send(shared)[0] == 250
        ben(b"DELETEACL Work anna@example.test")
        assert send(shared)[0] == 554
        assert subjects(server.imap()) == ["parts", "parts"]
        smtp.quit()


if __name__ == "__main__": run(catenates_messages, shows_messages_to_others, sends_what_is_there_already, sends_what_others_share)
