#!/usr/bin/env python3
"""Forwarding, reports, addresses that failed, limits, and what is left after kill -9, with real peers: Postfix and Exim."""
import email.policy, os, random, re, sqlite3, threading, time
from email.parser import BytesParser
from test_relay import *
from next_servers import Postfix, Exim, free_port

KILLS = int(os.environ.get("POSTHORN_KILLS", "8"))        # 50 for the long run
MESSAGES = int(os.environ.get("POSTHORN_MESSAGES", "800")) # 5000


def from_outside(server, sender, *recipients, text="Subject: from outside\r\n\r\nHello\r\n", options=(), rcpt=()):
    smtp = server.smtp()
    smtp.sendmail(sender, recipients, text.encode(), mail_options=list(options), rcpt_options=list(rcpt))
    smtp.quit()

def refusal(server, sender, recipient):
    """What port 25 says to a recipient."""
    with server.smtp() as smtp:
        smtp.ehlo(); smtp.mail(sender)
        return smtp.rcpt(recipient)

DAY = 86_400

def not_across_the_end_of(period, seconds):
    """Limits count anew at the end of each minute and day (UTC): waits for it where it would come within `seconds`."""
    left = period - time.time() % period
    if left < seconds: time.sleep(left + 1)

def said(peer, verb): return [c for c in peer.commands if c.startswith(verb)]

def fields(report):
    """The blocks of a report's machine part, whatever it is called."""
    part = report.get_payload()[1]
    blocks = part.get_payload() if part.get_content_type() == "message/delivery-status" else None
    if blocks is None: # Python knows no message/global-delivery-status
        text = part.as_bytes(policy=email.policy.SMTPUTF8).split(b"\r\n\r\n", 1)[1]
        blocks = [BytesParser(policy=email.policy.SMTPUTF8).parsebytes(b) for b in text.split(b"\r\n\r\n") if b.strip()]
    return blocks[0], blocks[1:]


def forwards_in_its_own_name():
    with Peer() as peer, server_with(peer.port) as server:
        server.add("anna", "ben")
        assert "forwards to nobody" in server.ask("account", "forward", "anna@example.test")
        server.ask("account", "forward", "anna@example.test", "--to", "anna@home.example,ben@example.test")
        assert "ben@example.test and keeps no copy" in server.ask("account", "forward", "anna@example.test")
        from_outside(server, "Carl@source.example", "anna@example.test")
        until("it is sent on", lambda: len(peer.mails) == 1)
        assert inbox(server) == [] and len(inbox(server, "ben@example.test")) == 1
        sender = re.match(r"MAIL FROM:<(SRS0=[^>]*=source\.example=Carl@example\.test)>", said(peer, "MAIL")[0]).group(1)
        assert peer.mails[0].startswith("Delivered-To: anna@example.test\r\n"), peer.mails[0]
        until("the queue is empty", empty(server))
        # Its bounce goes to the one who sent it; nobody else can make such an address; and it outlives a restart.
        server.stop(); server.start()
        from_outside(server, "", sender, text="Subject: bounced\r\n\r\nx\r\n")
        until("the bounce is sent on", lambda: len(peer.mails) == 2)
        assert said(peer, "MAIL")[1].startswith("MAIL FROM:<>") and said(peer, "RCPT")[1].startswith("RCPT TO:<Carl@source.example>")
        code, text = refusal(server, "", sender.replace("Carl", "Boss"))
        assert code == 550 and text.startswith(b"5.1.1"), (code, text)
        # A copy here, mail of our own, and no more.
        server.ask("account", "forward", "anna@example.test", "--to", "anna@home.example", "--keep")
        from_outside(server, "ben@example.test", "anna@example.test")
        until("sent on", lambda: len(peer.mails) == 3)
        assert said(peer, "MAIL")[2].startswith("MAIL FROM:<ben@example.test>") and len(inbox(server)) == 1
        server.ask("account", "forward", "anna@example.test", "--off")
        from_outside(server, "carl@source.example", "anna@example.test")
        until("kept", lambda: len(inbox(server)) == 2)
        assert len(peer.mails) == 3
        assert server.ask("account", "forward", "anna@example.test", "--to", "nonsense", check=False).returncode == 65
        until("the queue is empty", empty(server))
        clean(server)


