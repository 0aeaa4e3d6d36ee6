// Searching with the index finds what a look into every message finds, whatever mail people send.
#include "language/message/structure.h"
#include "language/message/transfer_encoding.h"
#include "service/access/index_cache.h"
#include "service/access/search.h"
#include "service/access/search_indexer.h"
#include "unit/platform/store/store_fixture.h"

#include <QRandomGenerator>
#include <QStringEncoder>

using namespace posthorn;
using namespace posthorn::access;
using namespace posthorn::store;
using namespace Qt::StringLiterals;
using imap::SearchKey;
using Op = SearchKey::Op;

namespace {

const QStringList &words()
{
    static const QStringList all{
        u"winter"_s, u"Holiday"_s, u"BUDGET"_s, u"e-mail"_s, u"a.b@c.example"_s, u"Grüße"_s, u"STRASSE"_s, u"Straße"_s, u"ÉCOLE"_s,
        u"naïve"_s, u"cafe\u0301"_s, u"ﬁne"_s, u"Ａ１"_s, u"привет"_s, u"ПРИВЕТ"_s, u"Ελλάδα"_s, u"σίγμας"_s, u"İstanbul"_s, u"ırmak"_s,
        u"日本語"_s, u"東京都"_s, u"カタカナ"_s, u"한국어"_s, u"สวัสดี"_s, u"שלום"_s, u"مرحبا"_s, u"soft\u00adhyphen"_s, u"zero\u200bwidth"_s,
        u"non\u00a0break"_s, u"emoji😀here"_s, u"𝔊othic"_s, u"&amp;"_s, u"<b>bold</b>"_s, u"x"_s, u"_"_s, u"=?utf-8?q?no?="_s, u"100%"_s,
        u"verylongwordwithoutanyspacesinitthatgoesonandonandonuntilitissplitintopieces"_s, u"--"_s, u"\u0131\u0307"_s};
    return all;
}

class Mail
{
public:
    explicit Mail(quint32 seed) : m_random(seed) {}
    int below(int limit) { return m_random.bounded(limit); }

    QString text(int count)
    {
        static const QStringList gaps{u" "_s, u" "_s, u" "_s, u"\r\n"_s, u", "_s, u"\t"_s, u""_s};
        QString line;
        for (int i = 0; i < count; ++i)
            line += words()[below(int(words().size()))] + gaps[below(int(gaps.size()))];
        m_texts += line;
        return line;
    }

    // In a charset that has all of it, or in UTF-8. The name is what the message says.
    QByteArray encoded(const QString &text, QByteArray *charset)
    {
        static const QByteArrayList charsets{"utf-8", "UTF-8", "iso-8859-1", "windows-1252", "iso-8859-15", "koi8-r", "windows-1251",
                                             "shift_jis", "iso-2022-jp", "euc-jp", "gb18030", "big5", "euc-kr", "utf-16le", "iso-8859-7",
                                             "windows-1255", "tis-620", "us-ascii", "x-unknown"};
        *charset = charsets[below(int(charsets.size()))];
        QStringEncoder encoder(charset->constData());
        if (encoder.isValid()) {
            const QByteArray octets = encoder.encode(text);
            if (!encoder.hasError())
                return octets;
        }
        if (below(8)) // sometimes what it says is wrong
            *charset = "utf-8";
        return text.toUtf8();
    }

    static QByteArray quotedPrintable(const QByteArray &octets, int width)
    {
        QByteArray out;
        int column = 0;
        for (qsizetype i = 0; i < octets.size(); ++i) {
            if (octets.sliced(i).startsWith("\r\n")) {
                out += "\r\n";
                column = 0;
                ++i;
                continue;
            }
            const uchar c = uchar(octets[i]);
            const bool plain = c >= 33 && c < 127 && c != '=' && c != '.';
            out += plain ? QByteArray(1, char(c)) : '=' + QByteArray::number(c, 16).toUpper().rightJustified(2, '0');
            if ((column += plain ? 1 : 3) > width) {
                out += "=\r\n";
                column = 0;
            }
        }
        return out;
    }

    QByteArray leaf(const QByteArray &type, int count)
    {
        QByteArray charset;
        QString content = text(count);
        if (type == "text/html")
            content = u"<html><body><p>"_s + content + u"</p>&shy;&uuml;</body></html>"_s;
        const QByteArray octets = encoded(content, &charset);
        QByteArray head = "Content-Type: " + type + (below(6) ? "; charset=" + charset : QByteArray());
        if (below(3) == 0)
            head += ";\r\n name*=utf-8''" + words()[below(int(words().size()))].toUtf8().toPercentEncoding();
        const bool isText = !charset.startsWith("utf-16") && !octets.contains('\0');
        switch (isText ? below(3) : 1) {
        case 0: return head + "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + quotedPrintable(octets, 20 + below(50)) + "\r\n";
        case 1: return head + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + message::encodeBase64(octets) + "\r\n";
        default: return head + "\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + octets + "\r\n";
        }
    }

