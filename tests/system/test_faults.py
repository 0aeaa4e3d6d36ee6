#!/usr/bin/env python3
"""Next servers that misbehave: whatever they do, nothing is lost, nobody else waits, and the reason can be read."""
from test_relay import *


class Stream:
    def __init__(self, peer): self.peer, self.buffer, self.taken = peer, b"", 0

    def fill(self):
        more = self.peer.recv(65536)
        self.buffer, self.taken = self.buffer[self.taken:] + more, 0
        return more

    def readline(self):
        while (end := self.buffer.find(b"\n", self.taken)) < 0 and self.fill(): pass
        line = self.buffer[self.taken:end + 1 if end >= 0 else len(self.buffer)]
        self.taken += len(line)
        return line

    def read(self, count):
        while len(self.buffer) - self.taken < count and self.fill(): pass

    def forget(self):
        time.sleep(0.1) # what was sent with the line is here by now
        self.buffer, self.taken = b"", 0
        with contextlib.suppress(BlockingIOError): self.peer.recv(1 << 20, socket.MSG_DONTWAIT)


class Wicked(StandIn):
    """A server whose `play(say, line, f)` decides on everything; `line` is None for the greeting. Says "" for nothing."""
    def __init__(self, play):
        self.play, self.mails = play, []
        super().__init__()

    def talk(self, peer):
        with contextlib.suppress(StopIteration), peer:
            f = Stream(peer)
            def say(octets): peer.sendall(octets.encode() if isinstance(octets, str) else octets)
            line, recipients = None, 0
            while True:
                reply = self.play(say, line, f)
                verb = (line or "").split(" ")[0].upper()
                if verb == "MAIL": recipients = 0
                if verb == "RCPT" and (reply or "250").startswith("250"): recipients += 1
                if reply is not None: say(reply + "\r\n" if reply else "")
                elif line is None: say("220 wicked.example\r\n")
                elif verb == "EHLO": say("250-wicked.example\r\n250 8BITMIME\r\n")
                elif verb == "DATA" and not recipients: say("503 5.5.1 nobody\r\n")
                elif verb == "DATA":
                    say("354 go on\r\n")
                    mail = b""
                    while (part := f.readline()) not in (b".\r\n", b""): mail += part
                    if not part: return
                    end = self.play(say, ".", f)
                    if end is None or end.startswith("250"): self.mails.append((mail.decode(errors="replace"), recipients))
                    say((end or "250 taken") + "\r\n")
                elif verb == "QUIT": return say("221 bye\r\n")
                else: say("250 ok\r\n")
                line = f.readline()
                if not line: return
                line = line.decode(errors="replace").strip()


def hang_up(): raise StopIteration


def at(verb, deed):
    """Does it when the line begins with the verb, "" for the greeting; else all goes well."""
    def play(say, line, f):
        mine = line is None if verb == "" else line is not None and line.upper().startswith(verb)
        return None if not mine else deed(say, f) if callable(deed) else deed
    return play


def endlessly(octets):
    def deed(say, f):
        while True: say(octets)
    return deed


def drop_by_drop(say, f):
    while True:
        say("2")
        time.sleep(0.3)


def in_pieces(text):
    def deed(say, f):
        for octet in text:
            say(octet)
            time.sleep(0.005)
        return ""
    return deed


def late(text):
    def deed(say, f):
        time.sleep(1)
        return text
    return deed


def drops_in_mid_data(say, f):
    say("354 go on\r\n")
    f.read(50_000)
    hang_up()


def forgets_what_was_piped(say, line, f):
    """Says PIPELINING and CHUNKING, and has them not: what comes with a command is thrown away."""
    if line and line.upper().startswith("EHLO"): return "250-wicked.example\r\n250-PIPELINING\r\n250 8BITMIME"
    if line is not None: f.forget()
    return None


def knows_no_chunks(say, line, f):
    verb = (line or "").split(" ")[0].upper()
    if verb == "EHLO": return "250-wicked.example\r\n250-PIPELINING\r\n250 CHUNKING"
    if verb == "BDAT": say("502 5.5.2 BDAT?\r\n"); hang_up()
    return None


