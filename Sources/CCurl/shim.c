#define _GNU_SOURCE
#include "CCurl.h"
#include <arpa/inet.h>
#include <locale.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

CURLcode gkm_curl_set_long(CURL *easy, CURLoption option, long value) {
  return curl_easy_setopt(easy, option, value);
}

CURLcode gkm_curl_set_size(CURL *easy, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(easy, option, value);
}

CURLcode gkm_curl_set_string(CURL *easy, CURLoption option, const char *value) {
  return curl_easy_setopt(easy, option, value);
}

CURLcode gkm_curl_set_pointer(CURL *easy, CURLoption option, void *value) {
  return curl_easy_setopt(easy, option, value);
}

CURLcode gkm_curl_set_data_callback(CURL *easy, CURLoption option, gkm_curl_data_callback callback) {
  return curl_easy_setopt(easy, option, callback);
}

CURLcode gkm_curl_set_open_socket(CURL *easy, gkm_curl_open_socket_callback callback, void *context) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, callback);
  return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, context);
}

CURLcode gkm_curl_set_prerequest(CURL *easy, gkm_curl_prerequest_callback callback, void *context) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, callback);
  return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_PREREQDATA, context);
}

long gkm_curl_get_long(CURL *easy, CURLINFO info) {
  long value = 0;
  return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

curl_socket_t gkm_curl_get_socket(CURL *easy) {
  curl_socket_t value = CURL_SOCKET_BAD;
  return curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &value) == CURLE_OK ? value : CURL_SOCKET_BAD;
}

CURLMcode gkm_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return curl_multi_setopt(multi, option, value);
}

CURLcode gkm_curl_message_result(const CURLMsg *message) {
  return message->data.result;
}

int gkm_curl_address_text(const struct curl_sockaddr *address, char *text, size_t capacity) {
  if (address->family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->addr;
    return inet_ntop(AF_INET, &v4->sin_addr, text, (socklen_t)capacity) != NULL ? 0 : -1;
  }
  if (address->family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
      return inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], text, (socklen_t)capacity) != NULL ? 0 : -1;
    }
    return inet_ntop(AF_INET6, &v6->sin6_addr, text, (socklen_t)capacity) != NULL ? 0 : -1;
  }
  return -1;
}

curl_socket_t gkm_curl_open_socket(const struct curl_sockaddr *address) {
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// One for the process, never freed: threads refer to it for as long as they live.
static locale_t utf8_locale;
static pthread_once_t utf8_once = PTHREAD_ONCE_INIT;

static void make_utf8_locale(void) {
  utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

char *gkm_curl_ascii_host(const char *name) {
  pthread_once(&utf8_once, make_utf8_locale);
  if (utf8_locale == (locale_t)0) return NULL;
  char *ascii = NULL;
  locale_t before = uselocale(utf8_locale);
  CURLU *url = curl_url();
  if (url != NULL && curl_url_set(url, CURLUPART_SCHEME, "https", 0) == CURLUE_OK &&
      curl_url_set(url, CURLUPART_HOST, name, 0) == CURLUE_OK &&
      curl_url_get(url, CURLUPART_HOST, &ascii, CURLU_PUNYCODE) != CURLUE_OK) {
    ascii = NULL;
  }
  curl_url_cleanup(url);
  uselocale(before);
  return ascii;
}

void gkm_curl_begin_thread(const char *name) {
  pthread_setname_np(pthread_self(), name);
  pthread_once(&utf8_once, make_utf8_locale);
  if (utf8_locale != (locale_t)0) uselocale(utf8_locale);
}