def sends_a_message_on_to_people_of_both_kinds():
    """One message, to a recipient elsewhere and to an alias that leads to the same server: two reverse paths."""
    with Peer() as peer, server_with(peer.port, **{"smtp.trusted_networks": "127.0.0.1"}) as server:
        server.add("anna")
        server.ask("alias", "add", "team@example.test", "eva@other.example", "fred@other.example")
        from_outside(server, "carl@source.example", "ben@other.example", "team@example.test")
        until("both went", lambda: len(peer.mails) == 2 and not entries(server))
        senders = sorted(c.split()[1] for c in said(peer, "MAIL"))
        assert senders[0].startswith("FROM:<SRS0=") and senders[1] == "FROM:<carl@source.example>", senders
        assert len(said(peer, "RCPT")) == 3, said(peer, "RCPT")
        clean(server)


def comes_round_by(Next, action):
    port = free_port()
    with Next(port, {"ben@elsewhere.example": "ben@example.test", "anna@home.example": "anna@example.test"}) as peer, \
            server_with(peer.port) as server:
        server.stop()
        server.ports["smtp"] = port
        server.start(fixed_ports=True)
        server.add("anna", "ben")
        # There and back again, and the report of it.
        send(server, "ben@elsewhere.example", subject="round", options=["ENVID=Q+2B1"], rcpt=["NOTIFY=SUCCESS", "ORCPT=rfc822;ben@elsewhere.example"])
        mail = until("it came back", lambda: inbox(server, "ben@example.test"))[0]
        assert mail["Subject"] == "round" and len(mail.get_all("Received")) == 3, mail.as_string()
        report = until("what became of it", lambda: inbox(server))[0]
        per_message, (recipient,) = fields(report)
        assert recipient["Action"] == action and recipient["Original-Recipient"] == "rfc822;ben@elsewhere.example", report.as_string()
        assert per_message["Original-Envelope-Id"] in ("Q+1", "Q+2B1"), per_message.as_string() # Exim leaves it in xtext
        # Forwarded to an address that leads back here: it ends in the mailbox, and goes round no more.
        server.ask("account", "forward", "anna@example.test", "--to", "anna@home.example")
        from_outside(server, "carl@source.example", "anna@example.test", text="Subject: loop\r\n\r\nx\r\n")
        until("it stayed", lambda: [m for m in inbox(server) if m["Subject"] == "loop"])
        until("the queue is empty", empty(server))
        time.sleep(0.5)
        assert len([m for m in inbox(server) if m["Subject"] == "loop"]) == 1
        clean(server)


def comes_round_by_postfix(): comes_round_by(Postfix, "expanded")  # Postfix tells so of every alias
def comes_round_by_exim(): comes_round_by(Exim, "delivered")       # and Exim takes one for the end of the way


def reports_what_postfix_refuses():
    port = free_port()
    with Postfix(port, refused=["nobody@elsewhere.example", "jürgen@elsewhere.example"]) as peer, server_with(peer.port) as server:
        server.add("anna")
        send(server, "nobody@elsewhere.example", subject="to nobody", options=["RET=FULL", "ENVID=abc"], rcpt=["ORCPT=rfc822;old@elsewhere.example"])
        report = until("the report", lambda: inbox(server))[0]
        assert report.get_content_type() == "multipart/report" and report.get_param("report-type") == "delivery-status"
        assert report["Return-Path"] == "<>" and report["Auto-Submitted"] == "auto-replied"
        text, _, original = report.get_payload()
        per_message, (recipient,) = fields(report)
        assert per_message["Reporting-MTA"] == "dns; mx.example.test" and per_message["Original-Envelope-Id"] == "abc"
        assert per_message["Arrival-Date"] and recipient["Last-Attempt-Date"]
        assert recipient["Final-Recipient"] == "rfc822; nobody@elsewhere.example"
        assert recipient["Original-Recipient"] == "rfc822;old@elsewhere.example"
        assert recipient["Action"] == "failed" and recipient["Status"] == "5.1.1"
        assert re.match(r"smtp;\s+550 5\.1\.1", recipient["Diagnostic-Code"]) and "Remote-MTA" in recipient, recipient.as_string()
        words = text.get_payload(decode=True).decode()
        assert "no such address" in words and "Check the address" in words, words
        assert original.get_content_type() == "message/rfc822" and "Hello there." in original.get_payload(0).get_payload()
        # An address that ASCII can't write, by SMTPUTF8.
        smtp = smtplib.SMTP("127.0.0.1", server.ports["submission"], local_hostname="client.example", timeout=60)
        smtp.ehlo(); smtp.login("anna@example.test", PASSWORD)
        smtp.sendmail("anna@example.test", ["jürgen@elsewhere.example"], "Subject: Grüße\r\n\r\nx\r\n".encode(),
                      mail_options=["SMTPUTF8", "BODY=8BITMIME", "RET=HDRS"])
        smtp.quit()
        report = until("the second report", lambda: len(inbox(server)) == 2 and inbox(server))[1]
        assert [p.get_content_type() for p in report.get_payload()] == \
            ["text/plain", "message/global-delivery-status", "message/global-headers"], report.as_string()
        _, (recipient,) = fields(report)
        assert recipient["Final-Recipient"] == "utf-8; jürgen@elsewhere.example", recipient.as_string()
        clean(server)


