"""POP3 maildrops over the wire: big ones, shared ones, and the server killed in UPDATE."""
import poplib, threading
from posthorn import *

def fill(server, count, user="anna@example.test"):
    imap = server.imap(user)
    there = int(imap.select("INBOX")[1][0])
    if not there:
        imap.append("INBOX", None, None, b"Subject: x\r\n\r\nbody\r\n")
        there = int(imap.select("INBOX")[1][0])
    while there < count:
        imap.copy(f"1:{min(there, count - there)}", "INBOX")
        there = int(imap.status("INBOX", "(MESSAGES)")[1][0].split()[-1].rstrip(b")"))
    imap.logout()

def signed_in(server):
    pop = poplib.POP3("127.0.0.1", server.ports["pop3"], timeout=LONG_ENOUGH)
    pop.user("anna@example.test")
    pop.pass_(PASSWORD)
    return pop

def listed(server, count):
    """The seconds that STAT after signing in, LIST and UIDL take."""
    began = time.monotonic()
    pop = signed_in(server)
    assert pop.stat()[0] == count
    times = [time.monotonic() - began]
    for command, ends in (pop.list, b"%d 20" % count), (pop.uidl, b""):
        began = time.monotonic()
        lines = command()[1]
        times.append(time.monotonic() - began)
        assert len(lines) == count and lines[-1].endswith(ends), lines[-1]
    pop.quit()
    return times

def lists_a_big_drop_at_once():
    with Server().add("anna") as server:
        fill(server, 5_000)
        few = min(max(listed(server, 5_000)) for _ in range(3))
        fill(server, 100_000)
        times = listed(server, 100_000)
        print("STAT after signing in %.2f s, LIST %.2f s, UIDL %.2f s" % tuple(times), f"and of 5,000 {few:.3f} s at most")
        assert max(times) < 15 + 60 * few, (times, few) # twenty times as many, not four hundred times as much

def has_one_session_a_drop_unless_told():
    with Server().add("anna") as server:
        fill(server, 4)
        first = signed_in(server)
        try:
            signed_in(server)
            raise AssertionError("two sessions on one drop")
        except poplib.error_proto as e:
            assert b"[IN-USE]" in e.args[0], e
        server.ask("settings", "set", "pop3.shared_drops", "true")
        second, third = signed_in(server), signed_in(server)
        for pop, number in (second, 1), (third, 1), (third, 2): pop.dele(number)
        second.quit()
        third.quit()
        assert signed_in(server).stat()[0] == 2
        first.quit()

def deletes_all_or_nothing_when_killed():
    with Server().add("anna") as server:
        for wait in 0, 0.002, 0.01, 0.05:
            fill(server, 3_000)
            pop = signed_in(server)
            before = pop.stat()[0]
            pop.sock.sendall(b"".join(b"DELE %d\r\n" % n for n in range(1, before + 1)))
            for _ in range(before): assert pop._getresp().startswith(b"+OK")
            answer = []
            def update():
                try: answer.append(pop.quit())
                except Exception: pass
            quitting = threading.Thread(target=update)
            quitting.start()
            time.sleep(wait)
            server.kill()
            quitting.join()
            server.start()
            pop = signed_in(server)
            left = pop.stat()[0]
            assert left == 0 if answer else left in (0, before), (left, before, answer)
            print(f"killed after {wait} s: {left} of {before} left, {'told' if answer else 'not told'}")
            pop.quit()


if __name__ == "__main__":
    run(lists_a_big_drop_at_once, has_one_session_a_drop_unless_told, deletes_all_or_nothing_when_killed)
