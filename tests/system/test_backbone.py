#!/usr/bin/env python3
"""What holds for all ways in: quotas, certificates, sign-in, line ends, refusals, and moving house with every table."""
import base64, hashlib, hmac, itertools, os, poplib, tempfile
from posthorn import *


def smtp_says(server, *lines, service="smtp", data=None):
    """The reply to each line, and to the message."""
    s, f = raw(server.ports[service])
    reply(f)
    replies = []
    for line in (b"EHLO client.example", *lines):
        s.sendall(line + b"\r\n")
        replies.append(reply(f))
    if data is not None:
        s.sendall(data + b"\r\n.\r\n")
        replies.append(reply(f))
    s.close()
    return replies[1:]


def told(server, text):
    """The trace, once it holds `text`."""
    return until(f"{text!r} is in the trace", lambda: text in (found := server.ask("trace", "--limit", "50")) and found)


def a_full_account_is_told_of_as_set():
    to_full = b"MAIL FROM:<a@b.example>", b"RCPT TO:<full@example.test>"
    big = b"Subject: big\r\n\r\n" + b"0123456789" * 7 + b"\r\n" + (b"x" * 70 + b"\r\n") * 20_000
    for reply_as, full in ("permanent", b"552 5.2.2"), ("temporary", b"452 4.2.2"):
        with Server(settings={"quota.reply": reply_as}) as server, tempfile.TemporaryDirectory() as folder:
            server.add("full", quota=100_000)
            assert smtp_says(server, to_full[0] + b" SIZE=200000", to_full[1])[1].startswith(full)
            said = smtp_says(server, *to_full, b"DATA", data=big) # its size was not told beforehand
            assert said[1].startswith(b"250") and said[3].startswith(full), said
            assert "full@example.test" in told(server, "Mailbox full")
            imap = server.imap("full@example.test")
            kind, text = imap.append("INBOX", None, None, big)
            assert kind == "NO" and b"[OVERQUOTA]" in text[0], (kind, text)
            # What was staged of it goes again.
            exports = itertools.count()
            def nothing_is_left():
                rows = f"{folder}/rows{next(exports)}"
                server.ask("export", rows)
                staged = [os.path.getsize(f"{rows}/{name}") for name in os.listdir(rows) if name.startswith(("staged", "content"))]
                assert len(staged) == 2, os.listdir(rows)
                return not any(staged)
            until("what was staged is gone", nothing_is_left)
            assert server.ask("check", json_result=True)["faults"] == []


def make_certificate(folder, stem, *names):
    tool("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
         f"/CN={stem}", "-addext", "subjectAltName=" + ",".join(f"DNS:{n}" for n in names), "-keyout", f"{folder}/{stem}.key",
         "-out", f"{folder}/{stem}.crt")
    return f"{folder}/{stem}.crt", f"{folder}/{stem}.key"


def shown_certificate(server, name, service="imaps"):
    with socket.create_connection(("127.0.0.1", server.ports[service]), timeout=LONG_ENOUGH) as s:
        with TRUST.wrap_socket(s, server_hostname=name) as t: return t.getpeercert(binary_form=True)


def der(path): return ssl.PEM_cert_to_DER_cert(open(path).read())


