#!/usr/bin/env python3
"""Mail that goes out as it was taken, without being read from the store: it is what the store has, to the octet, and goes to
those only who are to have it by then."""
from test_relay import *

WHOLE = 64 * 1024 # what is bigger is read


def message(subject, size):
    """Of about this many octets, and with all that could get lost on the way."""
    head = f"From: anna@example.test\r\nTo: ben@example.test\r\nSubject: {subject}\r\nX-Folded: a\r\n\tb\r\n\r\n".encode()
    lines = b"..\r\n.\r\n.dot\r\n  spaces  \r\n\r\n" + "Grüße\r\n".encode()
    number = b"%s %%08d\r\n" % subject.encode()
    return head + lines + b"".join(number % i for i in range(size // len(number % 0))) + b"."


def submit(server, octets, *recipients):
    with server.smtp("submission") as smtp:
        smtp.login("anna@example.test", PASSWORD)
        smtp.sendmail("anna@example.test", list(recipients), octets, mail_options=["body=8bitmime"])


def subject_of(octets): return re.search(rb"(?m)^Subject: (.*?)\r$", octets).group(1).decode()


def taken(peer):
    """What the peer has, by subject, as it was before the dots were doubled."""
    mails = {}
    for octets in peer.octets: mails.setdefault(subject_of(octets), []).append(re.sub(rb"(?m)^\.", b"", octets))
    return mails


def stored(server, user="ben@example.test"):
    """What the store has, by subject: a copy here, without the field that is made at the end of the way."""
    imap = server.imap(user)
    imap.select("INBOX", readonly=True)
    mails = [part[1] for part in imap.fetch("1:*", "(BODY.PEEK[])")[1] if isinstance(part, tuple)]
    imap.logout()
    assert all(m.startswith(b"Return-Path: <anna@example.test>\r\n") for m in mails), mails[0][:200]
    return {subject_of(m): m.split(b"\r\n", 1)[1] for m in mails}


def enable(server, on): server.ask("settings", "set", "relay.enabled", "true" if on else "false")


@contextlib.contextmanager
def two_ways_out(**settings):
    """Mail for other.example goes to another server than the rest."""
    with Peer() as far, Peer() as other, server_with(far.port, **settings) as server:
        server.add("anna", "ben")
        server.ask("route", "add", "other", "--host", f"127.0.0.1:{other.port}", "--tls", "none", "--to", "other.example")
        yield server, far, other


def at_once(server, submit_all): submit_all()

def a_while_later(server, submit_all):
    enable(server, False)
    submit_all()
    enable(server, True)

def after_a_restart(server, submit_all):
    enable(server, False)
    submit_all()
    server.kill(); server.start()
    enable(server, True)


def sign_all(server):
    for key in server.ask("dkim", "add", "example.test", json_result=True)["keys"]:
        server.ask("dkim", "activate", "example.test", key["selector"])


def is_what_the_store_has(signed=False):
    sizes = [200, 5_000, *range(WHOLE - 800, WHOLE + 200, 100), 3 * WHOLE, 3_000_000]
    for way in at_once, a_while_later, after_a_restart:
        with two_ways_out() as (server, far, other):
            if signed: sign_all(server)
            def submit_all():
                for size in sizes: submit(server, message(f"n{size}", size), "ben@example.test", "a@far.example", "b@far.example", "c@other.example")
            way(server, submit_all)
            until("all are sent", empty(server))
            copies = stored(server)
            assert sorted(copies) == sorted(f"n{size}" for size in sizes), sorted(copies)
            assert min(map(len, copies.values())) < WHOLE - 500 and any(WHOLE - 150 < len(c) <= WHOLE for c in copies.values())
            for peer in far, other:
                mails = taken(peer)
                assert sorted(mails) == sorted(copies), (way.__name__, sorted(mails))
                for subject, copy in copies.items():
                    assert len(mails[subject]) == 1, (way.__name__, subject, len(mails[subject]), peer.commands)
                    mail, = mails[subject] # once, to all there
                    assert mail.endswith(copy), (way.__name__, subject, mail[:300], copy[:300])
                    before = mail.removesuffix(copy)
                    assert before.count(b"DKIM-Signature:") == (2 if signed else 0) and (signed or not before), (way.__name__, subject, before)
            for peer, each in (far, ["a", "b"]), (other, ["c"]):
                recipients = [c.split("<")[1][0] for c in peer.commands if c.startswith("RCPT")]
                assert sorted(recipients) == sorted(each * len(sizes)), recipients
            clean(server)


def is_signed_when_there_are_keys(): is_what_the_store_has(signed=True)


def is_signed_with_keys_of_after_it_was_taken():
    with two_ways_out() as (server, far, other):
        enable(server, False)
        submit(server, message("keys", 1_000), "ben@example.test", "a@far.example")
        sign_all(server)
        enable(server, True)
        until("it is sent", empty(server))
        mail, = taken(far)["keys"]
        assert mail.count(b"DKIM-Signature:") == 2 and mail.endswith(stored(server)["keys"]), mail[:1000]


def goes_to_those_only_who_are_to_have_it():
    for size in 1_000, 2 * WHOLE:
        with two_ways_out() as (server, far, other):
            enable(server, False)
            submit(server, message("some", size), "ben@example.test", *(f"{who}@far.example" for who in "abcdef"))
            entry = {e["recipient"][0]: e["id"] for e in until("they are queued", lambda: entries(server))}
            server.ask("queue", "hold", entry["b"])
            server.ask("queue", "remove", entry["c"], "changed my mind")
            server.ask("queue", "hold", entry["d"])
            server.ask("queue", "release", entry["d"])
            server.ask("queue", "route", entry["e"], "other")
            enable(server, True)
            until("only the held one is left", lambda: [e["id"] for e in entries(server)] == [entry["b"]])
            def recipients(peer): return sorted(c.split("<")[1][0] for c in peer.commands if c.startswith("RCPT"))
            assert recipients(far) == ["a", "d", "f"] and recipients(other) == ["e"], (recipients(far), recipients(other))
            server.ask("queue", "release", entry["b"])
            until("it went as well", empty(server))
            assert recipients(far) == ["a", "b", "d", "f"], recipients(far)
            assert {m for peer in (far, other) for m in taken(peer)["some"]} == {stored(server)["some"]}
            clean(server)


def goes_the_way_of_after_it_was_taken():
    with two_ways_out() as (server, far, other):
        enable(server, False)
        submit(server, message("moved", 1_000), "ben@example.test", "a@far.example", "b@near.example")
        server.ask("route", "add", "late", "--host", f"127.0.0.1:{other.port}", "--tls", "none", "--to", "near.example")
        enable(server, True)
        until("both are sent", empty(server))
        assert taken(far) == taken(other) == {"moved": [stored(server)["moved"]]}
        assert [c.split("<")[1] for c in other.commands if c.startswith("RCPT")] == ["b@near.example>"], other.commands


def says_whose_mail_was_sent_on():
    for size in 1_000, 2 * WHOLE:
        with two_ways_out() as (server, far, other):
            server.add("carl")
            server.ask("account", "forward", "carl@example.test", "--to", "carl@far.example", "--keep")
            submit(server, message("on", size), "ben@example.test", "carl@example.test", "a@far.example", "b@far.example")
            until("both went", lambda: len(far.octets) == 2 and not entries(server))
            copy = stored(server)["on"]
            assert sorted(taken(far)["on"]) == sorted([copy, b"Delivered-To: carl@example.test\r\n" + copy]), taken(far)["on"]
            said = "\n".join(c for c in far.commands if c[:4] in ("MAIL", "RCPT")).split("MAIL")[1:]
            assert sorted(s.count("RCPT TO") for s in said) == [1, 2] and any("carl@far" in s and s.count("RCPT TO") == 1 for s in said), said
            clean(server)


def is_the_same_the_second_time():
    later = {"on": True}
    with Peer(lambda c: "451 4.3.0 later" if later["on"] and c == "." else None) as peer, server_with(peer.port, **{"relay.retry_schedule": "1h"}) as server:
        server.add("anna", "ben")
        for size in 1_000, 2 * WHOLE: submit(server, message(f"n{size}", size), "ben@example.test", "a@far.example")
        until("both were tried", lambda: all(e["attempts"] == 1 for e in entries(server)))
        later["on"] = False
        server.ask("queue", "retry", "--all")
        until("both are sent", empty(server))
        assert taken(peer) == {subject: [copy] for subject, copy in stored(server).items()}
        clean(server)


def may_be_more_than_is_kept_in_mind():
    with two_ways_out() as (server, far, other): # 20 MB, and the same once more when there is room again
        for turn in range(2):
            enable(server, False)
            with server.smtp("submission") as smtp:
                smtp.login("anna@example.test", PASSWORD)
                for i in range(330): smtp.sendmail("anna@example.test", ["ben@example.test", "a@far.example"], message(f"n{turn}-{i}", 60_000),
                                                   mail_options=["body=8bitmime"])
            enable(server, True)
            until("all are sent", empty(server))
        assert len(far.octets) == 660 and taken(far) == {subject: [copy] for subject, copy in stored(server).items()}
        clean(server)


if __name__ == "__main__":
    run(is_what_the_store_has, is_signed_when_there_are_keys, is_signed_with_keys_of_after_it_was_taken,
        goes_to_those_only_who_are_to_have_it, goes_the_way_of_after_it_was_taken, says_whose_mail_was_sent_on,
        is_the_same_the_second_time, may_be_more_than_is_kept_in_mind)