def knows_no_parameters(say, line, f):
    if line and line.upper().startswith("EHLO"): return "250-wicked.example\r\n250-DSN\r\n250 SIZE 1000000"
    if line and line.upper().startswith("MAIL") and "=" in line: return "555 5.5.4 parameters?"
    return None


# What they do, and a word of what is told of it.
FAULTS = {
    "closes at once": (at("", lambda *_: hang_up()), "connection was lost"),
    "sends one away": (at("", "554 5.3.2 go away"), "go away"),
    "is busy": (at("", "421 4.3.2 later"), "later"),
    "greets for ever": (at("", endlessly("220-hello hello hello hello\r\n")), "not SMTP"),
    "greets in one line without end": (at("", endlessly("x" * 1000)), "not SMTP"),
    "greets drop by drop": (at("", drop_by_drop), "did not answer in time"),
    "speaks HTTP": (at("", "HTTP/1.1 400 Bad Request"), "not SMTP"),
    "speaks in noughts": (at("", "\0" * 20), "not SMTP"),
    "has codes of its own": (at("MAIL", "650 what"), "not SMTP"),
    "changes its code on the way": (at("MAIL", "250-ok\r\n451 no"), "not SMTP"),
    "says nothing": (at("", lambda say, f: time.sleep(60)), "did not answer in time"),
    "closes after EHLO": (at("EHLO", lambda *_: hang_up()), "connection was lost"),
    "refuses EHLO and HELO": (lambda say, line, f: "501 no" if line and line[1:4].upper() in ("HLO", "ELO") else None, "501"),
    "lists without end": (at("EHLO", endlessly("250-X\r\n")), "not SMTP"),
    "defers MAIL": (at("MAIL", "451 4.3.0 mail later"), "mail later"),
    "defers RCPT": (at("RCPT", "451 4.3.0 rcpt later"), "rcpt later"),
    "defers DATA": (at("DATA", "451 4.3.0 data later"), "data later"),
    "defers the message": (at(".", "451 4.3.0 message later"), "message later"),
    "leaves at RCPT": (at("RCPT", "421 4.3.2 I leave"), "I leave"),
    "leaves at the end": (at(".", "421 4.3.2 I leave"), "I leave"),
    "answers DATA with 250": (at("DATA", "250 yes"), "makes no sense"),
    "answers the end with 354": (at(".", "354 more"), "makes no sense"),
    "answers RCPT with 354": (at("RCPT", "354 more"), "354 more"),
    "drops in the middle": (at("DATA", drops_in_mid_data), "connection was lost"),
    "hangs up at the end": (at(".", lambda *_: hang_up()), "connection was lost"),
    "answers twice": (at("MAIL", "250 ok\r\n250 ok again"), ""),
}

# Those get their mail all the same.
ODD = {
    "a greeting of 300 lines": at("", "220-hello\r\n" * 299 + "220 hello"),
    "a greeting octet by octet": at("", in_pieces("220 hello\r\n")),
    "answers after a second": at("RCPT", late("250 ok")),
    "line ends without CR": at("", lambda say, f: say("220 hello\n") or ""),
    "EHLO is unknown": at("EHLO", "500 what"),
    "no promise of PIPELINING is kept": forgets_what_was_piped,
    "no promise of CHUNKING is kept": knows_no_chunks,
    "no promise of SIZE and DSN is kept": knows_no_parameters,
    "codes without text": lambda say, line, f: "250" if line and line[:4].upper() in ("MAIL", "RCPT") else None,
}


