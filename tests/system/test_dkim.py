#!/usr/bin/env python3
"""DKIM signatures on outgoing mail, judged by other people's verifiers: dkimpy (RSA and Ed25519) and OpenDKIM (RSA)."""
import dkim, email, re, smtplib, subprocess, tempfile
from email.message import EmailMessage
from posthorn import *
from test_relay import FAST, Peer, clean, empty, entries, inbox, send, server_with, until

DOMAIN = "example.test"


def keys(server, domain=DOMAIN): return server.ask("dkim", "list", domain, json_result=True)["keys"]
def zone(server, domain=DOMAIN): return {k["recordName"]: "".join(k["recordStrings"]) for k in keys(server, domain)}

def make_keys(server, *options, domain=DOMAIN):
    """Makes keys and activates them; their selectors by algorithm."""
    made = server.ask("dkim", "add", domain, *options, json_result=True)["keys"]
    assert all(k["state"] == "pending" for k in made), made
    for key in made: server.ask("dkim", "activate", domain, key["selector"])
    return {k["algorithm"]: k["selector"] for k in made}

def submit(server, octets, sender="anna@example.test", to=("ben@elsewhere.example",), options=()):
    smtp = server.smtp("submission")
    smtp.login("anna@example.test", PASSWORD)
    smtp.sendmail(sender, list(to), octets, mail_options=list(options))
    smtp.quit()

def arrived(peer, count=1):
    """What the peer has taken, as it was before the dots were doubled."""
    until(f"{count} messages arrived", lambda: len(peer.octets) >= count)
    return [re.sub(rb"(?m)^\.", b"", mail) for mail in peer.octets]

def signatures(mail):
    header = mail.split(b"\r\n\r\n")[0]
    fields = re.findall(rb"(?m)^DKIM-Signature:(?:.*\r\n[ \t])*.*$", header)
    return [dict(t.strip().split(b"=", 1) for t in re.sub(rb"\s+", b" ", f.split(b":", 1)[1]).split(b";")) for f in fields]

def opendkim_passes(mail, records):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("keys", "".join(f"{n} {v}\n" for n, v in records.items())),
                           ("conf", f"Mode v\nTestPublicKeys {folder}/keys\nUserID root\n")):
            with open(f"{folder}/{name}", "w") as f: f.write(text)
        with open(f"{folder}/mail", "wb") as f: f.write(mail)
        said = subprocess.run(["/usr/sbin/opendkim", "-x", f"{folder}/conf", "-vv", "-t", f"{folder}/mail"],
                              capture_output=True, text=True, timeout=60, errors="replace").stdout
        return re.search(r"dkim=pass \(2048-bit key[^)]*\)", said) is not None, said

def judge(mail, records, selectors, domain=DOMAIN, opendkim=True):
    found = {s[b"a"].decode(): s for s in signatures(mail)}
    assert set(found) == {"rsa-sha256", "ed25519-sha256"}, found
    for algorithm, selector in selectors.items():
        s = found[f"{algorithm}-sha256"]
        assert s[b"s"].decode() == selector and s[b"d"].decode() == domain and s[b"c"] == b"relaxed/relaxed", s
    asked = []
    def look_up(name, timeout=5):
        asked.append(name.decode().rstrip("."))
        return records.get(asked[-1], "").encode()
    for index in range(2):
        assert dkim.DKIM(mail).verify(index, dnsfunc=look_up), (index, mail[:3000])
    assert sorted(asked) == sorted(f"{s}._domainkey.{domain}" for s in selectors.values()), asked
    if opendkim:
        passed, said = opendkim_passes(mail, records)
        assert passed, said
    altered = mail.replace(b"Subject:", b"Subject: not", 1)
    for index in range(2):
        assert not dkim.DKIM(altered).verify(index, dnsfunc=look_up), "an altered message passes"
    for line in mail.split(b"\r\n\r\n")[0].split(b"\r\n"):
        if b"DKIM-Signature" in line: assert len(line) < 78, line


HEAD = b"From: Anna <anna@example.test>\r\nTo: ben@elsewhere.example\r\nDate: Mon, 18 May 2026 10:00:00 +0200\r\n" \
       b"Message-ID: <1@example.test>\r\n"

def with_attachment():
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Cc"] = "Anna <anna@example.test>", "ben@elsewhere.example", "eva@other.example"
    mail["Subject"], mail["Reply-To"] = "Grüße und ein sehr langer Betreff, der gefaltet werden muss, weil er lang ist", "a@example.test"
    mail["In-Reply-To"], mail["References"] = "<0@x.example>", " ".join(f"<{i}@x.example>" for i in range(30))
    mail["List-Id"], mail["List-Unsubscribe"] = "<l.example.test>", "<mailto:leave@example.test>"
    mail.set_content("Anbei.\n")
    mail.add_attachment(bytes(range(256)) * 400, maintype="application", subtype="octet-stream", filename="x.bin")
    return mail.as_bytes(policy=email.policy.SMTP)