def tells_of_relaying_and_expanding():
    plain = lambda c: "250 peer.example" if c.startswith("EHLO") else None # no DSN
    with Peer(plain) as peer, server_with(peer.port) as server:
        server.add("anna", "ben")
        server.ask("alias", "add", "team@example.test", "ben@example.test", "x@other.example")
        send(server, "y@other.example", "ben@example.test", "team@example.test", rcpt=["NOTIFY=SUCCESS,FAILURE"])
        reports = until("three reports", lambda: len(inbox(server)) == 3 and inbox(server))
        actions = sorted((fields(r)[1][0]["Action"], fields(r)[1][0]["Final-Recipient"]) for r in reports)
        assert actions == [("delivered", "rfc822; ben@example.test"), ("expanded", "rfc822; team@example.test"),
                           ("relayed", "rfc822; y@other.example")], actions
        assert not any("NOTIFY" in c for c in peer.commands)
    with Peer() as peer, server_with(peer.port) as server: # with DSN: all is handed on, and nothing told here
        server.add("anna")
        server.ask("alias", "add", "team@example.test", "v@other.example", "w@other.example")
        send(server, "y@other.example", "team@example.test", options=["ENVID=q1", "RET=HDRS"], rcpt=["NOTIFY=SUCCESS,FAILURE"])
        until("sent", lambda: not entries(server) and len(said(peer, "RCPT")) == 3)
        assert any("ENVID=q1" in c and "RET=HDRS" in c for c in said(peer, "MAIL")), peer.commands
        rcpt = {c.split()[1]: c for c in said(peer, "RCPT")}
        assert "NOTIFY=SUCCESS,FAILURE" in rcpt["TO:<y@other.example>"], rcpt
        assert "NOTIFY=FAILURE" in rcpt["TO:<v@other.example>"] and "ORCPT=rfc822;team@example.test" in rcpt["TO:<v@other.example>"], rcpt
        assert [fields(r)[1][0]["Action"] for r in until("the report", lambda: inbox(server))] == ["expanded"]
        clean(server)


def does_not_try_again_what_failed():
    said_of = {"gone@": "550 5.1.1 no such user", "strict@": "550 5.7.1 not from you", "ghost@": "550 No Such User here", "list@": "550 blocked by a list"}
    with Peer(lambda c: next((said_of[who] for who in said_of if who in c), None)) as peer, server_with(peer.port) as server:
        server.add("anna")
        # Without an enhanced status code the words have to do.
        send(server, "ghost@other.example", "list@other.example")
        until("settled", empty(server))
        assert [a["address"] for a in server.ask("suppression", "list", json_result=True)["addresses"]] == ["ghost@other.example"]
        server.ask("suppression", "remove", "ghost@other.example")
        send(server, "gone@other.example", "strict@other.example", "here@other.example")
        until("settled", empty(server))
        listed = server.ask("suppression", "list", json_result=True)["addresses"]
        assert [(a["address"], a["reply"]) for a in listed] == [("gone@other.example", "550 5.1.1 no such user")], listed
        assert "there is no such address" in server.ask("suppression", "list")
        tried = len(peer.commands)
        for restart in (False, True):
            if restart: server.kill(); server.start()
            try: send(server, "gone@other.example"); raise AssertionError("it was taken")
            except smtplib.SMTPRecipientsRefused as refused:
                code, text = refused.recipients["gone@other.example"]
                assert code == 550 and b"5.1.1" in text and b"no such user" in text, refused.recipients
        assert len(peer.commands) == tried
        assert "suppression" not in server.ask("suppression", "remove", "gone@other.example")
        assert server.ask("suppression", "remove", "gone@other.example", check=False).returncode == 67
        send(server, "gone@other.example")
        until("it was tried again", lambda: server.ask("suppression", "list", json_result=True)["addresses"])
        # By hand, and switched off.
        server.ask("suppression", "add", "boss@other.example", "asked to be left alone")
        try: send(server, "boss@other.example"); raise AssertionError("it was taken")
        except smtplib.SMTPRecipientsRefused: pass
        server.ask("settings", "set", "suppression.enabled", "false")
        send(server, "boss@other.example")
        until("sent", empty(server))
        clean(server)