    QByteArray entity(int depth)
    {
        static const QByteArrayList types{"text/plain", "text/plain", "text/html", "text/csv", "text/calendar", "application/octet-stream",
                                          "image/png"};
        const int kind = below(10);
        if (depth <= 0 || kind < 5)
            return leaf(types[below(int(types.size()))], 1 + below(60));
        if (kind < 7)
            return "Content-Type: message/rfc822\r\n\r\n" + whole(depth - 1) + "\r\n";
        const QByteArray boundary = "b" + QByteArray::number(++m_boundaries) + "=_x";
        QByteArray out = "Content-Type: multipart/" + QByteArray(kind < 9 ? "mixed" : "alternative") + "; boundary=\"" + boundary + "\"\r\n\r\npreamble\r\n";
        for (int i = 1 + below(3); i > 0; --i)
            out += "--" + boundary + "\r\n" + entity(depth - 1) + "\r\n";
        return out + "--" + boundary + "--\r\nepilogue\r\n";
    }

    QByteArray encodedWords(const QString &content)
    {
        QByteArray out;
        for (qsizetype at = 0; at < content.size();) {
            qsizetype size = std::min<qsizetype>(1 + below(8), content.size() - at);
            if (at + size < content.size() && content[at + size].isLowSurrogate())
                ++size;
            QByteArray charset;
            const QByteArray octets = encoded(content.sliced(at, size), &charset);
            if (below(2)) {
                out += "=?" + charset + "?B?" + octets.toBase64() + "?=";
            } else {
                out += "=?" + charset + "?q?";
                for (const char c : octets)
                    out += '=' + QByteArray::number(uchar(c), 16).toUpper().rightJustified(2, '0');
                out += "?=";
            }
            at += size;
            out += at < content.size() ? (below(2) ? "\r\n " : " ") : "";
        }
        return out;
    }

    QByteArray whole(int depth)
    {
        QString subject = text(1 + below(6));
        subject.replace(u"\r\n"_s, u" "_s);
        const int form = below(3);
        QByteArray header = "Subject: " + (form == 0 ? encodedWords(subject) : form == 1 ? subject.toUtf8() : "Re: plain " + QByteArray::number(below(99)) + "\r\n words");
        header += "\r\nFrom: \"S" + QByteArray::number(below(9)) + "\" <s@sender.example>\r\nX-Long: " + QByteArray("abc-").repeated(below(40)) + "\r\n";
        return header + entity(depth);
    }

    // Mostly of something that was written before.
    QString needle()
    {
        if (m_texts.isEmpty() || below(5) == 0)
            return words()[below(int(words().size()))];
        const QString &from = m_texts[below(int(m_texts.size()))];
        if (from.isEmpty())
            return u"x"_s;
        const int at = below(int(from.size()));
        QString some = from.mid(at, 1 + below(below(3) ? 8 : 40));
        if (below(3) == 0)
            some = some.toUpper();
        while (!some.isEmpty() && some.front().isLowSurrogate())
            some.removeFirst();
        while (!some.isEmpty() && some.back().isHighSurrogate())
            some.chop(1);
        return some.isEmpty() ? u"y"_s : some;
    }

private:
    QRandomGenerator m_random;
    QStringList m_texts;
    int m_boundaries = 0;
};

struct House : Fixture
{
    House() { store->onCommitted([this](const Committed &changes) { cache.committed(changes); }); }
    void put(MailboxId mailbox, const QByteArray &octets)
    {
        const message::Structure structure = message::parseStructure(octets);
        const qint64 headerSize = structure.root.headerSize;
        write([&](Transaction &transaction) -> Result<MessageMark> {
            Digest digest = digestOf(octets.first(headerSize), octets.size() - headerSize);
            digest.parts = message::packOffsets(structure.root);
            return Mailboxes::add(transaction, mailbox, must(Messages::add(transaction, digest, octets.sliced(headerSize))), 0, 1);
        });
    }
    QList<Uid> find(MailboxId mailbox, const SearchKey &key)
    {
        if (!index) {
            Semaphore ready;
            cache.open(mailbox, [&](auto opened) {
                index = must(std::move(opened));
                ready.release();
            });
            ready.acquire();
        }
        return read([&](Connection &connection) { return search(connection, mailbox, *index, key, 0); }).uids;
    }
    SearchIndex::State state() { return read([](Connection &connection) { return SearchIndex::state(connection); }); }
    IndexCache cache{*store};
    std::shared_ptr<MailboxIndex> index;
};

SearchKey keyOf(Op op, const QString &text, const QByteArray &name = {})
{
    SearchKey key{.op = op};
    key.text = text;
    key.name = name;
    return key;
}

} // namespace