def nobody_loses_mail_by_the_faults_of_others():
    with contextlib.ExitStack() as stack, Server(settings={**FAST, "relay.timeout": "10", "relay.retry_schedule": "2s 1h"}) as server:
        server.add("anna")
        peers, kinds = {}, {}
        for number, (name, play) in enumerate([*((n, p) for n, (p, _) in FAULTS.items()), *ODD.items()]):
            peers[name] = Wicked(play)
            stack.callback(peers[name].socket.close)
            kinds[f"f{number}.example"] = name
            server.ask("route", "add", f"f{number}", "--host", f"127.0.0.1:{peers[name].port}", "--tls", "may", "--to", f"f{number}.example")
        before = server.rss_kib()
        send(server, *(f"ben@{domain}" for domain in kinds), text="line\n" * 30_000)
        def left(): return {kinds[e["domain"]]: e for e in entries(server)}
        def told():
            return all(e["attempts"] >= 2 for e in left().values()) and set(left()) <= set(FAULTS)
        until("all are tried twice, and the odd ones have theirs", told, 300)
        for name, (_, word) in FAULTS.items():
            assert name in left(), f"{name}: gone from the queue"
            assert word in left()[name]["lastError"], (name, left()[name]["lastError"])
            assert name == "hangs up at the end" or not peers[name].mails, name
        for name in ODD: assert len(peers[name].mails) == 1 and peers[name].mails[0][0].count("line") == 30_000, name
        grown = server.rss_kib() - before
        assert grown < 60_000, f"{grown} KiB more"
        assert inbox(server) == []
        clean(server)
        print(f"    {len(FAULTS)} faults, {grown} KiB more")


def sends_the_rest_where_recipients_are_too_many():
    taken = {"now": 0}
    def few(say, line, f):
        if line and line.upper().startswith("MAIL"): taken["now"] = 0
        if not line or not line.upper().startswith("RCPT"): return None
        if "full@" in line: return "452 4.2.2 mailbox full"
        taken["now"] += 1
        return None if taken["now"] <= 10 else "452 4.5.3 too many" if taken["now"] % 2 else "552 too many"
    wicked = Wicked(few)
    with server_with(wicked.port, **{"relay.retry_schedule": "1h"}) as server:
        server.add("anna")
        send(server, "full@far.example", *(f"r{i}@far.example" for i in range(35)))
        until("only the full one is left", lambda: [e["recipient"] for e in entries(server)] == ["full@far.example"] and entries(server)[0]["attempts"])
        assert sorted(count for _, count in wicked.mails) == [5, 10, 10, 10], wicked.mails
        clean(server)
    wicked.socket.close()


def takes_the_next_server_when_one_takes_nothing():
    for fault in ("451 4.3.0 not today", "drop"):
        refusing = Peer(lambda c: fault if c.startswith("MAIL") else None)
        with NameServer() as dns, Sink(port=refusing.port, host="127.0.0.2") as second, Server(settings={**FAST, "relay.port": str(refusing.port),
                "relay.retry_schedule": "1s", "dns.server": f"127.0.0.1:{dns.port}"}) as server:
            server.add("anna")
            send(server, "ben@swapped.example")
            until("the second server has it", lambda: second.mails() and not entries(server))
            assert len(refusing.commands) > 1 and not any(refusing.mails) # a lone dot ends what nobody is to get
            clean(server)
        refusing.socket.close()


def gives_up_where_no_mail_is_taken_ever():
    with NameServer() as dns, Peer(banner="521 5.3.2 this host takes no mail") as peer, Server(settings={**FAST, "relay.port": str(peer.port),
            "relay.retry_schedule": "1h", "dns.server": f"127.0.0.1:{dns.port}"}) as server:
        server.add("anna")
        send(server, "ben@implicit.example")
        report = until("the report", lambda: inbox(server))[0]
        assert "takes no mail" in report.as_string() and not entries(server)


class Door(StandIn):
    """Says nothing to those who come in, until it shuts behind them; `shut` by the order in which they came."""
    def __init__(self):
        self.shut, self.lock = [], threading.Lock()
        super().__init__()

    def talk(self, peer):
        with self.lock: self.shut.append(shut := threading.Event())
        with peer: shut.wait()


