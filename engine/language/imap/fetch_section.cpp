#include "language/imap/fetch_section.h"

#include "language/imap/lexer.h"
#include "language/imap/output.h"
#include "language/imap/quote.h"

#include <algorithm>

namespace posthorn::imap {

using namespace Qt::StringLiterals;

namespace {

class SectionReader
{
public:
    explicit SectionReader(Lexer &lexer) : m_lexer(lexer) {}

    Result<Section> read(const SectionForm &form)
    {
        m_section.peek = form.peek;
        m_section.decoded = form.decoded;
        m_section.sizeOnly = form.sizeOnly;
        m_section.label = form.label.toByteArray();
        expect('[');
        if (m_lexer.peek() != ']')
            readSpecification();
        expect(']');
        m_section.label += ']';
        if (m_lexer.peek() == '<' && !form.sizeOnly)
            readPartial();
        if (m_error)
            return std::unexpected(*m_error);
        return m_section;
    }

private:
    template<typename T>
    T check(Result<T> result)
    {
        if (!result && !m_error)
            m_error = result.error();
        return result.value_or(T{});
    }

    void expect(char c)
    {
        if (const auto taken = m_lexer.expect(c); !taken && !m_error)
            m_error = taken.error();
    }

    void fault(const QString &text, qsizetype at)
    {
        if (!m_error)
            m_error = Error{ErrorKind::Invalid, text, {}, at};
    }

    static bool isDigit(char c) { return c >= '0' && c <= '9'; }

    void readSpecification()
    {
        while (isDigit(m_lexer.peek()) && !m_error) {
            if (m_section.path.size() >= FetchItems::maxDepth)
                fault(u"Too many part numbers"_s, m_lexer.offset());
            m_section.path += check(m_lexer.nzNumber());
            appendNumber(m_section.label, m_section.path.last());
            if (!m_lexer.take('.'))
                return;
            m_section.label += '.';
        }
        if (m_section.decoded)
            fault(u"Part numbers expected"_s, m_lexer.offset());
        if (!m_error)
            readText();
    }

    void readText()
    {
        const qsizetype start = m_lexer.offset();
        const QByteArray name = m_lexer.takeName().toByteArray().toUpper();
        m_section.label += name;
        if (name == "HEADER")
            m_section.kind = Section::Kind::Header;
        else if (name == "TEXT")
            m_section.kind = Section::Kind::Text;
        else if (name == "MIME" && !m_section.path.isEmpty())
            m_section.kind = Section::Kind::Mime;
        else if (name == "HEADER.FIELDS" || name == "HEADER.FIELDS.NOT")
            readFields(name.size() == 13 ? Section::Kind::HeaderFields : Section::Kind::HeaderFieldsNot);
        else
            fault(u"Unknown section"_s, start);
    }

    void readFields(Section::Kind kind)
    {
        m_section.kind = kind;
        QList<QByteArray> names;
        expect(' ');
        expect('(');
        m_section.label += " (";
        do {
            if (names.size() >= FetchItems::maxFields)
                fault(u"Too many header fields"_s, m_lexer.offset());
            names += check(m_lexer.astring());
            if (names.size() > 1)
                m_section.label += ' ';
            appendName(names.last());
        } while (!m_error && m_lexer.take(' '));
        expect(')');
        m_section.label += ')';
        m_section.fields.emplace(names);
    }

    // As an atom when it is one, so that simple clients know their own words again.
    void appendName(const QByteArray &name)
    {
        Lexer lexer(name);
        if (lexer.atom() && lexer.atEnd())
            m_section.label += name;
        else
            appendString(m_section.label, name);
    }

    void readPartial()
    {
        expect('<');
        m_section.isPartial = true;
        m_section.from = check(m_lexer.number64());
        expect('.');
        const qsizetype start = m_lexer.offset();
        m_section.length = check(m_lexer.number64());
        if (m_section.length == 0)
            fault(u"A partial of nothing"_s, start);
        expect('>');
        m_section.label += '<';
        appendNumber(m_section.label, quint64(m_section.from));
        m_section.label += '>';
    }

    Lexer &m_lexer;
    Section m_section;
    std::optional<Error> m_error;
};

} // namespace

Result<Section> parseSection(Lexer &lexer, const SectionForm &form)
{
    return SectionReader(lexer).read(form);
}

} // namespace posthorn::imap
