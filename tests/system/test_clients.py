#!/usr/bin/env python3
"""Real clients against the running server: Python's own, curl, swaks, mbsync, mutt, fetchmail."""
import imaplib, os, poplib, re, shutil, smtplib, subprocess, tempfile
from email.message import EmailMessage
from posthorn import *


def letter(subject, text="Grüße\n", to="anna@example.test"):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ben@example.test", to, subject
    mail.set_content(text)
    return mail


def python_clients_send_and_fetch():
    with Server() as server:
        server.add("anna", "ben")
        for service, secure in (("submission", "starttls"), ("submissions", "tls")):
            if secure == "tls":
                smtp = smtplib.SMTP_SSL("127.0.0.1", server.ports[service], context=TRUST)
            else:
                smtp = smtplib.SMTP("127.0.0.1", server.ports[service])
                smtp.starttls(context=TRUST)
            smtp.login("ben@example.test", PASSWORD)
            smtp.send_message(letter(f"by {service}"))
            smtp.quit()
        for make in (lambda: imaplib.IMAP4_SSL("127.0.0.1", server.ports["imaps"], ssl_context=TRUST),
                     lambda: imaplib.IMAP4("127.0.0.1", server.ports["imap"])):
            imap = make()
            if not isinstance(imap, imaplib.IMAP4_SSL): imap.starttls(TRUST)
            imap.login("anna@example.test", PASSWORD)
            assert subjects(imap) == ["by submission", "by submissions"], subjects(imap)
            imap.logout()
        for make in (lambda: poplib.POP3_SSL("127.0.0.1", server.ports["pop3s"], context=TRUST),
                     lambda: poplib.POP3("127.0.0.1", server.ports["pop3"])):
            pop = make()
            if not isinstance(pop, poplib.POP3_SSL): pop.stls(TRUST)
            pop.user("anna@example.test"); pop.pass_(PASSWORD)
            assert pop.stat()[0] == 2
            text = b"\r\n".join(pop.retr(1)[1])
            assert text.startswith(b"Return-Path: <ben@example.test>\r\nReceived: from "), text[:200]
            pop.quit()
        pop = poplib.POP3_SSL("127.0.0.1", server.ports["pop3s"], context=TRUST)
        pop.user("anna@example.test"); pop.pass_(PASSWORD); pop.dele(1); pop.quit()
        imap = server.imap()
        assert subjects(imap) == ["by submissions"]
        imap.logout()
        report = server.ask("check")
        assert "clean" in report.lower() or "no fault" in report.lower(), report


def imap_does_a_days_work():
    with Server() as server:
        server.add("anna")
        imap = server.imap()
        names = [line.decode().rsplit(" ", 1)[1].strip('"') for line in imap.list()[1]]
        assert sorted(names) == ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"], names
        assert imap.create('"Work/2026"')[0] == "OK"
        for i in range(5): assert imap.append("Work/2026", r"(\Seen)", None, letter(f"n{i}").as_bytes().replace(b"\n", b"\r\n"))[0] == "OK"
        assert imap.select('"Work/2026"')[1] == [b"5"]
        assert imap.store("1:2", "+FLAGS", r"(\Deleted $Work)")[0] == "OK"
        assert imap.copy("3", "Archive")[0] == "OK"
        assert imap.expunge()[1] == [b"1", b"1"]
        assert imap.uid("SEARCH", "ALL")[1] == [b"3 4 5"]
        assert imap.search(None, "SUBJECT", "n4")[1] == [b"3"]
        assert imap.uid("MOVE", "4", "Trash")[0] == "OK"
        assert imap.status("Trash", "(MESSAGES UNSEEN)")[1] == [b"Trash (MESSAGES 1 UNSEEN 0)"] or \
            b"MESSAGES 1" in imap.status("Trash", "(MESSAGES UNSEEN)")[1][0]
        assert imap.rename('"Work/2026"', "Old")[0] == "OK"
        assert imap.select("Old")[1] == [b"2"]
        assert imap.delete('"Nowhere"')[0] == "NO"
        imap.logout()


