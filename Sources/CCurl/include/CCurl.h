// What Swift sees of libcurl: its own header, and the variadic setters and getters as real functions.
#ifndef GKM_CCURL_H
#define GKM_CCURL_H

#include <curl/curl.h>
#include <stddef.h>

typedef size_t (*gkm_curl_data_callback)(char *bytes, size_t size, size_t count, void *context);
typedef curl_socket_t (*gkm_curl_open_socket_callback)(void *context, curlsocktype purpose,
                                                       struct curl_sockaddr *address);
typedef int (*gkm_curl_prerequest_callback)(void *context, char *remote_ip, char *local_ip, int remote_port,
                                            int local_port);

CURLcode gkm_curl_set_long(CURL *easy, CURLoption option, long value);
CURLcode gkm_curl_set_size(CURL *easy, CURLoption option, curl_off_t value);
CURLcode gkm_curl_set_string(CURL *easy, CURLoption option, const char *value);
CURLcode gkm_curl_set_pointer(CURL *easy, CURLoption option, void *value);
CURLcode gkm_curl_set_data_callback(CURL *easy, CURLoption option, gkm_curl_data_callback callback);
CURLcode gkm_curl_set_open_socket(CURL *easy, gkm_curl_open_socket_callback callback, void *context);
CURLcode gkm_curl_set_prerequest(CURL *easy, gkm_curl_prerequest_callback callback, void *context);

/// Zero when libcurl cannot tell.
long gkm_curl_get_long(CURL *easy, CURLINFO info);
/// CURL_SOCKET_BAD when there is none.
curl_socket_t gkm_curl_get_socket(CURL *easy);

CURLMcode gkm_curl_multi_set_long(CURLM *multi, CURLMoption option, long value);

/// The result of a finished transfer; a union that Swift cannot read safely.
CURLcode gkm_curl_message_result(const CURLMsg *message);

/// Writes the numeric form of an address, an IPv4-mapped one as IPv4; returns 0, or -1 when it is neither.
int gkm_curl_address_text(const struct curl_sockaddr *address, char *text, size_t capacity);

/// Opens the socket that libcurl asks for.
curl_socket_t gkm_curl_open_socket(const struct curl_sockaddr *address);

/// The ASCII form (IDNA) of a host name in UTF-8, to be freed with curl_free, or NULL. libidn2 reads names in the
/// locale's encoding, so the calling thread is given a UTF-8 locale for the moment.
char *gkm_curl_ascii_host(const char *name);

/// Prepares a thread for libcurl: its name (at most 15 bytes, for top and gdb), and a UTF-8 locale of its own, in which
/// host names are read. GNU calls that Swift's Glibc module does not show.
void gkm_curl_begin_thread(const char *name);

#endif