def certificates_are_chosen_by_name_and_read_again():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.add("anna")
        own = shown_certificate(server, "mx.example.test")
        one, one_key = make_certificate(folder, "one", "example.test", "mail.example.test")
        two, two_key = make_certificate(folder, "two", "mx.example.test")
        tool("openssl", "pkcs12", "-export", "-in", two, "-inkey", two_key, "-passout", "pass:secret", "-out", f"{folder}/two.p12")
        server.ask("domain", "update", "example.test", "--certificate", one, "--key", one_key)
        server.ask("settings", "set", "tls.key_password", text="secret\n")
        server.ask("settings", "set", "tls.certificate", f"{folder}/two.p12")
        for name, path in ("example.test", one), ("mail.example.test", one), ("mx.example.test", two), ("else.example", two):
            assert shown_certificate(server, name) == der(path) != own, name
        assert shown_certificate(server, "mail.example.test", "submissions") == der(one)
        held = imaplib.IMAP4_SSL("127.0.0.1", server.ports["imaps"], ssl_context=TRUST)
        held.login("anna@example.test", PASSWORD)
        # Renewed in place, as a certificate's robot does it.
        before = der(one)
        make_certificate(folder, "one", "example.test", "mail.example.test")
        assert der(one) != before
        until("the new one is shown", lambda: shown_certificate(server, "example.test") == der(one))
        assert held.noop()[0] == "OK" # and nobody was cut off
        held.logout()
        # One that can't be read keeps nobody out.
        open(two, "w").write("no certificate")
        server.ask("settings", "set", "tls.certificate", two)
        assert shown_certificate(server, "else.example")


def scram(server, user, password, plus=True):
    """One SCRAM-SHA-256(-PLUS) sign-in by POP3 over TLS; gives (salt, last line)."""
    s = TRUST.wrap_socket(socket.create_connection(("127.0.0.1", server.ports["pop3s"]), timeout=LONG_ENOUGH))
    f = s.makefile("rb")
    f.readline()
    binding = b"p=tls-server-end-point,,"
    gs2 = binding if plus else b"n,,"
    bound = gs2 + (hashlib.sha256(s.getpeercert(binary_form=True)).digest() if plus else b"")
    bare = b"n=" + user.encode() + b",r=abcdefghijklmnopqrstuvwx"
    name = b"SCRAM-SHA-256" + (b"-PLUS" if plus else b"")
    s.sendall(b"AUTH " + name + b" " + base64.b64encode(gs2 + bare) + b"\r\n")
    first = base64.b64decode(f.readline()[2:])
    parts = dict(p.split(b"=", 1) for p in first.split(b","))
    salt, rounds = base64.b64decode(parts[b"s"]), int(parts[b"i"])
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    sign = lambda key, text: hmac.new(key, text, "sha256").digest()
    client_key = sign(salted, b"Client Key")
    last = b"c=" + base64.b64encode(bound) + b",r=" + parts[b"r"]
    message = b",".join([bare, first, last])
    proof = bytes(a ^ b for a, b in zip(client_key, sign(hashlib.sha256(client_key).digest(), message)))
    s.sendall(base64.b64encode(last + b",p=" + base64.b64encode(proof)) + b"\r\n")
    answer = f.readline()
    if answer.startswith(b"+ "):
        assert base64.b64decode(answer[2:]) == b"v=" + base64.b64encode(sign(sign(salted, b"Server Key"), message))
        s.sendall(b"\r\n")
        answer = f.readline()
    s.close()
    return salt, answer


def scram_tells_nobody_who_is_here():
    with Server() as server:
        server.add("anna")
        for plus in (True, False): assert scram(server, "anna@example.test", PASSWORD, plus)[1].startswith(b"+OK"), plus
        wrong, unknown = scram(server, "anna@example.test", "wrong"), scram(server, "nobody@example.test", "wrong")
        assert wrong[1] == unknown[1] and wrong[1].startswith(b"-ERR [AUTH]"), (wrong, unknown)
        server.stop()
        server.start() # the salt of somebody who is not here must not change when that of the others does not
        assert scram(server, "nobody@example.test", "wrong")[0] == unknown[0]
        assert scram(server, "anna@example.test", "wrong")[0] == wrong[0] != unknown[0]


