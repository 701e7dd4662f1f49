#define _GNU_SOURCE
#include "CHiredis.h"
#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>

void gkm_hiredis_name_thread(const char *name) {
  pthread_setname_np(pthread_self(), name);
}

int gkm_hiredis_eventfd(void) {
  return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

int gkm_hiredis_poll(struct pollfd *descriptors, nfds_t count, int64_t timeout_ns) {
  struct timespec timeout = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
  return ppoll(descriptors, count, timeout_ns < 0 ? NULL : &timeout, NULL);
}
