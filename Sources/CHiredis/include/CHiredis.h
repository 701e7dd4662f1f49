// What Swift sees of hiredis 0.14: the incremental reply reader. Sockets, deadlines and the writing of commands are
// Swift's own (Sources/Redis), because hiredis' connection calls resolve names and wait without a deadline.
#ifndef GKM_CHIREDIS_H
#define GKM_CHIREDIS_H

#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdint.h>

// GNU and Linux calls that Swift's Glibc module does not show.

/// Names the calling thread (at most 15 bytes) for top and gdb.
void gkm_hiredis_name_thread(const char *name);

/// A non-blocking eventfd, or -1 with errno.
int gkm_hiredis_eventfd(void);

/// ppoll(2) with a timeout in nanoseconds; negative waits for ever.
int gkm_hiredis_poll(struct pollfd *descriptors, nfds_t count, int64_t timeout_ns);

#endif
