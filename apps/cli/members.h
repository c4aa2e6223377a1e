/* The owners of a session as JSON. */
#ifndef BF_CLI_MEMBERS_H
#define BF_CLI_MEMBERS_H

#include "blindfit/session.h"
#include "cli.h"

/* Adds `members` to the object. box: the folder of an owner or of the server,
 * whose messages are counted, or NULL. BF_ERR_IO if the box cannot be read. */
BF_MUST_CHECK bf_status cli_json_members(cJSON *o, const bf_session *s,
                                         const char *box);

#endif
