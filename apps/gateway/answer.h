/* Callbacks of libmicrohttpd, from the begin of a connection to its end. `user`
 * is a gateway, in answer_connection a watch. */
#ifndef BF_GATEWAY_ANSWER_H
#define BF_GATEWAY_ANSWER_H

#include <microhttpd.h>

void answer_connection(void *user, struct MHD_Connection *connection,
                       void **socket_context,
                       enum MHD_ConnectionNotificationCode what);
void *answer_path(void *user, const char *uri,
                  struct MHD_Connection *connection);
enum MHD_Result answer(void *user, struct MHD_Connection *connection,
                       const char *url, const char *method_name,
                       const char *version, const char *data, size_t *bytes,
                       void **context);
void answer_ended(void *user, struct MHD_Connection *connection, void **context,
                  enum MHD_RequestTerminationCode how);

#endif