def another_session_is_told_at_once():
    with Server() as server:
        server.add("anna")
        one, two = server.imap(), server.imap()
        one.select("INBOX"); two.select("INBOX")
        one.send(b"x1 IDLE\r\n"); assert one.readline().startswith(b"+")
        with server.smtp() as smtp: smtp.send_message(letter("news"))
        assert b"EXISTS" in one.readline()
        line = one.readline()
        if b"RECENT" in line: line = None
        one.send(b"DONE\r\n")
        while not one.readline().startswith(b"x1 OK"): pass
        two.noop(); two.store("1", "+FLAGS", r"(\Flagged)")
        one.untagged_responses.clear()
        one.noop()
        assert any(b"\\Flagged" in (x or b"") for x in one.untagged_responses.get("FETCH", [])), one.untagged_responses


def curl_speaks_all_three():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.add("anna", "ben")
        path = f"{folder}/mail"
        open(path, "wb").write(letter("by curl").as_bytes().replace(b"\n", b"\r\n"))
        sign = ["-sS", "-k", "--user", f"ben@example.test:{PASSWORD}"]
        tool("curl", *sign, "--ssl-reqd", f"smtp://127.0.0.1:{server.ports['submission']}/client.example",
             "--mail-from", "ben@example.test", "--mail-rcpt", "anna@example.test", "-T", path)
        sign = ["-sS", "-k", "--user", f"anna@example.test:{PASSWORD}"]
        assert "by curl" in tool("curl", *sign, f"imaps://127.0.0.1:{server.ports['imaps']}/INBOX;MAILINDEX=1")
        assert "by curl" in tool("curl", *sign, f"pop3s://127.0.0.1:{server.ports['pop3s']}/1")
        assert "by curl" in tool("curl", *sign, "--ssl-reqd", f"pop3://127.0.0.1:{server.ports['pop3']}/1")
        assert "* SEARCH 1" in tool("curl", *sign, f"imaps://127.0.0.1:{server.ports['imaps']}/INBOX?SUBJECT%20curl")


def swaks_tries_every_way_in():
    with Server() as server:
        server.add("anna", "ben")
        common = ["swaks", "--to", "anna@example.test", "--from", "ben@example.test", "--server", "127.0.0.1"]
        for mechanism in "PLAIN", "LOGIN":
            tool(*common, "--port", str(server.ports["submission"]), "-tls", "--auth", mechanism, "--auth-user",
                 "ben@example.test", "--auth-password", PASSWORD)
            tool(*common, "--port", str(server.ports["submissions"]), "--tls-on-connect", "--auth", mechanism,
                 "--auth-user", "ben@example.test", "--auth-password", PASSWORD)
        tool(*common, "--port", str(server.ports["smtp"]), "--pipeline")
        wrong = subprocess.run(common + ["--port", str(server.ports["submission"]), "-tls", "--auth", "PLAIN",
                               "--auth-user", "ben@example.test", "--auth-password", "wrong"], capture_output=True, text=True)
        assert "535 5.7.8" in wrong.stdout, wrong.stdout
        relay = subprocess.run(["swaks", "--to", "x@elsewhere.example", "--from", "ben@example.test", "--server",
                               "127.0.0.1", "--port", str(server.ports["smtp"])], capture_output=True, text=True)
        assert "550 5.7.1" in relay.stdout, relay.stdout
        imap = server.imap()
        assert imap.select("INBOX")[1] == [b"5"]
        until("the refusal is in the trace", lambda: "5.7.1" in server.ask("trace", "elsewhere.example"))


def mbsync_agrees_both_ways():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.add("anna")
        imap = server.imap()
        for i in range(200): imap.append("INBOX", None, None, letter(f"m{i}").as_bytes().replace(b"\n", b"\r\n"))
        sync = mbsync(server, folder, "Patterns *", "SyncState *")
        tool(*sync)
        near = f"{folder}/mail/INBOX"
        files = [f"{d}/{f}" for d in ("cur", "new") for f in os.listdir(f"{near}/{d}")]
        assert len(files) == 200, len(files)
        os.remove(f"{near}/{files[0]}")
        source = f"{near}/{files[1]}"
        body = open(source, "rb").read().replace(b"X-TUID", b"X-Old-TUID")
        open(f"{near}/new/1700000000.1_1.here", "wb").write(b"Subject: from near\n\nhello\n")
        os.rename(source, f"{near}/cur/{os.path.basename(source).split(':')[0]}:2,F")
        tool(*sync)
        imap.noop()
        assert imap.select("INBOX")[1] == [b"200"]
        assert imap.search(None, "FLAGGED")[1][0].split(), "the flag did not come over"
        assert imap.search(None, "SUBJECT", '"from near"')[1][0].split()


