#!/usr/bin/env python3
"""Ways out for mail: by the sender's and the recipient's domain, signing in by all means, tried without sending; and many
entries of the queue at once."""
import base64, json, os, stat, tempfile
from test_relay import *


class Door(Peer):
    """A server that wants a sign-in, of the kinds it is told: knows anna with the password "geheim" and one token."""
    def __init__(self, mechanisms, token=None):
        self.token, self.signed_in = token, []
        super().__init__(self.reply)
        self.mechanisms, self.step = mechanisms, None

    def reply(self, line):
        if self.step:
            return self.next_step(line)
        verb = line.split(" ")[0].upper()
        if verb == "EHLO": return f"250-door.example\r\n250-AUTH {self.mechanisms}\r\n250 8BITMIME"
        if verb == "AUTH": return self.begin(*line.split(" ")[1:])
        if verb == "MAIL" and not self.signed_in: return "530 5.7.0 sign in first"
        return None

    def begin(self, mechanism, initial=None):
        self.mechanism = mechanism
        if mechanism == "LOGIN":
            self.step, self.said = "LOGIN", []
            return "334 VXNlcm5hbWU6"
        said = base64.b64decode(initial)
        if mechanism == "XOAUTH2":
            if said == f"user=anna\1auth=Bearer {self.token}\1\1".encode(): return self.good()
            self.step = "XOAUTH2"
            return "334 eyJzdGF0dXMiOiI0MDEifQ=="
        return self.good() if said == b"\0anna\0geheim" else "535 5.7.8 wrong password"

    def next_step(self, line):
        if self.step == "XOAUTH2":
            self.step = None
            return "535 5.7.8 token expired"
        self.said.append(base64.b64decode(line))
        if len(self.said) == 1: return "334 UGFzc3dvcmQ6"
        self.step = None
        return self.good() if self.said == [b"anna", b"geheim"] else "535 5.7.8 wrong password"

    def good(self):
        self.signed_in.append(self.mechanism)
        return "235 2.7.0 welcome"


def add_route(server, name, port, *options, secret=None, tls="none"):
    return server.ask("route", "add", name, "--host", f"127.0.0.1:{port}", "--tls", tls, *options, text=secret)


def goes_by_the_recipients_domain_then_by_the_senders():
    with Sink() as smart, Sink() as bank, Sink() as work, server_with(smart.port) as server:
        server.add("anna")
        server.ask("domain", "add", "work.test")
        server.ask("alias", "add", "anna@work.test", "anna@example.test")
        add_route(server, "bank", bank.port, "--to", ".bank.example")
        add_route(server, "work", work.port, "--from", "work.test")
        send(server, "x@other.example", subject="smart")
        send(server, "x@www.bank.example", sender="anna@work.test", subject="bank")
        send(server, "x@other.example", sender="anna@work.test", subject="work")
        until("the queue is empty", empty(server))
        for sink, subject in (smart, "smart"), (bank, "bank"), (work, "work"):
            mails = sink.mails()
            assert len(mails) == 1 and f"Subject: {subject}" in mails[0], (subject, mails)
        listed = server.ask("route", "list")
        assert "bank" in listed and ".bank.example" in listed, listed
        # The choice of somebody counts for more than domains; without the route it goes as the others say.
        server.ask("route", "remove", "work")
        send(server, "x@other.example", sender="anna@work.test", subject="smart")
        until("it takes the smart host", lambda: len(smart.mails()) == 2)
        clean(server)


def keeps_its_routes_over_a_restart():
    with Sink() as sink, Server(settings=FAST) as server:
        server.add("anna")
        add_route(server, "all", sink.port, "--from", "example.test")
        server.stop()
        server.start()
        send(server, "x@other.example")
        until("it arrived", sink.mails)


def signs_in_as_the_server_wants():
    for offered, options, expected in ("PLAIN LOGIN", (), "PLAIN"), ("PLAIN LOGIN", ("--auth", "login"), "LOGIN"):
        with Door(offered) as door, Server(settings=FAST) as server:
            server.add("anna")
            add_route(server, "door", door.port, "--from", "example.test", "--user", "anna", *options, secret="geheim\n")
            shown = server.ask("route", "list", "--json") + server.ask("log", "--level", "detail")
            assert "geheim" not in shown, shown
            send(server, "x@other.example")
            until("it arrived", lambda: door.mails)
            assert door.signed_in == [expected], door.signed_in


