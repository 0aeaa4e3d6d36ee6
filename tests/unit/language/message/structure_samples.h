// What the tests of the structure share: two messages, and what must hold of any tree.
#pragma once

#include "language/message/structure.h"

#include <QTest>

namespace posthorn::message::samples {

using namespace Qt::StringLiterals;

inline QByteArray bodyOf(const QByteArray &message, const Part &part)
{
    return message.mid(part.bodyOffset, part.bodySize);
}

inline QByteArray headerOf(const QByteArray &message, const Part &part)
{
    return message.mid(part.headerOffset, part.headerSize);
}

// "multipart/mixed(text/plain text/html)"
inline QByteArray shape(const Part &part)
{
    QByteArray out = part.type + '/' + part.subtype;
    if (part.children.isEmpty())
        return out;
    QByteArrayList children;
    for (const Part &child : part.children)
        children.append(shape(child));
    return out + '(' + children.join(' ') + ')';
}

inline Structure parseByPieces(const QByteArray &message, qsizetype size, StructureLimits limits = {})
{
    StructureParser parser(limits);
    for (qsizetype at = 0; at < message.size(); at += size)
        parser.feed(QByteArrayView(message).sliced(at, qMin(size, message.size() - at)));
    return parser.finish();
}

// What IMAP relies on, for any message.
inline void checkInvariants(const Part &part, qint64 from, qint64 to)
{
    QVERIFY(part.headerOffset >= from);
    QVERIFY(part.headerSize >= 0 && part.bodySize >= 0);
    QCOMPARE(part.bodyOffset, part.headerOffset + part.headerSize);
    QVERIFY(part.bodyOffset + part.bodySize <= qMax(part.bodyOffset, to) && part.bodyOffset <= to + 2);
    QVERIFY(part.bodyLines <= part.bodySize);
    QCOMPARE(part.bodyLines == 0, part.bodySize == 0);
    QVERIFY(!part.isMultipart() || !part.children.isEmpty());
    QCOMPARE(part.isMessage(), part.envelope != nullptr);
    QVERIFY(!part.isMessage() || part.children.size() == 1);
    QVERIFY(part.isMultipart() || part.isMessage() || part.children.isEmpty());
    qint64 at = part.bodyOffset;
    for (const Part &child : part.children) {
        checkInvariants(child, at, part.bodyOffset + part.bodySize);
        at = child.bodyOffset + child.bodySize;
    }
}

inline const QByteArray alternative = "From: Ann <ann@example.org>\r\n"
                                      "To: bob@example.com\r\n"
                                      "Subject: Hello\r\n"
                                      " there\r\n"
                                      "Date: Tue, 1 Jul 2003 10:52:37 +0200\r\n"
                                      "Received: one\r\n"
                                      "Received: two\r\n"
                                      "Message-ID: <1@example.org>\r\n"
                                      "MIME-Version: 1.0\r\n"
                                      "Content-Type: multipart/alternative; boundary=\"b 1\"\r\n"
                                      "\r\n"
                                      "preamble\r\n"
                                      "--b 1\r\n"
                                      "\r\n"
                                      "plain\r\n"
                                      "--b 1 \t\r\n"
                                      "Content-Type: TEXT/html; charset=utf-8\r\n"
                                      "Content-Transfer-Encoding: Quoted-Printable\r\n"
                                      "\r\n"
                                      "<b>\r\n"
                                      "</b>\r\n"
                                      "\r\n"
                                      "--b 1--\r\n"
                                      "epilogue\r\n"_ba;

inline const QByteArray forwarded = "Content-Type: multipart/mixed; boundary=out\n"
                                    "\n"
                                    "--out\n"
                                    "Content-Type: message/rfc822\n"
                                    "\n"
                                    "Subject: inner\n"
                                    "From: x@y\n"
                                    "Content-Type: multipart/mixed; boundary=inner\n"
                                    "\n"
                                    "--inner\n"
                                    "\n"
                                    "deep\n"
                                    "--inner--\n"
                                    "\n"
                                    "--out\n"
                                    "Content-Type: text/plain\n"
                                    "\n"
                                    "last\n"
                                    "--out--\n"_ba;

} // namespace posthorn::message::samples