ODD = {
    "plain": HEAD + b"Subject: plain\r\n\r\nHello there.\r\n",
    "folded": HEAD + b"Subject: a\r\n very\r\n\t  folded   \t one  \r\nCc: x@y.example,\r\n\tz@y.example\r\n\r\nHello\r\n",
    "spaces": HEAD + b"Subject: \t after the  colon \r\n\r\nHi \t there  \r\n \r\n\tx\t\r\n",
    "8-bit": HEAD + "Subject: 8bit\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                    "Content-Transfer-Encoding: 8bit\r\n\r\nGrüße, ça va? 日本語\r\n".encode(),
    "latin-1": HEAD + b"Subject: l1\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
                      b"Content-Transfer-Encoding: 8bit\r\n\r\nGr\xfc\xdfe\r\n",
    "long lines": HEAD + b"Subject: long\r\n\r\n" + b"0123456789" * 99 + b"\r\n" + b"x y " * 200 + b"\r\n",
    "empty body": HEAD + b"Subject: empty\r\n\r\n",
    "no body at all": HEAD + b"Subject: none\r\n",
    "empty lines": HEAD + b"Subject: lines\r\n\r\n\r\n\r\na\r\n\r\n\r\nb\r\n\r\n\r\n\r\n",
    "only empty lines": HEAD + b"Subject: only lines\r\n\r\n\r\n\r\n\r\n",
    "dots": HEAD + b"Subject: dots\r\n\r\n.\r\n..\r\n.one\r\n\r\n.\r\n",
    "empty subject": HEAD + b"Subject:\r\n\r\nx\r\n",
    "attachment": with_attachment(),
}


def signs_twice_what_any_verifier_accepts():
    with Peer() as peer, server_with(peer.port) as server:
        server.add("anna")
        selectors = make_keys(server)
        records = zone(server)
        for count, (name, octets) in enumerate(ODD.items(), 1):
            submit(server, octets, options=["body=8bitmime"])
            mail = arrived(peer, count)[-1]
            print("   ", name, flush=True)
            judge(mail, records, selectors)
            assert mail.startswith(b"DKIM-Signature:") and b"Return-Path" not in mail, mail[:200]
        until("the queue is empty", empty(server))
        clean(server)


def signs_big_messages_in_pieces():
    body = b"".join(b"%08d " % i + b"x" * 60 + b" \r\n" for i in range(300_000)) # 21 MiB, more than is held at once
    with Peer() as peer, server_with(peer.port, **{"relay.timeout": "60"}) as server:
        server.add("anna")
        selectors = make_keys(server)
        def most(): return int(re.search(r"^VmHWM:\s+(\d+)", open(f"/proc/{server.process.pid}/status").read(), re.M).group(1))
        before = most()
        submit(server, HEAD + b"Subject: big\r\n\r\n" + body)
        judge(arrived(peer)[0], zone(server), selectors, opendkim=False)
        grown = most() - before
        assert grown < 30 * 1024, f"{grown} KiB more for a message of 21 MiB"


def what_somebody_adds_on_the_way_breaks_it():
    with Peer() as peer, server_with(peer.port) as server:
        server.add("anna")
        make_keys(server)
        records = zone(server)
        submit(server, ODD["plain"])
        mail = arrived(peer)[0]
        look_up = lambda name, timeout=5: records[name.decode().rstrip(".")].encode()
        for field in (b"From: eve@example.com", b"Subject: no", b"To: x@y.example", b"Date: x", b"Cc: x@y.example", b"Reply-To: e@x.example"):
            with_it = mail.replace(b"From: Anna", field + b"\r\nFrom: Anna", 1)
            try: passes = dkim.DKIM(with_it).verify(0, dnsfunc=look_up)
            except dkim.DKIMException: passes = False
            assert not passes, field
        assert dkim.DKIM(b"Received: from a by b\r\n" + mail).verify(0, dnsfunc=look_up)


def rotates_keys_with_overlap():
    with Peer() as peer, server_with(peer.port) as server:
        server.add("anna")
        send(server, "ben@elsewhere.example")
        assert signatures(arrived(peer)[0]) == []
        old = make_keys(server, "--selector", "old")
        assert old == {"rsa": "old-rsa", "ed25519": "old-ed25519"}, old
        send(server, "ben@elsewhere.example")
        judge(arrived(peer, 2)[1], zone(server), old)
        server.ask("dkim", "add", DOMAIN, "--selector", "new")
        send(server, "ben@elsewhere.example")
        judge(arrived(peer, 3)[2], zone(server), old)              # a pending key signs nothing
        server.ask("dkim", "activate", DOMAIN, "new-rsa")
        send(server, "ben@elsewhere.example")
        judge(arrived(peer, 4)[3], zone(server), {"rsa": "new-rsa", "ed25519": "old-ed25519"})
        server.ask("dkim", "activate", DOMAIN, "new-ed25519")
        states = {k["selector"]: k["state"] for k in keys(server)}
        assert states == {"old-rsa": "retired", "old-ed25519": "retired", "new-rsa": "active", "new-ed25519": "active"}, states
        send(server, "ben@elsewhere.example")
        judge(arrived(peer, 5)[4], zone(server), {"rsa": "new-rsa", "ed25519": "new-ed25519"})
        judge(arrived(peer, 2)[1], zone(server), old)              # mail that was on its way is still good
        assert server.ask("dkim", "remove", DOMAIN, "new-rsa", check=False).returncode == 77
        server.ask("dkim", "retire", DOMAIN, "new-rsa")
        server.ask("dkim", "retire", DOMAIN, "new-ed25519")
        for selector in states: server.ask("dkim", "remove", DOMAIN, selector)
        send(server, "ben@elsewhere.example")
        assert signatures(arrived(peer, 6)[5]) == [] and keys(server) == []


