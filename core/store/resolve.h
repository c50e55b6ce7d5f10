/*
 * resolve - finds the addresses of the hosts in a connection string without stopping the loop.
 *
 * libpq would look them up in PQconnectStart, blocking, for as long as a broken name
 * server takes. Here the C library's own helper thread does it (getaddrinfo_a), so the
 * answer is what the system's configuration says, and a timer looks whether it is there.
 */
#ifndef PAWL_STORE_RESOLVE_H
#define PAWL_STORE_RESOLVE_H

#include <stdbool.h>

#include "base/loop.h"

struct resolve;

/*
 * host, hostaddr and port as libpq takes them: lists of the same length, one element
 * for each address. failure NULL; or why a name has no address, and the lists are NULL.
 */
typedef void resolve_cb(void *arg, const char *host, const char *hostaddr, const char *port,
    const char *failure);

/*
 * The list of that keyword (host, hostaddr, port) as libpq takes it, begun by so many elements later; yours.
 * list NULL: as the string or the environment has it. NULL when it says nothing, or there is nothing to be turned.
 */
char *resolve_turned(const char *conninfo, const char *keyword, const char *list, unsigned by);
/* True when the string names hosts that have to be looked up (no sockets, no addresses). */
bool resolve_needed(const char *conninfo);
/* Calls back once, never inside this call. */
struct resolve *resolve_start(struct loop *l, const char *conninfo, resolve_cb *cb, void *arg);
/* Gives it up when it has not called back yet. NULL is fine. */
void resolve_free(struct resolve *r);

#endif
