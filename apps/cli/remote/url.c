#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "remote/login.h"

bool remote_url_plaintext(const char *url)
{
    return strncasecmp(url, "https:", 6) != 0;
}

/* True for names and addresses that never leave this machine. libcurl takes
 * localhost for a loopback address without asking a name server. */
static bool is_loopback(const char *host)
{
    struct in_addr v4;
    if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
        return true;
    return inet_pton(AF_INET, host, &v4) == 1 &&
           ntohl(v4.s_addr) >> 24 == 127;
}

static bool has(CURLU *u, CURLUPart part)
{
    char *text = NULL;
    bool there = curl_url_get(u, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return there;
}

static bf_status check(CURLU *u, const char *url)
{
    char *scheme = NULL, *host = NULL;
    if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
        curl_free(scheme);
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: is no URL such as https://server.example", url);
    }
    bf_status s = BF_OK;
    if (has(u, CURLUPART_USER) || has(u, CURLUPART_PASSWORD) ||
        has(u, CURLUPART_QUERY) || has(u, CURLUPART_FRAGMENT))
        s = bf_fail(BF_ERR_ARGUMENT, "%s: no more than host, port and path "
                                     "have a place here", url);
    else if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
        s = bf_fail(BF_ERR_ARGUMENT, "%s: neither https nor http", url);
    else if (strcmp(scheme, "http") == 0 && !is_loopback(host))
        s = bf_fail(BF_ERR_SECURITY,
                    "%s: would send the token unencrypted to another machine; "
                    "use https", url);
    curl_free(scheme);
    curl_free(host);
    return s;
}

bf_status remote_url_check(const char *url)
{
    CURLU *u = curl_url();
    if (!u) return bf_fail(BF_ERR_MEMORY, "no memory for a URL");
    bf_status s = check(u, url);
    curl_url_cleanup(u);
    return s;
}

bf_status remote_url_read(char **out, const char *text)
{
    size_t n = strlen(text);
    BF_TRY(remote_url_check(text));
    while (n > 0 && text[n - 1] == '/') n--;
    *out = strndup(text, n);
    return *out ? BF_OK : bf_fail(BF_ERR_MEMORY, "no memory for a URL");
}
