"""Mail to measure with: the same messages at each run."""
import os, random

WORDS = ("alpha beta gamma delta invoice meeting report budget holiday project server mail queue letter office home "
         "garden river mountain winter summer").split()


def message(i, size, rng):
    """About `size` octets, with two parts, as mail programs write it."""
    lines, octets = [], 0
    while octets < size - 700:
        lines.append(" ".join(rng.choice(WORDS) for _ in range(10)))
        octets += len(lines[-1]) + 2
    text = "\r\n".join(lines)
    half = len(text) // 2
    return (f"Return-Path: <s{i % 97}@sender.test>\r\n"
            f"Received: from mx{i % 7}.sender.test (mx [192.0.2.{i % 250}]) by mx.example.com; "
            f"Mon, 23 Nov 2026 10:00:00 +0000\r\n"
            f"From: \"Sender {i % 97}\" <s{i % 97}@sender.test>\r\n"
            f"To: User <user@example.com>, Other <other{i % 13}@example.com>\r\nCc: list{i % 5}@example.com\r\n"
            f"Subject: {' '.join(rng.choice(WORDS) for _ in range(5))} {i}\r\n"
            f"Date: Mon, 23 Nov 2026 {i % 24:02d}:{i % 60:02d}:00 +0000\r\nMessage-ID: <{i}.bench@sender.test>\r\n"
            f"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"b{i}\"\r\n\r\n"
            f"--b{i}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text[:half]}\r\n"
            f"--b{i}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
            f"<p>{text[half:]}</p>\r\n--b{i}--\r\n").encode()


def messages(count, size=4096):
    rng = random.Random(42)
    for i in range(count):
        yield message(i, size, rng)


def write_maildir(folder, count, size=4096):
    for name in ("cur", "new", "tmp"): os.makedirs(f"{folder}/{name}", exist_ok=True)
    for i, octets in enumerate(messages(count, size)):
        with open(f"{folder}/cur/{1700000000 + i}.M{i}P1.bench:2,S", "wb") as f: f.write(octets)