class TestSearchAgreement : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void indexAndScanFindTheSame()
    {
        bool given = false;
        quint32 seed = qEnvironmentVariable("POSTHORN_SEED").toUInt(&given);
        if (!given)
            seed = QRandomGenerator::global()->generate();
        qInfo("POSTHORN_SEED=%u", seed);
        Mail mail(seed);
        House house;
        const auto inbox = house.mailbox(house.makeAlice()).id;
        for (int i = 0; i < 200; ++i)
            house.put(inbox, mail.whole(2));
        SearchIndexer indexer(*house.store);
        indexer.setEnabled(true);
        QTRY_COMPARE(house.state().waiting, 0);
        indexer.stop();
        for (int i = 0; i < 10; ++i) // these are behind
            house.put(inbox, mail.whole(2));
        QCOMPARE(house.state().waiting, 10);

        QList<SearchKey> questions;
        for (int i = 0; i < 400; ++i) {
            static const QList<Op> ops{Op::Body, Op::Text, Op::Subject, Op::Header};
            SearchKey key = keyOf(ops[i % 4], mail.needle(), i % 4 == 3 ? "X-Long" : "");
            if (i % 7 == 0)
                key = SearchKey{.op = Op::Not, .children = {key}};
            else if (i % 11 == 0)
                key = SearchKey{.op = Op::Or, .children = {key, keyOf(Op::Text, mail.needle())}};
            questions += key;
        }
        QList<QList<Uid>> withIndex;
        for (const SearchKey &key : std::as_const(questions))
            withIndex += house.find(inbox, key);
        house.write([](Transaction &transaction) -> Result<int> {
            must(SearchIndex::clear(transaction));
            return 0;
        });
        QCOMPARE(house.state().waiting, 210);
        int some = 0;
        for (qsizetype i = 0; i < questions.size(); ++i) {
            const QList<Uid> scanned = house.find(inbox, questions[i]);
            const QString what = questions[i].text + questions[i].children.value(0).text;
            QVERIFY2(scanned == withIndex[i], qPrintable(u"question %1, “%2”: %3 with the index, %4 without"_s.arg(i).arg(what)
                                                             .arg(withIndex[i].size()).arg(scanned.size())));
            some += !scanned.isEmpty() && scanned.size() < 210;
        }
        QVERIFY2(some > 150, qPrintable(QString::number(some)));
    }

    // What people mean is found: the comparison is i;unicode-casemap, the text is what a reader sees of charset and encoding.
    void findsWhatAReaderSees()
    {
        struct Row
        {
            const char *name;
            QByteArray message;
            QString needle;
            bool found = true;
        };
        const QByteArray plain = "Subject: s\r\nContent-Type: text/plain; charset=";
        const QByteArray mixed = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n";
        const QList<Row> rows{
            {"over a soft line break", plain + "utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nbr=\r\noken hol=\r\niday\r\n", u"BROKEN HOLIDAY"_s},
            {"not over a hard one", plain + "utf-8\r\n\r\nhard\r\nline\r\n", u"hard line"_s, false},
            {"with the line break itself", plain + "utf-8\r\n\r\nreal\r\nbreak\r\n", u"real\r\nbreak"_s},
            {"base64 of Shift-JIS", plain + "shift_jis\r\nContent-Transfer-Encoding: base64\r\n\r\nk/qWe4zq\r\n", u"本語"_s},
            {"ISO-2022-JP", plain + "iso-2022-jp\r\n\r\n\x1b$BElKL\x1b(B\r\n", u"東北"_s},
            {"KOI8-R in another case", plain + "koi8-r\r\n\r\n\xd0\xd2\xc9\xd7\xc5\xd4\r\n", u"ПРИВЕТ"_s},
            {"Latin-1 in another case", plain + "iso-8859-1\r\n\r\ncaf\xe9\r\n", u"CAFÉ"_s},
            {"wide letters", plain + "utf-8\r\n\r\nＷＩＤＥ\r\n", u"wide"_s},
            {"encoded words are one text", "Subject: =?utf-8?q?Gr=C3=BC?= =?iso-8859-1?q?=DFe?=\r\n\r\nx\r\n", u"GRÜße"_s},
            {"an attachment of text", mixed + "Content-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\n"
                                              "Content-Transfer-Encoding: base64\r\n\r\nbmFtZTthZ2U=\r\n--b--\r\n", u"name;age"_s},
            {"not one of octets", mixed + "Content-Type: application/octet-stream\r\n\r\nhidden\r\n--b--\r\n", u"hidden"_s, false},
            {"a message in a message", "Content-Type: message/rfc822\r\n\r\nSubject: =?utf-8?q?=C3=9Cber?=\r\n\r\nunten\r\n", u"über"_s},
        };
        House house;
        const auto inbox = house.mailbox(house.makeAlice()).id;
        for (const Row &row : rows)
            house.put(inbox, row.message);
        const auto ask = [&](const char *how) {
            for (qsizetype i = 0; i < rows.size(); ++i) {
                const QList<Uid> wanted = rows[i].found ? QList<Uid>{Uid(i + 1)} : QList<Uid>();
                QVERIFY2(house.find(inbox, keyOf(Op::Text, rows[i].needle)) == wanted, QByteArray(rows[i].name) + how);
            }
        };
        ask(", by a look into each");
        SearchIndexer indexer(*house.store);
        indexer.setEnabled(true);
        QTRY_COMPARE(house.state().waiting, 0);
        indexer.stop();
        ask(", with the index");
    }
};

QTEST_GUILESS_MAIN(TestSearchAgreement)
#include "test_search_agreement.moc"
