#!/usr/bin/env python3
"""A store that is damaged or can't be written: clients are told to come back, status says what is wrong, and what can be mended
is mended without a restart."""
import random, sqlite3
from posthorn import *
from test_relay import until


def store(server): return server.ask("status", json_result=True)["store"]

def deliver(server, subject, text="x\r\n"):
    with server.smtp() as smtp: smtp.sendmail("a@b.example", ["anna@example.test"], f"Subject: {subject}\r\n\r\n{text}".encode())

def reply_to_mail(server):
    with server.smtp() as smtp:
        smtp.ehlo()
        code, text = smtp.mail("a@b.example")
        return f"{code} {text.decode()}"


def a_damaged_database_is_called_so():
    with Server() as server:
        server.add("anna")
        for i in range(60): deliver(server, f"m{i}", f"line {i}\r\n" * 2_000)
        server.stop()
        with open(f"{server.data}/posthorn.db", "r+b") as f: # every other page of the middle third
            pages = os.path.getsize(f.name) // 8192
            garbage = random.Random(4711)
            for page in range(pages // 3, pages * 2 // 3, 2):
                f.seek(page * 8192)
                f.write(garbage.randbytes(8192))
        server.start(fixed_ports=True)
        imap = server.imap()
        kind, lines = imap.select("INBOX") # which may meet it already
        if kind == "OK": kind, lines = imap.uid("FETCH", "1:*", "(BODY.PEEK[])")
        assert kind == "NO" and b"UNAVAILABLE" in lines[0], (kind, lines)
        until("status says so", lambda: store(server)["health"] == "corrupt", 10)
        assert "corrupt" in server.ask("status")
        assert reply_to_mail(server).startswith("451 4.3.0 The mail store is damaged"), reply_to_mail(server)
        kind, lines = server.imap().append("INBOX", None, None, b"Subject: x\r\n\r\nx\r\n")
        assert kind == "NO" and b"damaged" in lines[0], (kind, lines)
        assert "value=damaged" in server.ask("log", "--level", "warning")
        done = server.ask("check", check=False)
        assert done.returncode == 65 and "The database is damaged" in done.stdout, done
        told = store(server)
        assert told["health"] == "corrupt" and told["faults"] >= 1 and "damaged" in told["firstFault"], told


def faults_that_check_finds_are_told():
    with Server() as server:
        server.add("anna")
        server.stop()
        with sqlite3.connect(f"{server.data}/posthorn.db") as db: db.execute("UPDATE account SET used_octets = 4711")
        db.close()
        server.start()
        assert store(server)["health"] == "good"
        assert server.ask("check", check=False).returncode == 65
        assert store(server)["health"] == "faulty" and "4711" in server.ask("status")
        deliver(server, "mail is taken all the same")
        server.kill()
        server.start()
        assert store(server)["health"] == "faulty" and "4711" in server.ask("status") # remembered


def want_of_space_is_told_as_such():
    with Server(settings={"store.min_free_space": str(2**40)}) as server:
        server.add("anna")
        until("status says so", lambda: store(server)["health"] == "low-space", 10)
        assert reply_to_mail(server).startswith("452 4.3.1 "), reply_to_mail(server)
        kind, lines = server.imap().append("INBOX", None, None, b"Subject: x\r\n\r\nx\r\n")
        assert kind == "NO" and b"short of space" in lines[0], (kind, lines)


def what_can_not_be_written_recovers():
    with file_system(64) as (place, _), Server(data=f"{place}/data", settings={"store.min_free_space": "1048576"}) as server:
        server.add("anna")
        deliver(server, "m1")
        files = [f"{server.data}/posthorn.db", f"{server.data}/posthorn.db-wal"]
        subprocess.run(["chattr", "+i", *files], check=True) # whoever has them open can't write either
        try:
            with contextlib.suppress(smtplib.SMTPResponseException): deliver(server, "lost")
            until("it is noticed", lambda: store(server)["health"] == "read-only", 10)
            assert reply_to_mail(server).startswith("451 4.3.0 The mail store can't be written"), reply_to_mail(server)
            assert subjects(server.imap()) == ["m1"] # reading goes on
            assert "value=read-only" in server.ask("log", "--level", "warning")
        finally: subprocess.run(["chattr", "-i", *files], check=True)
        until("it recovers by itself", lambda: store(server)["health"] == "good", 20)
        deliver(server, "m2")
        assert subjects(server.imap()) == ["m1", "m2"]
        assert "value=good" in server.ask("log", "--level", "warning")
        assert server.ask("check", json_result=True)["faults"] == []


@within_a_day
def today_is_remembered():
    with Server() as server:
        server.add("anna")
        deliver(server, "one")
        deliver(server, "two")
        with server.smtp() as smtp:
            smtp.ehlo()
            smtp.mail("a@b.example")
            assert smtp.rcpt("nobody@example.test")[0] == 550
        def today(): return server.ask("status", json_result=True)["messagesToday"]
        counted = {"accepted": 2, "delivered": 2, "refused": 1}
        until("all are counted", lambda: today() == counted, 10)
        server.kill()
        server.start()
        assert today() == counted, today()
        deliver(server, "three")
        assert today() == {"accepted": 3, "delivered": 3, "refused": 1}, today()


if __name__ == "__main__":
    run(a_damaged_database_is_called_so, faults_that_check_finds_are_told, want_of_space_is_told_as_such,
        what_can_not_be_written_recovers, today_is_remembered)