def a_server_that_others_found_dead_keeps_no_mail_for_ever():
    """Two domains have the same server. One finds that it does not answer; the other, on its way there, gets more mail then."""
    with Door() as door, Server(settings={**FAST, "relay.retry_schedule": "1h"}) as server:
        server.add("anna")
        for name in "one", "other":
            server.ask("route", "add", name, "--host", f"127.0.0.1:{door.port}", "--tls", "none", "--to", f"{name}.example")
        send(server, "ben@one.example")
        until("one is on its way", lambda: len(door.shut) == 1)
        send(server, "ben@other.example")
        until("so is the other", lambda: len(door.shut) == 2)
        door.shut[0].set()
        until("one was tried", lambda: [e["recipient"] for e in entries(server) if e["attempts"]] == ["ben@one.example"])
        send(server, "eva@other.example")
        door.shut[1].set()
        until("all were tried", lambda: all(e["attempts"] for e in entries(server)), 60)
        assert all("connection was lost" in e["lastError"] for e in entries(server)), entries(server)
        clean(server)


class SilentNames:
    """A name server that knows live.example, and never says a word of anything else."""
    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port, self.asked = self.socket.getsockname()[1], 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                question, peer = self.socket.recvfrom(4096)
                self.asked += 1
                if b"\x04live" not in question: continue
                end = question.index(b"\0", 12) + 5
                is_v4 = question[end - 3] == 1
                answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1" if is_v4 else b""
                self.socket.sendto(question[:2] + b"\x81\x80\0\1\0" + (b"\1" if is_v4 else b"\0") + b"\0\0\0\0" + question[12:end] + answer, peer)

    def __enter__(self): return self
    def __exit__(self, *_): self.socket.close()


def names_that_nobody_answers_for_delay_no_other():
    with SilentNames() as dns, Sink() as sink, Server(settings={**FAST, "relay.port": str(sink.port), "relay.retry_schedule": "1h",
            "dns.server": f"127.0.0.1:{dns.port}"}) as server:
        server.add("anna")
        send(server, *(f"ben@silent{i}.example" for i in range(400)))
        until("they are asked for", lambda: dns.asked >= 200)
        began = time.monotonic()
        send(server, "ben@live.example")
        until("the living one has its mail", sink.mails)
        spent = time.monotonic() - began
        until("the others wait for later", lambda: all(e["attempts"] for e in entries(server)))
        assert "4.4.3" in entries(server)[0]["lastError"] and len(entries(server)) == 400
        print(f"    one message in {spent:.2f} s beside 400 domains without an answer")
        assert spent < 10, spent # before the first of them is given up
        clean(server)


def finds_all_where_a_name_server_answers_few():
    # Five answers a second by UDP, and all else dropped without a word; the names of one wildcard count as one.
    zone = ZONE + "*.many MX 10 first\n*.plain A 127.0.0.2\n"
    with NameServer(zone, "rrl-ratelimit: 5\n  rrl-slip: 0") as dns, Sink(host="127.0.0.2") as sink, Server(settings={**FAST,
            "relay.port": str(sink.port), "relay.retry_schedule": "1h", "dns.server": f"127.0.0.1:{dns.port}"}) as server:
        server.add("anna")
        began = time.monotonic()
        domains = [f"d{i}.{kind}.example" for i in range(200) for kind in ("many", "plain")]
        for at in range(0, 400, 100): send(server, *(f"ben@{domain}" for domain in domains[at:at + 100]))
        until("all are sent", lambda: all(e["attempts"] for e in entries(server)), 300)
        assert not entries(server), {e["domain"]: e["lastError"] for e in entries(server)}
        print(f"    400 domains in {time.monotonic() - began:.1f} s")
        clean(server)


if __name__ == "__main__":
    run(nobody_loses_mail_by_the_faults_of_others, sends_the_rest_where_recipients_are_too_many,
        takes_the_next_server_when_one_takes_nothing, gives_up_where_no_mail_is_taken_ever,
        a_server_that_others_found_dead_keeps_no_mail_for_ever, names_that_nobody_answers_for_delay_no_other, finds_all_where_a_name_server_answers_few)