def mutt(folder, server, user, keys, mailbox="INBOX", more=()):
    """Starts mutt in a terminal of its own, and presses the keys once the mailbox is open."""
    rc = os.path.join(folder, "muttrc")
    with open(rc, "w") as f:
        f.write(f"""set imap_user="{user}" imap_pass="{PASSWORD}" smtp_pass="{PASSWORD}" ssl_starttls=yes ssl_force_tls=yes
set certificate_file="{folder}/certificates" folder="imap://127.0.0.1:{server.ports['imap']}/" record="=Sent"
set smtp_url="smtp://{user.replace('@', '%40')}@127.0.0.1:{server.ports['submission']}/" smtp_authenticators="plain"
set from="{user}" realname="Anna" sort=threads delete=yes quit=yes wait_key=no header_cache="{folder}/cache" mail_check=0
set ssl_verify_dates=no ssl_verify_host=no imap_qresync=yes imap_condstore=yes move=no beep=no confirmappend=no
""" + "\n".join(more) + "\n")
    command = ["mutt", "-n", "-F", rc] + ([] if keys is None else ["-e", f"push {keys}", "-f", f"={mailbox}"])
    return command, {"HOME": folder, "TERM": "vt100", "LANG": "C.UTF-8"}


def typed(command, env, answers={}, seconds=300):
    """Runs it in a pseudo terminal, and answers what it asks: it ends by itself, or the test fails with what the screen shows."""
    import fcntl, pty, select, struct, termios, time
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.execvpe(command[0], command, {**os.environ, **env})
    shown, answered, until = b"", 0, time.monotonic() + seconds
    while time.monotonic() < until:
        if select.select([terminal], [], [], 0.2)[0]:
            try: piece = os.read(terminal, 65536)
            except OSError: break
            if not piece: break
            shown += piece
            for question, answer in {b"(a)ccept always": b"a", b"ccept (a)lways": b"a", **answers}.items():
                if question in shown[answered:]:
                    os.write(terminal, answer)
                    answered = len(shown)
    else:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        raise AssertionError(f"{command[0]} does not end; its screen:\n{readable(shown)}")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, readable(shown)


def readable(screen):
    """What a terminal was sent last, without its control sequences."""
    return re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]|[\x00-\x09\x0b-\x1f]", b"", screen)[-3000:].decode(errors="replace")


def mutt_reads_sorts_and_sends():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.add("anna")
        imap = server.imap()
        for i in range(4): assert imap.append("INBOX", None, None, letter(f"n{i}").as_bytes().replace(b"\n", b"\r\n"))[0] == "OK"
        certificate = ssl.get_server_certificate(("127.0.0.1", server.ports["imaps"]))
        with open(os.path.join(folder, "certificates"), "w") as f: f.write(certificate)
        user = "anna@example.test"
        typed(*mutt(folder, server, user, "<first-entry><flag-message><first-entry><next-entry><delete-message><quit>"))
        imap.select("INBOX", readonly=True)
        assert subjects(imap) == ["n0", "n2", "n3"], subjects(imap)
        assert imap.uid("SEARCH", "FLAGGED")[1] == [b"1"], imap.uid("SEARCH", "FLAGGED")
        # A second visit, out of its header cache; a message moves.
        typed(*mutt(folder, server, user, "<last-entry><save-message>=Archive<enter><first-entry><display-message><exit><quit>"))
        assert subjects(imap) == ["n0", "n2"] and subjects(imap, "Archive") == ["n3"], (subjects(imap), subjects(imap, "Archive"))
        imap.select("INBOX", readonly=True)
        assert imap.uid("SEARCH", "SEEN")[1] == [b"1"]
        # It sends, and keeps a copy.
        command, env = mutt(folder, server, user, None)
        tool(*command, "-s", "by mutt", user, text="Grüße\n", env=env)
        assert subjects(imap) == ["n0", "n2", "by mutt"] and subjects(imap, "Sent") == ["by mutt"]
        imap.logout()