@within_a_day
def stops_who_sends_too_much():
    not_across_the_end_of(DAY, 300)
    with Peer() as peer, server_with(peer.port, **{"limits.account_per_day": "20", "limits.account_per_minute": "1000"}) as server:
        server.add("anna", administrator="yes").add("ben")
        for i in range(3): send(server, *[f"u{i}{j}@other.example" for j in range(10)], subject=f"bulk {i}")
        until("the first go", lambda: len(said(peer, "RCPT")) == 20)
        held = until("only held ones are left", lambda: len(entries(server)) == 10 and entries(server))
        assert all(e["state"] == "held" for e in held) and "20 recipients today" in held[0]["lastError"], held
        notices = inbox(server)
        assert len(notices) == 1 and "limit" in notices[0]["Subject"] and notices[0]["To"] == "postmaster@example.test", notices
        assert "sending-limited" in server.ask("log", "--level", "warning")
        server.kill(); server.start()
        send(server, "late@other.example")
        until("held as well", lambda: len(server.ask("queue", "list", "--state", "held", json_result=True)["entries"]) == 11)
        assert len(inbox(server)) == 1 # told once a day
        server.ask("queue", "release", held[0]["id"])
        until("released", lambda: len(said(peer, "RCPT")) == 21)
        # More for her, by hand; others are not concerned.
        server.ask("account", "update", "anna@example.test", "--per-day", "0")
        send(server, "more@other.example")
        until("sent", lambda: len(said(peer, "RCPT")) == 22)
        clean(server)
    with Peer() as peer, server_with(peer.port, **{"limits.account_per_minute": "10"}) as server:
        server.add("anna")
        not_across_the_end_of(60, 30)
        send(server, *[f"u{j}@other.example" for j in range(25)])
        until("ten go", lambda: len(said(peer, "RCPT")) == 10)
        waiting = entries(server)
        assert len(waiting) == 15 and all(e["state"] == "waiting" and "10 recipients a minute" in e["lastError"] for e in waiting), waiting
        assert len({e["nextAttempt"] for e in waiting}) == 2
        clean(server)


@within_a_day
def stops_a_domain_that_sends_too_much():
    not_across_the_end_of(DAY, 300)
    with Peer() as peer, server_with(peer.port, **{"limits.domain_per_day": "15"}) as server:
        server.add("anna", administrator="yes").add("ben").add("carl", domain="second.test")
        def bulk(user):
            with server.smtp("submission") as smtp:
                smtp.login(user, PASSWORD)
                smtp.sendmail(user, [f"u{i}@other.example" for i in range(10)], "Subject: bulk\r\n\r\nx\r\n")
        bulk("anna@example.test")
        until("hers go", lambda: len(said(peer, "RCPT")) == 10)
        bulk("ben@example.test") # each has sent little, both together too much
        until("half of his go", lambda: len(said(peer, "RCPT")) == 15)
        held = until("the rest is held", lambda: len(entries(server)) == 5 and entries(server))
        assert all(e["state"] == "held" and "example.test has sent to 15 recipients today" in e["lastError"] for e in held), held
        assert {e["sender"] for e in held} == {"ben@example.test"}, held
        notice, = inbox(server)
        assert notice["Subject"] == "example.test has reached its limit for today" and notice["To"] == "postmaster@example.test"
        assert inbox(server, "ben@example.test") == []
        limited, = [line for line in server.ask("log", "--level", "warning").splitlines() if "sending-limited" in line]
        assert "example.test" in limited, limited
        bulk("carl@second.test") # another domain is not concerned
        until("all of his go", lambda: len(said(peer, "RCPT")) == 25)
        # Let go by hand; then the domain gets a limit of its own.
        server.ask("queue", "release", "--all")
        until("the held ones go", lambda: len(said(peer, "RCPT")) == 30 and not entries(server))
        server.ask("domain", "update", "example.test", "--per-day", "0")
        bulk("ben@example.test")
        until("no limit any more", lambda: len(said(peer, "RCPT")) == 40)
        assert len(inbox(server)) == 1
        clean(server)


