// The control protocol's lines: what is read can be written and read again as the same; cuts don't matter.
#include "control/api/messages.h"
#include "control/api/methods.h"
#include "control/api/topics.h"
#include "control/api/values.h"

#include <QByteArrayList>

#include <cstdlib>

using namespace posthorn;
using namespace posthorn::control;

namespace {

void require(bool holds)
{
    if (!holds)
        std::abort();
}

void tryRequest(QByteArrayView line)
{
    const auto request = parseRequest(line);
    if (!request) {
        require(toLine(request.error()).count('\n') == 1);
        return;
    }
    const QByteArray written = toLine(*request);
    require(written.endsWith('\n') && written.count('\n') == 1);
    const auto again = parseRequest(QByteArrayView(written).chopped(1));
    require(again && again->id == request->id && again->method == request->method
            && again->parameters == request->parameters);
    if (const Method *method = findMethod(request->method))
        (void)checkParameters(*method, request->parameters);
}

void tryServerLine(QByteArrayView line)
{
    const auto message = parseServerLine(line);
    if (!message)
        return;
    if (const auto *notification = std::get_if<Notification>(&*message)) {
        if (const auto update = topicUpdate(notification->parameters))
            require(topicUpdate(toJson(*update))->set == update->set);
    }
}

QByteArrayList linesOf(QByteArrayView octets, qsizetype step)
{
    LineSplitter splitter(4'096);
    QByteArrayList lines;
    for (qsizetype at = 0; at < octets.size(); at += step) {
        if (!splitter.append(octets.sliced(at, qMin(step, octets.size() - at))))
            return {QByteArray("too long")};
        while (const auto line = splitter.next())
            lines += *line;
    }
    return lines;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QByteArrayView octets(data, qsizetype(size));
    tryRequest(octets);
    tryServerLine(octets);
    const QByteArrayList whole = linesOf(octets, qMax(qsizetype(1), octets.size()));
    require(size > 4'096 || whole == linesOf(octets, 1));
    for (const QByteArray &line : whole)
        require(!line.contains('\n') && !line.isEmpty());
    const QString text = QString::fromUtf8(octets);
    if (const auto address = checkAddress(text))
        require(checkAddress(*address) == *address);
    if (const auto domain = checkDomain(text))
        require(checkDomain(*domain) == *domain);
    return 0;
}
