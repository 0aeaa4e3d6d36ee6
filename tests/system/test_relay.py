#!/usr/bin/env python3
"""Mail for elsewhere, with real peers: Postfix's smtp-sink and its faults, a second Posthorn, nsd for MX."""
import contextlib, email, email.policy, glob, os, random, re, shutil, signal, smtplib, socket, subprocess, tempfile, threading, time
from email.message import EmailMessage
from posthorn import *

# Who does not wait for a server that is silent gives those that answer time enough.
FAST = {"relay.retry_schedule": "1s 1s 2s", "relay.timeout": "30", "relay.connect_timeout": "30"}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Sink:
    """smtp-sink: takes mail and drops or keeps it."""
    def __init__(self, *options, port=None, host="127.0.0.1"):
        self.port = port or free_port()
        self.folder = tempfile.mkdtemp(prefix="sink-")
        os.chmod(self.folder, 0o777)
        command = [shutil.which("smtp-sink") or "/usr/sbin/smtp-sink", "-u", "nobody", "-R", self.folder, "-d", "m.", *options,
                   f"{host}:{self.port}", "100"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("smtp-sink listens", lambda: self.process.poll() is None and can_connect(self.port, host))

    def mails(self):
        return [open(f).read() for f in sorted(glob.glob(os.path.join(self.folder, "m.*")))]

    def __enter__(self): return self
    def __exit__(self, *_):
        self.process.kill(); self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def can_connect(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=1).close()
        return True
    except OSError:
        return False


class Peer(StandIn):
    """A server that plays a script: `answer(command) -> reply`; keeps what it was told."""
    def __init__(self, answer=None, banner="220 peer.example ESMTP"):
        self.answer, self.banner = answer or (lambda command: None), banner
        self.commands, self.mails, self.octets = [], [], []
        super().__init__()

    def talk(self, peer):
        with peer:
            f = peer.makefile("rwb")
            def say(text): f.write(text.encode() + b"\r\n"); f.flush()
            say(self.banner)
            accepted = 0
            while line := f.readline():
                try: line = line.decode().strip()
                except UnicodeDecodeError: return # TLS, after STARTTLS that was a lie
                self.commands.append(line)
                reply = self.answer(line)
                verb = line.split(" ")[0].upper()
                if reply == "drop": return
                if verb == "MAIL": accepted = 0
                if verb == "RCPT" and not reply: accepted += 1
                if verb == "DATA" and not accepted: reply = reply or "554 5.5.1 no recipients"
                if reply: say(reply)
                elif verb == "EHLO": say("250-peer.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 DSN")
                elif verb == "DATA":
                    say("354 go on")
                    mail = bytearray()
                    while (part := f.readline()) not in (b".\r\n", b""): mail += part
                    if not part: return # lost before its end: never taken
                    reply = self.answer("." )
                    if reply == "drop": return
                    if not reply: self.octets.append(bytes(mail)); self.mails.append(mail.decode(errors="replace"))
                    say(reply or "250 2.0.0 taken")
                elif verb == "QUIT": return say("221 bye")
                else: say("250 ok")


def server_with(port, **more):
    return Server(settings={**FAST, "relay.smart_host": f"127.0.0.1:{port}", **more})


def send(server, *recipients, sender="anna@example.test", text="Hello there.\n", subject="out", options=(), rcpt=()):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender or "anna@example.test", ", ".join(recipients), subject
    mail.set_content(text)
    smtp = smtplib.SMTP("127.0.0.1", server.ports["submission"], local_hostname="client.example", timeout=60)
    smtp.login("anna@example.test", PASSWORD)
    smtp.sendmail(sender, recipients, mail.as_bytes(policy=email.policy.SMTP), mail_options=list(options), rcpt_options=list(rcpt))
    smtp.quit()


def entries(server): return server.ask("queue", "list", json_result=True)["entries"]
def empty(server): return lambda: not entries(server)
def steps(server, word):
    found = server.ask("trace", word, json_result=True)["steps"]
    return sorted((s["step"], s["recipient"]) for s in found)

def inbox(server, user="anna@example.test"):
    imap = server.imap(user)
    imap.select("INBOX", readonly=True)
    found = imap.fetch("1:*", "(RFC822)")[1] if imap.select("INBOX", readonly=True)[1] != [b"0"] else []
    imap.logout()
    return [email.message_from_bytes(part[1]) for part in found if isinstance(part, tuple)]

@contextlib.contextmanager
def nothing_goes_out(server):
    """What is sent meanwhile waits, and goes out together: what comes of it is not a matter of how fast it was sent."""
    server.ask("settings", "set", "relay.enabled", "false")
    yield
    server.ask("settings", "set", "relay.enabled", "true")

def clean(server):
    report = server.ask("check", json_result=True)
    assert report["faults"] == [], report


def relays_to_the_smart_host():
    with Sink() as sink, server_with(sink.port) as server:
        server.add("anna")
        send(server, "ben@elsewhere.example", "eva@other.example", text="Grüße\n.dot\n")
        until("the queue is empty", empty(server))
        mails = until("it arrived", sink.mails)
        assert len(mails) == 1 and mails[0].count("Return-Path") == 0, mails
        assert "..dot" in mails[0] or "\n.dot" in mails[0], mails
        kinds = [s for s, _ in steps(server, "anna@example.test")]
        assert kinds.count("sent") == 2 and kinds.count("queued") == 2, kinds
        clean(server)


def keeps_what_is_refused_for_now_and_tells_what_was_said():
    said = {"deny": True}
    with Peer(lambda c: "451 4.3.0 not now" if c.startswith("RCPT") and said["deny"] else None) as peer, \
            server_with(peer.port, **{"relay.retry_schedule": "1h"}) as server:
        server.add("anna")
        send(server, "ben@elsewhere.example")
        entry = until("it was tried", lambda: [e for e in entries(server) if e["attempts"] == 1])[0]
        assert "451 4.3.0 not now" in entry["lastError"], entry
        shown = server.ask("queue", "show", entry["id"], json_result=True)["lastDialogue"]
        assert "C: RCPT TO:<ben@elsewhere.example>" in shown and "S: 451 4.3.0 not now" in shown, shown
        server.ask("queue", "hold", entry["id"])
        said["deny"] = False
        server.ask("queue", "retry", entry["id"])
        time.sleep(0.5)
        assert [e["state"] for e in entries(server)] == ["held"]
        server.ask("queue", "release", entry["id"])
        until("it is sent", empty(server))
        until("it arrived", lambda: len(peer.mails) == 1)
        assert [s for s, _ in steps(server, "ben@elsewhere.example")].count("delayed") == 1
        clean(server)


def gives_a_refused_message_back():
    with Peer(lambda c: "550 5.1.1 no such user" if "ben@" in c else None) as peer, server_with(peer.port) as server:
        server.add("anna")
        send(server, "ben@elsewhere.example", "eva@elsewhere.example", subject="lost one")
        until("the queue is empty", empty(server))
        report = until("the report is there", lambda: inbox(server))[0]
        assert report["Return-Path"] == "<>" and report["Auto-Submitted"], report.as_string()[:500]
        assert report.get_content_type() == "multipart/report", report.get_content_type()
        text, status, original = report.get_payload()
        assert "no such address" in text.get_payload(decode=True).decode(), text
        fields = status.get_payload()[1]
        assert fields["Final-Recipient"].endswith("ben@elsewhere.example") and fields["Action"] == "failed" \
            and fields["Status"] == "5.1.1" and "550 5.1.1 no such user" in fields["Diagnostic-Code"], fields.as_string()
        assert "lost one" in original.as_string() and "eva@" not in status.as_string()
        assert len(peer.mails) == 1
        clean(server)


def bounces_no_bounce():
    with Peer(lambda c: "550 5.1.1 no" if c.startswith("RCPT") else None) as peer, server_with(peer.port) as server:
        server.add("anna")
        send(server, "ben@elsewhere.example", sender="")
        until("the queue is empty", empty(server))
        until("it was given up", lambda: ("failed", "ben@elsewhere.example") in steps(server, "ben@elsewhere.example"))
        assert inbox(server) == []
        send(server, "eva@elsewhere.example", rcpt=["NOTIFY=NEVER"])
        until("it was given up", lambda: ("failed", "eva@elsewhere.example") in steps(server, "eva@elsewhere.example"))
        assert inbox(server) == []
        clean(server)


def tells_of_a_delay_and_gives_up_in_the_end():
    with server_with(free_port(), **{"relay.delay_notice_after": "1s", "relay.retry_schedule": "1s"}) as server:
        server.add("anna")
        send(server, "ben@elsewhere.example")
        until("she is told of the delay", lambda: inbox(server))
        server.ask("settings", "set", "relay.expire_after", "2s")
        until("it is given up", empty(server))
        reports = until("both reports", lambda: len(inbox(server)) == 2 and inbox(server))
        actions = [r.get_payload()[1].get_payload()[1]["Action"] for r in reports]
        assert actions == ["delayed", "failed"], actions
        assert reports[1].get_payload()[1].get_payload()[1]["Status"] == "5.4.7"
        assert "will be told" in reports[0].get_payload()[0].get_payload()
        clean(server)


def survives_the_faults_of_smtp_sink():
    faults = [("-f", "mail"), ("-f", "rcpt"), ("-f", "data"), ("-f", "."), ("-q", "rcpt"), ("-q", "data"), ("-q", "."),
              ("-r", "mail"), ("-r", "."), ("-8",), ("-e",), ("-p",)]
    for fault in faults:
        with Sink(*fault) as sink, server_with(sink.port, **{"relay.retry_schedule": "1h"}) as server:
            server.add("anna")
            send(server, "ben@elsewhere.example", text="only ASCII\n")
            if fault[0] == "-f":   # 5xx
                until(f"{fault}: the report", lambda: inbox(server))
                assert not entries(server)
            elif fault[0] in ("-8", "-e", "-p"):
                until(f"{fault}: it arrived", lambda: sink.mails() and not entries(server))
            else:                  # 4xx, or the connection is lost
                until(f"{fault}: an attempt", lambda: [e for e in entries(server) if e["attempts"] == 1])
            clean(server)


def returns_eight_bit_text_that_can_go_nowhere():
    with Sink("-8") as sink, server_with(sink.port) as server:
        server.add("anna")
        mail = "From: anna@example.test\r\nSubject: x\r\nContent-Type: text/plain; charset=utf-8\r\n" \
               "Content-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n".encode()
        smtp = smtplib.SMTP("127.0.0.1", server.ports["submission"], timeout=60)
        smtp.login("anna@example.test", PASSWORD)
        smtp.sendmail("anna@example.test", ["ben@elsewhere.example"], mail, mail_options=["BODY=8BITMIME"])
        smtp.quit()
        report = until("the report", lambda: inbox(server))[0]
        assert report.get_payload()[1].get_payload()[1]["Status"] == "5.6.3"
        assert sink.mails() == []


def relays_to_a_second_posthorn_with_tls_and_sign_in():
    with Server() as next_one:
        next_one.add("carl")
        certificate = os.path.join(next_one.data, "tls", "self-signed.pem")
        for mode, service in (("starttls", "submission"), ("tls", "submissions")):
            with server_with(next_one.ports[service], **{
                    "relay.smart_host": f"localhost:{next_one.ports[service]}", "relay.smart_host_tls": mode,
                    "relay.smart_host_user": "carl@example.test", "relay.smart_host_password": PASSWORD,
                    "relay.authorities": certificate}) as server:
                server.add("anna", domain="first.test")
                mail = EmailMessage()
                mail["From"], mail["To"], mail["Subject"] = "anna@first.test", "carl@example.test", mode
                mail.set_content("Hello\n")
                smtp = smtplib.SMTP("127.0.0.1", server.ports["submission"], timeout=60)
                smtp.login("anna@first.test", PASSWORD)
                smtp.send_message(mail)
                smtp.quit()
                until(f"sent by {mode}: {entries(server)}", empty(server))
                sent = [s for s in server.ask("trace", "carl@example.test", json_result=True)["steps"] if s["step"] == "sent"]
                assert sent and sent[0]["tls"].startswith("TLSv1."), sent
                clean(server)
        got = inbox(next_one, "carl@example.test")
        assert [m["Subject"] for m in got] == ["starttls", "tls"], got
        assert "with ESMTPSA" in got[0]["Received"] and "with ESMTPSA" in got[1]["Received"], got[0]["Received"]
        # A certificate nobody trusts: no password, no mail.
        with server_with(next_one.ports["submission"], **{"relay.smart_host_user": "carl@example.test",
                         "relay.smart_host_password": PASSWORD, "relay.retry_schedule": "1h"}) as server:
            server.add("anna", domain="first.test")
            smtp = smtplib.SMTP("127.0.0.1", server.ports["submission"], timeout=60)
            smtp.login("anna@first.test", PASSWORD)
            smtp.sendmail("anna@first.test", ["carl@example.test"], b"Subject: secret\r\n\r\nx\r\n")
            smtp.quit()
            entry = until("an attempt", lambda: [e for e in entries(server) if e["attempts"] == 1])[0]
            assert "certificate" in entry["lastError"], entry


def uses_tls_when_it_can_and_does_without_when_it_must():
    with Server() as next_one:
        next_one.add("carl")
        with server_with(next_one.ports["smtp"]) as server:
            server.add("anna", domain="first.test")
            smtp = smtplib.SMTP("127.0.0.1", server.ports["submission"], timeout=60)
            smtp.login("anna@first.test", PASSWORD)
            smtp.sendmail("anna@first.test", ["carl@example.test"], b"Subject: may\r\n\r\nx\r\n")
            smtp.quit()
            until("sent", empty(server))
        assert "with ESMTPS" in until("it arrived", lambda: inbox(next_one, "carl@example.test"))[0]["Received"]
    # STARTTLS is offered, and what follows is no TLS.
    lies = lambda c: "250-peer\r\n250 STARTTLS" if c.startswith("EHLO") else "220 go on" if c == "STARTTLS" else None
    with Peer(lies) as peer, server_with(peer.port) as server:
        server.add("anna")
        send(server, "ben@elsewhere.example")
        until("sent in clear text after all", empty(server))
        assert len(peer.mails) == 1
    with Peer(lies) as peer, server_with(peer.port, **{"relay.smart_host_tls": "starttls", "relay.retry_schedule": "1h"}) as server:
        server.add("anna")
        send(server, "ben@elsewhere.example")
        until("kept", lambda: [e for e in entries(server) if e["attempts"] == 1])
        assert peer.mails == []


ZONE = """$ORIGIN example.
$TTL 60
@ IN SOA ns hostmaster 1 60 60 60 60
@ IN NS ns
ns A 127.0.0.1
two MX 20 second
two MX 10 first
first A 127.0.0.2
second A 127.0.0.1
both AAAA 2001:db8::1
both A 127.0.0.1
alias CNAME two
named MX 10 other
other CNAME second
swapped MX 10 second
swapped MX 20 first
implicit A 127.0.0.1
nullmx MX 0 .
loop MX 10 self
self A 127.0.0.1
dead A 127.0.0.3
dead MX 10 dead
nowhere MX 10 missing
"""

class NameServer:
    def __init__(self, zone=ZONE, options=""): self.zone, self.options = zone, options

    def __enter__(self):
        self.port, self.folder = free_port(), tempfile.mkdtemp(prefix="nsd-")
        with open(os.path.join(self.folder, "example.zone"), "w") as f: f.write(self.zone)
        conf = os.path.join(self.folder, "nsd.conf")
        with open(conf, "w") as f:
            f.write(f"""server:
  ip-address: 127.0.0.1@{self.port}
  username: ""
  chroot: ""
  zonesdir: "{self.folder}"
  database: ""
  pidfile: "{self.folder}/nsd.pid"
  xfrdfile: "{self.folder}/xfrd.state"
  zonelistfile: "{self.folder}/zone.list"
  server-count: 1
  {self.options}
remote-control:
  control-enable: no
zone:
  name: example
  zonefile: example.zone
""")
        self.process = subprocess.Popen([shutil.which("nsd") or "/usr/sbin/nsd", "-d", "-c", conf],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("nsd answers", lambda: can_connect(self.port))
        return self
    def __exit__(self, *_):
        self.process.terminate(); self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def finds_the_way_by_mx():
    with NameServer() as dns, Sink() as sink, Sink(port=sink.port, host="127.0.0.9"), \
            Server(settings={**FAST, "relay.port": str(sink.port), "relay.retry_schedule": "1h",
                             "dns.server": f"127.0.0.1:{dns.port}"}) as server:
        server.add("anna")
        send(server, "ben@two.example", "ben@implicit.example", "ben@[127.0.0.9]", "ben@nullmx.example", "ben@both.example",
             "ben@alias.example", "ben@named.example",
             "ben@missing.example", "ben@dead.example", "ben@nowhere.example", "ben@refused.test")
        until("all were tried", lambda: len(entries(server)) == 2 and all(e["attempts"] for e in entries(server)))
        left = {e["domain"]: e["lastError"] for e in entries(server)}
        assert set(left) == {"dead.example", "refused.test"}, left
        assert "4.4.1" in left["dead.example"] and "4.4.3" in left["refused.test"], left
        sent = [s for s in server.ask("trace", "anna@example.test", json_result=True)["steps"] if s["step"] == "sent"]
        assert {s["recipient"] for s in sent} == {"ben@two.example", "ben@implicit.example", "ben@[127.0.0.9]", "ben@both.example",
                                                   "ben@alias.example", "ben@named.example"}, sent
        server_of = {s["recipient"]: s["client"] for s in sent}
        assert server_of["ben@both.example"] == "both.example (127.0.0.1)", sent # not by IPv6, where nobody is
        assert server_of["ben@alias.example"] == "second.example (127.0.0.1)" and server_of["ben@named.example"] == "other.example (127.0.0.1)", sent
        assert [s["client"] for s in sent if "two" in s["recipient"]] == ["second.example (127.0.0.1)"], sent
        status = {}
        def gather():
            for report in inbox(server):
                for part in report.get_payload()[1].get_payload()[1:]:
                    status[part["Final-Recipient"].split("@")[1]] = part["Status"]
            return len(status) == 3
        until("three reports", gather)
        assert status == {"nullmx.example": "5.1.10", "missing.example": "5.1.2", "nowhere.example": "5.4.4"}, status
        clean(server)


def sees_that_mail_would_come_back():
    with NameServer() as dns:
        port = free_port()
        with Server(settings={**FAST, "relay.port": str(port), "dns.server": f"127.0.0.1:{dns.port}"}, start=False) as server:
            server.ports = {"smtp": port}
            server.start(fixed_ports=True)
            server.add("anna")
            send(server, "ben@loop.example")
            report = until("the report", lambda: inbox(server))[0]
            assert report.get_payload()[1].get_payload()[1]["Status"] == "5.4.6"


def one_dead_destination_delays_no_other():
    with NameServer() as dns, Sink() as sink, Server(settings={**FAST, "relay.port": str(sink.port),
            "relay.retry_schedule": "1h", "relay.timeout": "15", "relay.connect_timeout": "15", "dns.server": f"127.0.0.1:{dns.port}"}) as server:
        server.add("anna")
        silent = socket.create_server(("127.0.0.3", sink.port), backlog=1) # takes connections and says nothing
        smtp = smtplib.SMTP("127.0.0.1", server.ports["submission"], timeout=60)
        smtp.login("anna@example.test", PASSWORD)
        for i in range(60):
            to = f"u{i}@dead.example" if i % 2 else f"u{i}@implicit.example"
            smtp.sendmail("anna@example.test", [to], b"Subject: x\r\n\r\nx\r\n")
        smtp.quit()
        until("the living are served", lambda: len(entries(server)) == 30)
        assert not any(e["attempts"] for e in entries(server)) # before the dead are given up
        until("the dead are given up for now", lambda: all(e["attempts"] == 1 for e in entries(server)))
        silent.close()
        clean(server)


def uses_a_connection_for_many():
    with Peer() as peer, server_with(peer.port, **{"relay.max_connections_per_destination": "1"}) as server:
        server.add("anna")
        smtp = smtplib.SMTP("127.0.0.1", server.ports["submission"], timeout=60)
        smtp.login("anna@example.test", PASSWORD)
        with nothing_goes_out(server):
            for i in range(20): smtp.sendmail("anna@example.test", [f"u{i}@elsewhere.example", f"v{i}@other.example"], b"Subject: x\r\n\r\nx\r\n")
        smtp.quit()
        until("sent", empty(server))
        assert len(peer.mails) == 20 and peer.connections == 1, (len(peer.mails), peer.connections)
        clean(server)


def begins_anew_when_a_server_takes_no_more_in_one_session():
    limits = lambda c: "250-peer.example\r\n250-PIPELINING\r\n250 LIMITS MAILMAX=3" if c.startswith("EHLO") else None
    with Peer(limits) as peer, server_with(peer.port, **{"relay.max_connections_per_destination": "1"}) as server:
        server.add("anna")
        with nothing_goes_out(server):
            for i in range(8): send(server, f"u{i}@elsewhere.example")
        until("sent", empty(server))
        sessions = "\n".join(c.split()[0] for c in peer.commands).split("EHLO")[1:]
        assert sorted(s.count("MAIL") for s in sessions) == [2, 3, 3] and all("QUIT" in s for s in sessions[:2]), sessions
        assert not any("MAIL" in s.split("QUIT")[-1] for s in sessions if "QUIT" in s), sessions
        assert [s for s, _ in steps(server, "anna@example.test")].count("delayed") == 0
        clean(server)


def loses_nothing_when_killed():
    random.seed(7)
    with Sink() as sink:
        server = server_with(sink.port)
        server.add("anna")
        total = 0
        for round in range(6):
            smtp = smtplib.SMTP("127.0.0.1", server.ports["submission"], timeout=60)
            smtp.login("anna@example.test", PASSWORD)
            for _ in range(60):
                smtp.sendmail("anna@example.test", ["ben@elsewhere.example"], f"Subject: n{total}\r\n\r\nx\r\n".encode())
                total += 1
            time.sleep(random.random() * 0.05)
            server.kill()
            server.start()
        until("the queue is empty", empty(server))
        def numbers(): return [re.search(r"^Subject: n(\d+)", mail, re.M).group(1) for mail in sink.mails()]
        until("all are there", lambda: len(set(numbers())) == total)
        twice = len(numbers()) - total
        print(f"    {total} messages, {twice} of them twice", flush=True)
        assert twice <= 6 * 20 # those in flight when it was killed
        clean(server)
        server.stop()


def trusted_devices_send_without_signing_in():
    with Sink() as sink, server_with(sink.port, **{"smtp.trusted_networks": "127.0.0.1"}) as server:
        server.add("anna")
        smtp = server.smtp()
        smtp.sendmail("printer@example.test", ["ben@elsewhere.example"], b"Subject: scan\r\n\r\nx\r\n")
        smtp.quit()
        until("sent", empty(server))
        until("it arrived", lambda: len(sink.mails()) == 1)


def aliases_lead_elsewhere():
    with Sink() as sink, server_with(sink.port) as server:
        server.add("anna")
        server.ask("alias", "add", "away@example.test", "anna@elsewhere.example")
        smtp = server.smtp()
        smtp.sendmail("somebody@other.example", ["away@example.test"], b"Subject: moved\r\n\r\nx\r\n")
        smtp.quit()
        until("sent", empty(server))
        assert "anna@elsewhere.example" in until("it arrived", sink.mails)[0]


def changes_its_mind_when_the_settings_do():
    with Sink() as sink, Server(settings=FAST) as server:
        server.add("anna")
        server.ask("settings", "set", "relay.enabled", "false")
        send(server, "ben@elsewhere.example")
        time.sleep(0.5)
        assert [e["attempts"] for e in entries(server)] == [0]
        server.ask("settings", "set", "relay.smart_host", f"127.0.0.1:{sink.port}")
        server.ask("settings", "set", "relay.enabled", "true")
        until("sent", empty(server))
        assert server.ask("settings", "set", "relay.smart_host", "nowhere", check=False).returncode != 0


if __name__ == "__main__":
    run(relays_to_the_smart_host, keeps_what_is_refused_for_now_and_tells_what_was_said, gives_a_refused_message_back,
        bounces_no_bounce, tells_of_a_delay_and_gives_up_in_the_end, survives_the_faults_of_smtp_sink,
        returns_eight_bit_text_that_can_go_nowhere, relays_to_a_second_posthorn_with_tls_and_sign_in,
        uses_tls_when_it_can_and_does_without_when_it_must, finds_the_way_by_mx, sees_that_mail_would_come_back,
        one_dead_destination_delays_no_other, uses_a_connection_for_many,
        begins_anew_when_a_server_takes_no_more_in_one_session, loses_nothing_when_killed,
        trusted_devices_send_without_signing_in, aliases_lead_elsewhere, changes_its_mind_when_the_settings_do)
