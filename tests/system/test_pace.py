#!/usr/bin/env python3
"""How hard other servers are driven: those in trouble get less, the dead are left alone, and nobody waits for them."""
import select
from test_relay import *


def counted(server, **filters): return server.ask("queue", "list", "--limit", "1", *[x for k, v in filters.items() for x in (f"--{k}", v)], json_result=True)["matching"]


def send_many(server, recipients, each=50):
    """One message for each `each` recipients, all in one session."""
    smtp = smtplib.SMTP("127.0.0.1", server.ports["submission"], local_hostname="client.example", timeout=60)
    smtp.login("anna@example.test", PASSWORD)
    for at in range(0, len(recipients), each):
        smtp.sendmail("anna@example.test", recipients[at:at + each], f"Subject: m{at}\r\n\r\nhello\r\n")
    smtp.quit()


class Crowd(Peer):
    """Counts how many talk to it at a time; lets `most` of them in and sends others away with 421; takes its time."""
    def __init__(self, most=1000, pause=0.0):
        self.most, self.pause, self.open, self.peak, self.turned_away, self.times = most, pause, set(), 0, 0, []
        self.lock = threading.Lock()
        super().__init__(self.reply)

    def still_there(self):
        """Those that have not hung up: it may take long until what they did is noticed."""
        poll, numbers = select.poll(), {peer.fileno() for peer in self.open} - {-1}
        for number in numbers: poll.register(number, select.POLLRDHUP)
        return len(numbers) - len(poll.poll(0))

    def reply(self, line):
        if line == ".":
            self.times.append(time.monotonic())
            time.sleep(self.pause)
        return None

    def talk(self, peer):
        with self.lock:
            self.open.add(peer)
            there = self.still_there()
            self.peak = max(self.peak, there)
            welcome = there <= self.most
        try:
            if welcome:
                super().talk(peer)
            else:
                self.turned_away += 1
                with contextlib.suppress(OSError), peer: peer.sendall(b"421 4.7.0 too many of you\r\n")
        finally:
            with self.lock: self.open.discard(peer)


def keeps_to_the_limit_of_connections():
    with Crowd(pause=0.02) as crowd, server_with(crowd.port, **{"relay.max_connections_per_destination": "7"}) as server:
        server.add("anna")
        with nothing_goes_out(server): send_many(server, [f"r{i}@far.example" for i in range(100)], each=1)
        until("all are sent", empty(server))
        assert len(crowd.mails) == 100 and crowd.peak <= 7, (len(crowd.mails), crowd.peak)
        assert crowd.connections < 60, f"{crowd.connections} connections for 100 messages"


def keeps_to_the_limit_of_messages():
    with Crowd() as crowd, server_with(crowd.port, **{"relay.max_messages_per_minute": "600"}) as server:
        server.add("anna")
        with nothing_goes_out(server):
            send_many(server, [f"r{i}@far.example" for i in range(60)], each=1)
            began = time.monotonic()
        until("all are sent", empty(server))
        spent = crowd.times[-1] - began
        assert 4.5 < spent < 45, f"60 messages in {spent:.1f} s, at 600 a minute"


def gives_less_to_whom_it_is_too_much():
    with Crowd(most=3, pause=0.01) as crowd, server_with(crowd.port, **{"relay.retry_schedule": "1s"}) as server:
        server.add("anna")
        with nothing_goes_out(server): send_many(server, [f"r{i}@far.example" for i in range(400)], each=1)
        until("all are sent", empty(server), 600)
        assert len(crowd.mails) == 400
        assert crowd.turned_away < 25, f"turned away {crowd.turned_away} times"


def leaves_the_dead_alone():
    # 1,000 messages for a server that takes connections and never says a word: only a few of them wait for it.
    silent = socket.create_server(("127.0.0.1", 0), backlog=500)
    with server_with(silent.getsockname()[1], **{"relay.retry_schedule": "10s", "relay.timeout": "3"}) as server:
        server.add("anna")
        with nothing_goes_out(server): send_many(server, [f"r{i}@dead.example" for i in range(1000)], each=1)
        began = time.monotonic()
        until("all were tried", lambda: counted(server, error="did not answer") == 1000)
        spent = time.monotonic() - began
        silent.settimeout(0.2)
        tried = 0
        with contextlib.suppress(TimeoutError):
            while True: silent.accept()[0].close(); tried += 1
        print(f"    1,000 messages, {tried} connections, {spent:.1f} s")
        assert tried <= 20 and spent < 60
        clean(server)
    silent.close()


def neither_slow_nor_dead_ones_delay_others():
    silent = socket.create_server(("0.0.0.0", 0), backlog=2000)
    with Sink() as sink, Server(settings={**FAST, "relay.max_connections": "20", "relay.timeout": "120", "relay.connect_timeout": "120",
                                          "relay.retry_schedule": "1h"}) as server:
        server.add("anna")
        # Sixty silent destinations, three times as many as there may be connections, each a route of its own.
        for i in range(60): server.ask("route", "add", f"dead{i}", "--host", f"127.0.1.{i + 1}:{sink_port(silent)}", "--tls", "none", "--to", f"d{i}.example")
        for i in range(10): server.ask("route", "add", f"live{i}", "--host", f"127.0.0.1:{sink.port}", "--tls", "none", "--to", f"l{i}.example")
        send_many(server, [f"x@d{i}.example" for i in range(60)])
        time.sleep(0.5)
        began = time.monotonic()
        send_many(server, [f"x{j}@l{i}.example" for i in range(10) for j in range(10)], each=1)
        until(lambda: f"the live ones have theirs: {[e for e in entries(server) if e['domain'][0] == 'l']}", lambda: counted(server) == 60)
        print(f"    100 messages in {time.monotonic() - began:.1f} s beside 60 silent destinations")
        assert counted(server, error="did not answer") == 0 # and none of the silent ones was given up
    silent.close()


