// Signals into a pipe, and a terminal put right whatever kills the process. Handlers call async-signal-safe
// functions only.
#define _GNU_SOURCE 1

#include "CNcurses.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

static const int routed[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT};
static const int fatal[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
enum { ROUTED = sizeof routed / sizeof *routed, FATAL = sizeof fatal / sizeof *fatal };

static struct sigaction routed_before[ROUTED];
static struct sigaction fatal_before[FATAL];
static volatile sig_atomic_t signal_pipe = -1;
static volatile sig_atomic_t ending_unread;
static volatile sig_atomic_t resize_unread;
static volatile sig_atomic_t stopping_self;

static volatile sig_atomic_t armed;
static int restore_fd = -1;
static char restore_bytes[512];
static size_t restore_count;
static struct termios restore_modes;
static int restore_has_modes;
static struct termios cooked_modes;
static int cooked_known;

// MARK: - What libraries say

/// Standard error, while what is written to it is caught; -1: it is not.
static int errors_before = -1;
static int errors_fd = -1;

void gkm_errors_catch(void) {
  if (errors_before >= 0 || !isatty(STDERR_FILENO)) {
    return;
  }
  if (errors_fd < 0) {
    errors_fd = memfd_create("errors", MFD_CLOEXEC);
  }
  int before = errors_fd < 0 ? -1 : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  if (before >= 0 && dup2(errors_fd, STDERR_FILENO) >= 0) {
    errors_before = before;
  }
}

/// Safe in a signal's handler.
void gkm_errors_release(void) {
  char piece[1024];
  if (errors_before < 0) {
    return;
  }
  dup2(errors_before, STDERR_FILENO);
  close(errors_before);
  errors_before = -1;
  // As much as a person reads.
  for (off_t at = 0; at < 32 * 1024;) {
    ssize_t count = pread(errors_fd, piece, sizeof piece, at);
    if (count <= 0 || write(STDERR_FILENO, piece, (size_t)count) < 0) {
      break;
    }
    at += count;
  }
  if (ftruncate(errors_fd, 0) == 0) {
    lseek(errors_fd, 0, SEEK_SET);
  }
}

// MARK: - Restoring

static void restore_terminal(void) {
  if (!armed) {
    return;
  }
  armed = 0;
  size_t done = 0;
  while (done < restore_count) {
    ssize_t written = write(restore_fd, restore_bytes + done, restore_count - done);
    if (written > 0) {
      done += (size_t)written;
    } else if (errno != EINTR) {
      break;
    }
  }
  if (restore_has_modes) {
    tcsetattr(restore_fd, TCSANOW, &restore_modes);
  }
  gkm_errors_release();
}

static void on_fatal(int number, siginfo_t *info, void *context) {
  (void)context;
  restore_terminal();
  for (int i = 0; i < FATAL; i++) {
    if (fatal[i] == number) {
      sigaction(number, &fatal_before[i], NULL);
    }
  }
  // A fault happens again on return, under the former handler. One that was sent has to be sent again, and so has a
  // trap, whose instruction does not repeat.
  if (info == NULL || info->si_code <= 0 || number == SIGTRAP) {
    raise(number);
  }
}

static void on_exit_restore(void) { restore_terminal(); }

void gkm_remember_modes(int fd) { cooked_known = tcgetattr(fd, &cooked_modes) == 0; }

void gkm_crash_arm(const char *extra) {
  static int registered;
  static char stack[65536];
  armed = 0;
  restore_fd = gkm_output_fd();
  restore_count = gkm_leave_sequence(restore_bytes, sizeof restore_bytes, extra);
  restore_modes = cooked_modes;
  restore_has_modes = cooked_known;
  if (!registered) {
    registered = 1;
    atexit(on_exit_restore);
    stack_t present;
    if (sigaltstack(NULL, &present) == 0 && (present.ss_flags & SS_DISABLE)) {
      stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
      sigaltstack(&own, NULL);
    }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_fatal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGTTOU);  // tcsetattr from the background must not stop us here
    for (int i = 0; i < FATAL; i++) {
      sigaction(fatal[i], &action, &fatal_before[i]);
    }
  }
  armed = restore_fd >= 0;
}

void gkm_crash_disarm(void) { armed = 0; }

// MARK: - Routing

int gkm_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int gkm_pipe(int ends[2]) { return pipe2(ends, O_NONBLOCK | O_CLOEXEC); }

static void on_routed(int number) {
  int saved = errno;
  if (number == SIGTERM || number == SIGHUP) {
    if (ending_unread) {
      restore_terminal();
      _exit(128 + number);
    }
    ending_unread = 1;
  }
  if (number == SIGWINCH) {
    if (resize_unread) {
      return;  // dragging a window's corner sends hundreds; one unread is enough
    }
    resize_unread = 1;
  }
  if (number == SIGCONT && stopping_self) {
    return;  // expected: gkm_signals_stop_self returns with it
  }
  if (signal_pipe >= 0) {
    unsigned char byte = (unsigned char)number;
    ssize_t ignored = write(signal_pipe, &byte, 1);
    (void)ignored;
  }
  errno = saved;
}

void gkm_signals_route(int pipe_fd) {
  signal_pipe = pipe_fd;
  ending_unread = 0;
  resize_unread = 0;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_routed;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  for (int i = 0; i < ROUTED; i++) {
    sigaction(routed[i], &action, &routed_before[i]);
  }
}

void gkm_signals_unroute(void) {
  if (signal_pipe < 0) {
    return;
  }
  for (int i = 0; i < ROUTED; i++) {
    sigaction(routed[i], &routed_before[i], NULL);
  }
  signal_pipe = -1;
}

void gkm_signals_taken(int number) {
  if (number == SIGTERM || number == SIGHUP) {
    ending_unread = 0;
  } else if (number == SIGWINCH) {
    resize_unread = 0;
  }
}

void gkm_signals_stop_self(void) {
  struct sigaction plain, former;
  memset(&plain, 0, sizeof plain);
  plain.sa_handler = SIG_DFL;
  sigset_t only, mask;
  sigemptyset(&only);
  sigaddset(&only, SIGTSTP);
  sigaction(SIGTSTP, &plain, &former);
  pthread_sigmask(SIG_UNBLOCK, &only, &mask);
  // To the whole process, so that a job of several processes stops as one would expect from the key.
  stopping_self = 1;
  kill(0, SIGTSTP);
  stopping_self = 0;
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  sigaction(SIGTSTP, &former, NULL);
}