def makes_a_token_command(folder, script):
    path = os.path.join(folder, "token")
    with open(path, "w") as f: f.write("#!/bin/sh\n" + script)
    os.chmod(path, 0o755)
    return path


def signs_in_with_a_token_and_gets_a_fresh_one_when_it_is_refused():
    with tempfile.TemporaryDirectory() as folder, Door("XOAUTH2", "second") as door, Server(settings=FAST) as server:
        os.chmod(folder, 0o755)
        count = os.path.join(folder, "count")
        command = makes_a_token_command(folder, f'echo x >> {count}\nif [ $(wc -l < {count}) = 1 ]; then echo first; else echo second; fi\n')
        server.add("anna")
        add_route(server, "door", door.port, "--from", "example.test", "--user", "anna", "--auth", "xoauth2", "--token-command", f"{command} 'an argument'")
        send(server, "x@other.example")
        until("it arrived", lambda: door.mails)
        send(server, "y@other.example")
        until("another arrived", lambda: len(door.mails) == 2)
        assert open(count).read().count("x") == 2, "the token was kept"
        door.token = "third"  # and none is to be had
        result = server.ask("route", "test", "door", check=False)
        assert result.returncode == 75 and "token expired" in result.stdout, result.stdout


def tells_what_happens_when_a_route_is_tried():
    with Door("PLAIN") as door, Server(settings=FAST) as server:
        def tried(name):
            result = server.ask("route", "test", name, check=False)
            return result.returncode, result.stdout
        add_route(server, "good", door.port, "--user", "anna", secret="geheim\n")
        code, text = tried("good")
        assert code == 0 and "Connected to 127.0.0.1" in text and "Not encrypted" in text and "Signed in as anna (PLAIN)" in text, text
        assert "geheim" not in text and base64.b64encode(b"\0anna\0geheim").decode() not in text, text
        add_route(server, "wrong", door.port, "--user", "anna", secret="anders\n")
        code, text = tried("wrong")
        assert code == 75 and "535 5.7.8 wrong password" in text, text
        add_route(server, "strict", door.port, tls="verify")
        code, text = tried("strict")
        assert code == 75 and "no TLS" in text, text
        add_route(server, "nobody", free_port())
        code, text = tried("nobody")
        assert code == 75 and "Connecting to 127.0.0.1" in text and "failed" in text, text
        server.ask("route", "update", "wrong", "--password", text="geheim\n")
        assert tried("wrong")[0] == 0
        assert server.ask("route", "test", "none", check=False).returncode == 67
        assert door.mails == []
    # STARTTLS, with another Posthorn's certificate, which nobody vouches for.
    with Server(settings=FAST) as other, Server(settings=FAST) as server:
        other.add("carl")
        port = other.ports["submission"]
        server.ask("route", "add", "strict", "--host", f"localhost:{port}", "--tls", "verify", "--user", "carl@example.test", text=PASSWORD + "\n")
        result = server.ask("route", "test", "strict", check=False)
        assert result.returncode == 75 and "Encryption could not begin" in result.stdout, result.stdout
        server.ask("route", "update", "strict", "--tls", "encrypt")
        text = server.ask("route", "test", "strict")
        assert "Encrypted (TLSv1.3)" in text and "Signed in as carl@example.test (SCRAM-SHA-256)" in text, text


def sends_waiting_entries_another_way():
    dead = free_port()
    with Sink() as sink, server_with(dead, **{"relay.retry_schedule": "1h"}) as server:
        server.add("anna")
        for i in range(5): send(server, f"r{i}@far.example")
        send(server, "x@near.example")
        until("all were tried", lambda: all(e["attempts"] for e in entries(server)))
        add_route(server, "detour", sink.port)
        assert "5 entries" in server.ask("queue", "route", "--domain", "far.example", "detour")
        assert "route detour" in server.ask("queue", "show", entries(server)[0]["id"]).replace("  ", " ").replace("  ", " ").replace("  ", " ")
        server.ask("queue", "retry", "--domain", "far.example")
        until("they took the detour", lambda: len(entries(server)) == 1)
        assert len(sink.mails()) == 5
        one = entries(server)[0]["id"]
        server.ask("queue", "route", one, "detour")
        server.ask("queue", "retry", one)
        until("so did the last", empty(server))
        clean(server)


