// A command that goes through many names and tells of each: it rests while what it has written waits to be taken.
#pragma once

#include "language/imap/session.h"

namespace posthorn::imap {

class WalkTask : public Task
{
public:
    void outputTaken(Session &session) final
    {
        if (m_isPaused)
            proceed(session);
    }

protected:
    // Tells as much as there is room for.
    virtual void proceed(Session &session) = 0;
    // True: not now; proceed() is called again when there is room.
    [[nodiscard]] bool pauses(const Session &session) { return m_isPaused = !session.hasRoom(); }

private:
    bool m_isPaused = false;
};

} // namespace posthorn::imap