def signs_only_for_its_own():
    with Peer() as peer, server_with(peer.port) as server:
        server.add("anna")
        server.ask("domain", "add", "second.test")
        server.ask("alias", "add", "away@example.test", "anna@elsewhere.example")
        make_keys(server)
        second = make_keys(server, domain="second.test")
        submit(server, ODD["plain"].replace(b"anna@example.test", b"anna@foreign.example"))
        submit(server, ODD["plain"].replace(b"anna@example.test", b"anna@second.test"))
        # Anybody may say at the front door that he is Anna; to sign that on its way out would make it true.
        smtp = server.smtp()
        smtp.sendmail("eve@other.example", ["away@example.test"], ODD["plain"].replace(b"plain", b"forged"))
        smtp.quit()
        mails = {email.message_from_bytes(m)["From"] + email.message_from_bytes(m)["Subject"]: m for m in arrived(peer, 3)}
        assert signatures(mails["Anna <anna@foreign.example>plain"]) == []
        judge(mails["Anna <anna@second.test>plain"], zone(server, "second.test"), second, "second.test")
        assert signatures(mails["Anna <anna@example.test>forged"]) == []


def signs_reports_of_its_own():
    """A report goes to a sender whose address leads elsewhere; it is from mx.example.test, within example.test."""
    with Peer(lambda c: "550 5.1.1 no such user" if "ben@" in c else None) as peer, server_with(peer.port) as server:
        server.add("anna")
        server.ask("alias", "add", "away@example.test", "anna@elsewhere.example")
        selectors = make_keys(server)
        submit(server, ODD["plain"], sender="away@example.test")
        report = arrived(peer)[0]
        assert b"multipart/report" in report and "MAIL FROM:<>" in " ".join(peer.commands), peer.commands
        judge(report, zone(server), selectors)


def mail_that_stays_is_not_signed():
    with Peer() as peer, server_with(peer.port) as server:
        server.add("anna")
        make_keys(server)
        submit(server, ODD["plain"], to=["anna@example.test", "ben@elsewhere.example"])
        assert len(signatures(arrived(peer)[0])) == 2
        assert inbox(server)[0]["DKIM-Signature"] is None


def keys_outlive_a_restart_and_move_with_an_export():
    with Peer() as peer, server_with(peer.port) as server, tempfile.TemporaryDirectory() as folder:
        server.add("anna")
        selectors = make_keys(server)
        records = zone(server)
        server.stop()
        server.start()
        send(server, "ben@elsewhere.example")
        judge(arrived(peer)[0], records, selectors)
        server.ask("export", f"{folder}/e")
        with Server(settings={**FAST, "relay.smart_host": f"127.0.0.1:{peer.port}"}) as other:
            other.ask("import", f"{folder}/e")
            send(other, "ben@elsewhere.example")
            judge(arrived(peer, 2)[1], records, selectors)


def prints_records_to_copy():
    with Server() as server:
        server.add("anna")
        said = server.ask("dkim", "add", DOMAIN, "--algorithm", "rsa", "--selector", "s1")
        assert said == server.ask("dkim", "record", DOMAIN), said
        name, kind, value = (line.split(None, 1)[1] for line in said.splitlines()[:3])
        strings = re.findall(r'"([^"]*)"', value)
        assert name == f"s1._domainkey.{DOMAIN}" and kind == "TXT" and len(strings) == 2, said
        assert max(map(len, strings)) == 255 and "".join(strings).startswith("v=DKIM1; k=rsa; p="), said
        assert "dkim activate example.test s1" in said
        assert server.ask("dkim", "add", DOMAIN, "--selector", "a_b", check=False).returncode == 65
        assert server.ask("dkim", "add", "nowhere.test", check=False).returncode == 67
        assert server.ask("dkim", "add", DOMAIN, "--algorithm", "rsa", "--selector", "s1", check=False).returncode == 73
        assert server.ask("dkim", "activate", DOMAIN, "s2", check=False).returncode == 67
        assert "No keys" not in server.ask("dkim", "list")
        assert "PRIVATE" not in server.ask("dkim", "list", "--json")


if __name__ == "__main__":
    run(signs_twice_what_any_verifier_accepts, signs_big_messages_in_pieces, what_somebody_adds_on_the_way_breaks_it,
        rotates_keys_with_overlap, signs_only_for_its_own, signs_reports_of_its_own, mail_that_stays_is_not_signed,
        keys_outlive_a_restart_and_move_with_an_export, prints_records_to_copy)
