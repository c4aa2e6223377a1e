/* The relay: messages of a session lie in SPOOL/.gateway/sessions/ID/inbox, and
 * session.json beside it says who its members are, and who began it. */
#ifndef BF_GATEWAY_SESSIONS_H
#define BF_GATEWAY_SESSIONS_H

#include "gateway/gateway.h"

#define SESSIONS_FOLDER "sessions"

/* Opens the inbox of the session that the request names, for the request's
 * file; 404 unless the owner is a member and may see the file, 403 if write and
 * the file is another member's. */
BF_MUST_CHECK unsigned session_inbox(int *out, request *r, bool write);
/* What messages of the owner take or will take. */
uint64_t sessions_bytes(const gateway *g, const char *owner);
enum MHD_Result sessions_list(request *r);
enum MHD_Result session_end(request *r);

#endif