def a_connection_without_mail_makes_room_for_one_with_some():
    with Peer() as first, Peer() as second, Server(settings={**FAST, "relay.max_connections": "1"}) as server:
        server.add("anna")
        for name, peer in ("first", first), ("second", second):
            server.ask("route", "add", name, "--host", f"127.0.0.1:{peer.port}", "--tls", "none", "--to", f"{name}.example")
        send(server, "anyone@first.example")
        until("sent", empty(server))
        assert first.commands[-1] != "QUIT" # it waits for more
        took = []
        for peer, other, name in (second, first, "second"), (first, second, "first"), (second, first, "second"):
            mails, began = len(peer.mails), time.monotonic()
            send(server, f"anyone@{name}.example")
            until("sent", lambda: len(peer.mails) > mails)
            took.append(time.monotonic() - began)
            until("the other has ended well", lambda: other.commands[-1] == "QUIT")
            until("sent", empty(server))
        assert min(took) < 4, f"{took}: connections were let go when their time was over"
        clean(server)


class Silent(StandIn):
    """Takes connections at any address of the loopback network, and never says a word."""
    def __init__(self): super().__init__("0.0.0.0", backlog=500)

    def talk(self, peer):
        with peer:
            while peer.recv(4096): pass

    def recipients(self, count): return [f"x@[127.0.{1 + i // 200}.{1 + i % 200}]" for i in range(count)]

    def when_no_more_come(self, least):
        """How many have come, at least so many, when a second goes by without another."""
        came, since = until(f"{least} have come", lambda: self.connections >= least and self.connections), time.monotonic()
        while time.monotonic() - since < 1:
            if self.connections != came: came, since = self.connections, time.monotonic()
            time.sleep(0.05)
        return came


# 256 descriptors: a quarter of them may be for servers that have said nothing so far.
FEW_DESCRIPTORS = ("sh", "-c", 'ulimit -n 256; exec "$0" "$@"')


@contextlib.contextmanager
def beside_silent_ones(count, **settings):
    """One server that takes mail and has proved it, one that was never spoken to, and `count` that say nothing, as many of
    them spoken to as may be."""
    with Silent() as silent, Peer() as known, Peer() as new, Server(wrapper=FEW_DESCRIPTORS, settings={
            **FAST, "relay.port": str(silent.port), "relay.max_connections": "20", "relay.retry_schedule": "1h", **settings}) as server:
        server.add("anna")
        for name, peer in ("known", known), ("new", new):
            server.ask("route", "add", name, "--host", f"127.0.0.1:{peer.port}", "--tls", "none", "--to", f"{name}.example")
        send_many(server, ["x@known.example"])
        until("it is known, and its connection over", lambda: len(known.mails) == 1 and known.commands[-1] == "QUIT")
        send_many(server, silent.recipients(count))
        came = silent.when_no_more_come(64)
        assert came < count, f"{came} of {count} were spoken to"
        yield server, silent, known, new


def those_that_take_mail_have_it_beside_too_many_silent_ones():
    with beside_silent_ones(120, **{"relay.timeout": "30"}) as (server, silent, known, new):
        began = time.monotonic()
        send_many(server, ["x@new.example"])
        send_many(server, [f"y{i}@known.example" for i in range(30)], each=1)
        until("the known one has its mail", lambda: len(known.mails) == 31)
        print(f"    30 messages in {time.monotonic() - began:.1f} s while all that may linger do")
        assert counted(server, error="did not answer") == 0 # so no place was free
        until("the new one has its own when the silent ones are given up", lambda: len(new.mails) == 1)
        until("they all wait for later", lambda: counted(server, error="did not answer") == 120)
        assert counted(server) == 120 and silent.connections == 120, (counted(server), silent.connections)
        assert all(e["attempts"] == 1 for e in entries(server))
        clean(server)


def silent_ones_have_less_time_when_they_are_too_many():
    # Up to 84 are spoken to at first, and some 32 of them have much less time: the others and the new one come after these.
    with beside_silent_ones(100, **{"relay.timeout": "300", "relay.connect_timeout": "300"}) as (server, silent, known, new):
        began = time.monotonic()
        send_many(server, ["x@new.example"])
        until("the new one has its mail", lambda: len(new.mails) == 1, 250)
        print(f"    a new server has its mail after {time.monotonic() - began:.1f} s")
        late = until("the reason is told", lambda: counted(server, error="did not answer"))
        assert late >= 20 and counted(server) == 100, (late, counted(server))
        clean(server)


def sink_port(listening):
    """Any address of the loopback network leads to it."""
    return listening.getsockname()[1]


def survives_faults_of_smtp_sink_at_speed():
    for fault in ("-Q", "MAIL"), ("-q", "connect"), ("-f", "DATA"), ("-w", "1"):
        with Sink(*fault) as sink, server_with(sink.port, **{"relay.retry_schedule": "1h"}) as server:
            server.add("anna")
            send_many(server, [f"r{i}@far.example" for i in range(40)], each=1)
            until("each was tried or sent", lambda: all(e["attempts"] for e in entries(server)), 300)
            clean(server)


if __name__ == "__main__":
    run(keeps_to_the_limit_of_connections, keeps_to_the_limit_of_messages, gives_less_to_whom_it_is_too_much,
        leaves_the_dead_alone, neither_slow_nor_dead_ones_delay_others, a_connection_without_mail_makes_room_for_one_with_some,
        those_that_take_mail_have_it_beside_too_many_silent_ones, silent_ones_have_less_time_when_they_are_too_many,
        survives_faults_of_smtp_sink_at_speed)