def refuses_bounces_of_mail_that_was_never_sent():
    with Peer() as peer, server_with(peer.port) as server:
        server.add("anna")
        assert refusal(server, "", "anna@example.test")[0] == 250
        server.ask("settings", "set", "bounce.tags", "refuse")
        send(server, "x@other.example")
        until("sent", lambda: said(peer, "MAIL"))
        tagged = re.match(r"MAIL FROM:<(prvs=[0-9a-f]{10}=anna@example\.test)>", said(peer, "MAIL")[0]).group(1)
        assert refusal(server, "", tagged)[0] == 250
        assert refusal(server, "", "anna@example.test")[0] == 550
        assert refusal(server, "", "prvs=0123456789=anna@example.test")[0] == 550
        assert refusal(server, "", "postmaster@example.test")[0] == 250
        assert refusal(server, "carl@source.example", "anna@example.test")[0] == 250
        from_outside(server, "", tagged)
        until("it is anna's", lambda: inbox(server))


def loses_nothing_of_thousands_when_killed():
    random.seed(os.environ.get("POSTHORN_SEED", "11"))
    with Peer() as peer:
        server = Server(settings={**FAST, "relay.smart_host": f"127.0.0.1:{peer.port}"})
        server.ask("settings", "set", "relay.enabled", "false")
        server.add("anna")
        smtp = smtplib.SMTP("127.0.0.1", server.ports["submission"], timeout=60)
        smtp.login("anna@example.test", PASSWORD)
        for i in range(MESSAGES):
            smtp.sendmail("anna@example.test", [f"u{i}@elsewhere.example"], f"Subject: n{i}\r\n\r\nx\r\n".encode())
        smtp.quit()
        server.ask("settings", "set", "relay.enabled", "true")
        kills, pace = 0, MESSAGES / KILLS
        while kills < KILLS:
            goal = min(len(peer.mails) + random.random() * pace, MESSAGES - 1) # some kills before anything was sent
            end = time.monotonic() + 30
            while len(peer.mails) < goal and time.monotonic() < end: time.sleep(0.0005)
            server.kill()
            kills += 1
            server.start()
        until("the queue is empty", empty(server), 300)
        numbers = [int(re.search(r"^Subject: n(\d+)", mail, re.M).group(1)) for mail in peer.mails]
        missing = set(range(MESSAGES)) - set(numbers)
        twice = len(numbers) - len(set(numbers))
        assert not missing, f"{len(missing)} lost: {sorted(missing)[:10]}"
        clean(server)
        server.stop()
        # What is known to be sent is sent once: a message that arrived twice was in flight when the server was killed.
        with sqlite3.connect(os.path.join(server.data, "posthorn.db")) as db:
            sent = [n for n, in db.execute("SELECT count(*) FROM trace WHERE step = 6 GROUP BY journey")]
        assert len(sent) == MESSAGES and set(sent) == {1}, (len(sent), set(sent))
        print(f"    {MESSAGES} messages, {kills} kills: none lost, {twice} twice (in flight, their outcome unknown)", flush=True)
        assert twice <= kills * 20, twice # connections to one destination


if __name__ == "__main__":
    run(forwards_in_its_own_name, sends_a_message_on_to_people_of_both_kinds, comes_round_by_postfix, comes_round_by_exim,
        reports_what_postfix_refuses, tells_of_relaying_and_expanding, does_not_try_again_what_failed, stops_who_sends_too_much,
        stops_a_domain_that_sends_too_much, refuses_bounces_of_mail_that_was_never_sent, loses_nothing_of_thousands_when_killed)