class Compressed:
    """An IMAP connection on which COMPRESS is active (RFC 4978)."""

    def __init__(self, server, secure=True):
        import zlib
        self.socket = socket.create_connection(("127.0.0.1", server.ports["imaps" if secure else "imap"]), timeout=LONG_ENOUGH)
        if secure: self.socket = TRUST.wrap_socket(self.socket)
        self.out, self.into, self.got = zlib.compressobj(9, zlib.DEFLATED, -15), zlib.decompressobj(-15), b""
        self.flush, self.received = zlib.Z_SYNC_FLUSH, 0
        line = b""
        self.socket.sendall(f'a LOGIN anna@example.test "{PASSWORD}"\r\nb COMPRESS DEFLATE\r\n'.encode())
        while b"b OK" not in line:
            piece = self.socket.recv(1)
            assert piece, line
            line += piece
        while not line.endswith(b"\r\n"): line += self.socket.recv(1)

    def send(self, octets): self.socket.sendall(self.out.compress(octets) + self.out.flush(self.flush))

    def until(self, tag):
        """All that comes up to the tagged response."""
        while b"\r\n" + tag + b" " not in b"\r\n" + self.got or not self.got.endswith(b"\r\n"):
            piece = self.socket.recv(65536)
            assert piece, self.got[-300:]
            self.received += len(piece)
            self.got += self.into.decompress(piece)
        got, self.got = self.got, b""
        return got


def compression_saves_octets_and_harms_nobody():
    import zlib
    with Server() as server:
        server.add("anna")
        body = b"Subject: much\r\n\r\n" + b"".join(b"line %d of a long letter\r\n" % i for i in range(200_000))
        for secure in (False, True):
            peer = Compressed(server, secure)
            peer.send(b"c APPEND INBOX {%d+}\r\n" % len(body) + body + b"\r\n")
            assert b"c OK [APPENDUID" in peer.until(b"c")
            peer.send(b"d SELECT INBOX\r\ne COMPRESS DEFLATE\r\n")
            assert b"e NO [COMPRESSIONACTIVE]" in peer.until(b"e")
            peer.received = 0
            peer.send(b"f FETCH * BODY.PEEK[]\r\n")
            assert body in peer.until(b"f")
            assert peer.received < len(body) / 4, peer.received
            peer.send(b"g IDLE\r\n")
            while b"+ " not in peer.got: peer.got += peer.into.decompress(peer.socket.recv(999))
            peer.got = b""
            with server.smtp() as smtp: smtp.send_message(letter("told while idle"))
            while b"EXISTS" not in peer.got: peer.got += peer.into.decompress(peer.socket.recv(999))
            peer.send(b"DONE\r\nh LOGOUT\r\n")
            assert b"* BYE" in peer.until(b"h")
        # A bomb: a megabyte that becomes a gigabyte of one line.
        before = server.rss_kib()
        peer = Compressed(server)
        bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
        octets = b"".join(bomb.compress(bytes(b"x") * 1_000_000) for _ in range(1000)) + bomb.flush(zlib.Z_SYNC_FLUSH)
        try:
            peer.socket.sendall(octets)
            while peer.socket.recv(65536): pass
        except OSError: pass
        assert server.rss_kib() - before < 40_000, (before, server.rss_kib())
        # What is no DEFLATE ends the connection.
        peer = Compressed(server, secure=False)
        peer.socket.sendall(b"c NOOP\r\n")
        try: assert peer.socket.recv(100) == b""
        except ConnectionResetError: pass
        imap = server.imap()
        assert len(subjects(imap)) == 4
        imap.logout()


def fetchmail_takes_it_away():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.add("anna")
        for i in range(3):
            with server.smtp() as smtp: smtp.send_message(letter(f"f{i}"))
        for protocol, service in (("pop3", "pop3s"), ("imap", "imaps")):
            open(f"{folder}/rc", "w").write(
                f'poll 127.0.0.1 service {server.ports[service]} protocol {protocol} user "anna@example.test" '
                f'password "{PASSWORD}" ssl no sslcertck keep fetchall mda "cat >> {folder}/{protocol}"\n')
            os.chmod(f"{folder}/rc", 0o600)
            tool("fetchmail", "-f", f"{folder}/rc", "--pidfile", f"{folder}/pid", "--idfile", f"{folder}/ids",
                 env={"HOME": folder, "USER": "root", "LOGNAME": "root"})
            got = open(f"{folder}/{protocol}").read()
            assert got.count("Subject: f") == 3, got


if __name__ == "__main__":
    run(python_clients_send_and_fetch, imap_does_a_days_work, another_session_is_told_at_once, curl_speaks_all_three,
        swaks_tries_every_way_in, mbsync_agrees_both_ways, mutt_reads_sorts_and_sends,
        compression_saves_octets_and_harms_nobody, fetchmail_takes_it_away)