def looks_after_many_entries_at_once():
    dead = free_port()
    with server_with(dead, **{"relay.retry_schedule": "1h"}) as server:
        server.add("anna")
        send(server, *[f"r{i}@far.example" for i in range(50)])
        send(server, *[f"r{i}@near.example" for i in range(10)])
        until("all were tried", lambda: all(e["attempts"] for e in entries(server)))
        def listed(*options): return server.ask("queue", "list", *options, json_result=True)
        assert listed("--domain", "far.example")["matching"] == 50
        assert listed("--recipient", "r7@")["matching"] == 2
        assert listed("--sender", "anna@")["matching"] == 60
        assert listed("--error", "refused")["matching"] == 60, listed("--limit", "1")
        assert listed("--older-than", "1h")["matching"] == 0
        first = listed("--limit", "40")["entries"]
        rest = listed("--limit", "40", "--after", first[-1]["id"])["entries"]
        assert len(first) == 40 and len(rest) == 20 and not {e["id"] for e in first} & {e["id"] for e in rest}
        server.ask("queue", "hold", "--domain", "far.example")
        assert listed("--state", "held")["matching"] == 50
        server.ask("queue", "release", "--all")
        assert listed("--state", "held")["matching"] == 0
        assert "50 entries" in server.ask("queue", "remove", "--domain", "far.example", "moved away")
        assert inbox(server) == []
        server.ask("queue", "remove", "--all", "--report", "gone for good")
        assert listed()["total"] == 0
        reports = until("the sender is told", lambda: inbox(server))
        text = " ".join(reports[0].as_string().replace("=\n", "").split())
        assert len(reports) == 1 and text.count("Final-Recipient") == 10 and "gone for good" in text, text
        clean(server)


def tries_all_again_at_once():
    later = {"on": True}
    with Peer(lambda c: "451 4.3.0 later" if later["on"] and c.startswith("RCPT") else None) as peer, \
            server_with(peer.port, **{"relay.retry_schedule": "1h"}) as server:
        server.add("anna")
        send(server, *[f"r{i}@far.example" for i in range(10)])
        send(server, *[f"r{i}@near.example" for i in range(10)])
        until("all were tried", lambda: all(e["attempts"] == 1 for e in entries(server)))
        kept = entries(server)[0]["id"]
        server.ask("queue", "hold", kept)
        assert server.ask("queue", "retry", check=False).returncode != 0 # of which?
        assert "20 entries" in server.ask("queue", "retry", "--all")
        until("they were tried again", lambda: sum(e["attempts"] == 2 for e in entries(server)) == 19)
        later["on"] = False
        server.ask("queue", "retry", "--all")
        until("only what is held is left", lambda: [e["id"] for e in entries(server)] == [kept])
        held, = entries(server)
        assert held["state"] == "held" and held["attempts"] == 1, held
        clean(server)


def shows_all_that_was_said():
    with Peer(lambda c: "450 4.2.0 second thoughts" if c == "." else None) as peer, server_with(peer.port, **{"relay.retry_schedule": "1h"}) as server:
        server.add("anna")
        send(server, "x@far.example")
        until("it was tried", lambda: entries(server)[0]["attempts"])
        shown = server.ask("queue", "show", entries(server)[0]["id"])
        for part in "220 peer.example", "EHLO", "MAIL FROM:<anna@example.test>", "RCPT TO:<x@far.example>", "second thoughts":
            assert part in shown, (part, shown)
        # With many recipients as well; of very many the beginning and the end.
        server.ask("queue", "remove", "--all")
        send(server, *(f"a-recipient-with-a-rather-long-name-{i}@far.example" for i in range(100)))
        until("it was tried", lambda: all(e["attempts"] for e in entries(server)))
        shown = server.ask("queue", "show", entries(server)[0]["id"])
        assert shown.count("C: RCPT TO") == 100 and "second thoughts" in shown and "more was said" not in shown, shown
        server.ask("queue", "remove", "--all")
        send(server, *("x" * 60 + f"{i}@" + "y" * 60 + "." + "z" * 60 + ".far.example" for i in range(100)))
        until("it was tried", lambda: all(e["attempts"] for e in entries(server)))
        shown = server.ask("queue", "show", entries(server)[0]["id"])
        assert "220 peer.example" in shown and "more was said" in shown and "second thoughts" in shown, shown


if __name__ == "__main__":
    run(goes_by_the_recipients_domain_then_by_the_senders, keeps_its_routes_over_a_restart, signs_in_as_the_server_wants,
        signs_in_with_a_token_and_gets_a_fresh_one_when_it_is_refused, tells_what_happens_when_a_route_is_tried,
        sends_waiting_entries_another_way, looks_after_many_entries_at_once, tries_all_again_at_once,
        shows_all_that_was_said)