def line_ends_are_mended_where_it_is_set():
    sign_in = b"AUTH PLAIN " + base64.b64encode(b"\0anna@example.test\0" + PASSWORD.encode())
    envelope = b"MAIL FROM:<anna@example.test>", b"RCPT TO:<anna@example.test>", b"DATA"
    printer = b"Subject: scan\n\none\n.two\rthree\n"
    with Server(settings={"submission.bare_line_ends": "normalize"}) as server:
        server.add("anna")
        assert smtp_says(server, *envelope, data=printer)[-1].startswith(b"550 5.6.11")
        assert smtp_says(server, sign_in, *envelope, service="submission", data=printer)[-1].startswith(b"250")
        imap = server.imap()
        assert subjects(imap) == ["scan"]
        got = imap.uid("FETCH", "1", "(BODY.PEEK[])")[1][0][1]
        assert got.endswith(b"\r\n\r\none\r\n.two\r\nthree\r\n\r\n"), got
        assert b"Date: " in got and b"Message-ID: <" in got, got


def refusals_before_a_session_are_told():
    with Server(settings={"server.max_connections": "10"}) as server:
        server.add("anna")
        with socket.create_connection(("127.0.0.1", server.ports["imaps"]), timeout=LONG_ENOUGH) as s:
            s.sendall(b"a LOGIN anna secret\r\n" * 20)
            try:
                while s.recv(4096): pass
            except ConnectionResetError: pass
        assert "secret" not in told(server, "IMAPS: TLS failed")
        def seated():
            s, f = raw(server.ports["smtp"])
            return (s, f) if f.readline().startswith(b"220") else s.close()
        held = [until("there is a seat", seated) for _ in range(10)]
        s, f = raw(server.ports["smtp"])
        assert f.readline().startswith(b"421 4.7.0")
        told(server, "SMTP: Too many connections")
        events = server.ask("log", "--level", "detail", json_result=True)
        assert "connection-refused" in json.dumps(events), events


def every_table_moves():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.add("anna", "ben")
        ask = server.ask
        ask("domain", "add", "also.test", "--alias-of", "example.test", "--catch-all", "anna@example.test")
        ask("alias", "add", "all@example.test", "anna@example.test", "ben@example.test")
        ask("account", "forward", "ben@example.test", "--to", "ben@home.example", "--keep")
        ask("dkim", "add", "example.test", "--algorithm", "ed25519", "--selector", "one")
        ask("dkim", "activate", "example.test", "one")
        ask("route", "add", "work", "--host", "mx.work.example:25", "--to", "work.example")
        ask("suppression", "add", "gone@else.example", "moved away")
        ask("settings", "set", "relay.enabled", "false")
        for rcpt in "ben", "all", "anyone":
            domain = "also.test" if rcpt == "anyone" else "example.test"
            with server.smtp() as smtp: smtp.sendmail("x@y.example", [f"{rcpt}@{domain}"], f"Subject: {rcpt}\r\n\r\nhello\r\n")
        ask("export", f"{folder}/rows")
        lists = [("domain", "list"), ("account", "list"), ("alias", "list"), ("dkim", "list"), ("route", "list"),
                 ("suppression", "list"), ("queue", "list"), ("settings", "list"), ("trace",)]
        had = {words: ask(*words, json_result=True) for words in lists}
        assert had["queue", "list"]["total"] == 2, had["queue", "list"] # to ben's other address, for ben and for all
        assert [key["state"] for key in had["dkim", "list"]["keys"]] == ["active"]
        server.stop()
        fresh = Server(data=f"{folder}/fresh", start=False)
        fresh.ask("import", f"{folder}/rows")
        with Server(data=f"{folder}/fresh") as moved:
            for words, was in had.items():
                now = moved.ask(*words, json_result=True)
                assert now == was, f"{words}: {now} was {was}"
            assert subjects(moved.imap()) == ["all", "anyone"]
            assert subjects(moved.imap("ben@example.test")) == ["ben", "all"]
            assert moved.ask("check", json_result=True)["faults"] == []


if __name__ == "__main__":
    run(a_full_account_is_told_of_as_set, certificates_are_chosen_by_name_and_read_again, scram_tells_nobody_who_is_here,
        line_ends_are_mended_where_it_is_set, refusals_before_a_session_are_told, every_table_moves)
