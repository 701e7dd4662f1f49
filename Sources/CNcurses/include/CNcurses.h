// What Swift cannot import from ncursesw and libc, as plain functions. No curses type crosses this header.
// Everything named gkm_screen_* belongs to the one thread that opened the screen; gkm_cell_width is safe anywhere.
#ifndef CNCURSES_H
#define CNCURSES_H

#include <stddef.h>
#include <stdint.h>

enum {
  GKM_BOLD = 1,
  GKM_DIM = 2,
  GKM_REVERSE = 4,
  GKM_UNDERLINE = 8,
  GKM_ITALIC = 16,
};

/// One cell to draw: a spacing character with up to three combining ones, unused ones zero.
typedef struct {
  uint32_t scalars[4];
  uint32_t attributes;
  int32_t pair;
} gkm_cell;

/// wcwidth(3) under a UTF-8 locale whatever the process's own: -1 not printable, 0 combining, 1, 2.
int gkm_cell_width(uint32_t scalar);

/// Sets LC_CTYPE from the environment; 1 when the terminal is to be fed UTF-8, 0 when only ASCII is safe.
int gkm_set_locale(void);

enum { GKM_OPEN_OK = 0, GKM_OPEN_BUSY = 1, GKM_OPEN_UNKNOWN_TERM = 2, GKM_OPEN_INCAPABLE = 3, GKM_OPEN_IO = 4 };

/// Starts curses on the two descriptors (kept open by the caller). `term` as in $TERM.
int gkm_screen_open(const char *term, int input_fd, int output_fd);
/// Leaves curses mode and frees the screen; a new one may be opened after.
void gkm_screen_close(void);
/// Leaves curses mode for a while (job control); gkm_screen_resume comes back and repaints all.
void gkm_screen_suspend(void);
void gkm_screen_resume(void);

int gkm_screen_rows(void);
int gkm_screen_columns(void);
/// Reads the terminal's size from the kernel and makes curses agree; the next flush repaints all.
void gkm_screen_resize(void);
/// The next flush repaints every cell.
void gkm_screen_invalidate(void);

int gkm_screen_colors(void);
int gkm_screen_pairs(void);
/// Defines a pair; -1 is the terminal's default. 0 on success.
int gkm_screen_define_pair(int pair, int foreground, int background);

/// Puts cells starting at a place; a double-width cell takes two columns and is given once.
void gkm_screen_put(int row, int column, const gkm_cell *cells, int count);
/// Sends what differs from the terminal's present content, in one write, with what is to stand before and after it.
/// Nothing is sent where nothing differs. A negative row hides the cursor.
void gkm_screen_flush(int cursor_row, int cursor_column, const char *before, const char *after);

/// Writes everything, across short writes and EAGAIN (bounded by 2 s of no progress); 0 when all was written.
int gkm_write_all(int fd, const void *bytes, size_t count);

/// A non-blocking, close-on-exec eventfd(2), or -1.
int gkm_eventfd(void);
/// A non-blocking, close-on-exec pipe: ends[0] reads. 0 or -1.
int gkm_pipe(int ends[2]);

/// Routes SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP and SIGCONT to `pipe_fd`, a byte each.
/// A second SIGTERM or SIGHUP while the first is unread restores the terminal and ends the process.
void gkm_signals_route(int pipe_fd);
void gkm_signals_unroute(void);
/// To be called with each byte read from the pipe.
void gkm_signals_taken(int signal);
/// Stops this process as SIGTSTP would by default, and returns when it is continued.
void gkm_signals_stop_self(void);

/// What to write, and the modes to set, should the process end without leaving curses mode: on SIGILL, SIGTRAP,
/// SIGSEGV, SIGBUS, SIGFPE, SIGABRT (then the former handler runs), and at exit(3).
/// `extra` is written first; the terminal's own leave sequences follow. Call after gkm_screen_open.
void gkm_crash_arm(const char *extra);
void gkm_crash_disarm(void);

/// What libraries write to standard error, such as libpq of a password file that others may read, would stand in the
/// middle of the screen: from here on it is kept, where standard error is a terminal, until the release writes it.
/// The crash handler releases by itself.
void gkm_errors_catch(void);
void gkm_errors_release(void);

#endif
