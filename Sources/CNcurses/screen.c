// Drawing through ncursesw.
#define _GNU_SOURCE 1
#define NCURSES_WIDECHAR 1

#include "CNcurses.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <ncursesw/curses.h>
#include <ncursesw/term.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

static SCREEN *screen;
static FILE *screen_output;
static FILE *screen_input;
static int output_fd = -1;
/// Memory that a frame is caught in, as a file; -1: there is none, and curses writes by itself.
static int frame_fd = -1;
static int cursor_shown = -1;

// MARK: - Widths and locale

static locale_t utf8_locale;
static pthread_once_t utf8_once = PTHREAD_ONCE_INIT;

static void make_utf8_locale(void) { utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); }

int gkm_cell_width(uint32_t scalar) {
  pthread_once(&utf8_once, make_utf8_locale);
  if (utf8_locale == (locale_t)0) {
    return scalar >= 0x20 && scalar < 0x7f ? 1 : -1;
  }
  locale_t former = uselocale(utf8_locale);
  int width = wcwidth((wchar_t)scalar);
  uselocale(former);
  return width;
}

static int is_set(const char *name) {
  const char *value = getenv(name);
  return value != NULL && *value != 0;
}

int gkm_set_locale(void) {
  const char *chosen = setlocale(LC_CTYPE, "");
  int unsaid = !is_set("LC_ALL") && !is_set("LC_CTYPE") && !is_set("LANG");
  if (chosen == NULL || unsaid) {
    // A name that is not installed here (usual over SSH), or none at all: nobody asked for ASCII.
    chosen = setlocale(LC_CTYPE, "C.UTF-8");
  }
  return chosen != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

// MARK: - Opening and closing

static void release_files(void) {
  if (screen_input != NULL) {
    fclose(screen_input);
  }
  if (screen_output != NULL) {
    fclose(screen_output);
  }
  screen_input = NULL;
  screen_output = NULL;
  output_fd = -1;
  if (frame_fd >= 0) {
    close(frame_fd);
  }
  frame_fd = -1;
}

static FILE *open_copy(int fd, const char *mode) {
  int copy = dup(fd);
  if (copy < 0) {
    return NULL;
  }
  FILE *file = fdopen(copy, mode);
  if (file == NULL) {
    close(copy);
  }
  return file;
}

int gkm_screen_open(const char *term, int input, int output) {
  if (screen != NULL) {
    return GKM_OPEN_BUSY;
  }
  screen_input = open_copy(input, "r");
  screen_output = open_copy(output, "w");
  if (screen_input == NULL || screen_output == NULL) {
    release_files();
    return GKM_OPEN_IO;
  }
  output_fd = output;
  gkm_remember_modes(output);
  use_env(TRUE);
  use_tioctl(TRUE);
  screen = newterm(term, screen_output, screen_input);
  if (screen == NULL) {
    release_files();
    return GKM_OPEN_UNKNOWN_TERM;
  }
  set_term(screen);
  if (cursor_address == NULL || clear_screen == NULL) {
    gkm_screen_close();
    return GKM_OPEN_INCAPABLE;
  }
  set_escdelay(25);
  raw();
  noecho();
  nonl();
  typeahead(-1);
  intrflush(stdscr, FALSE);
  idlok(stdscr, TRUE);
  leaveok(stdscr, TRUE);
  if (has_colors()) {
    start_color();
    use_default_colors();
  }
  cursor_shown = -1;
  frame_fd = memfd_create("frame", MFD_CLOEXEC);
  return GKM_OPEN_OK;
}

void gkm_screen_close(void) {
  if (screen == NULL) {
    return;
  }
  endwin();
  delscreen(screen);
  screen = NULL;
  release_files();
}

void gkm_screen_suspend(void) {
  if (screen != NULL) {
    endwin();
  }
}

void gkm_screen_resume(void) {
  if (screen == NULL) {
    return;
  }
  reset_prog_mode();
  cursor_shown = -1;
  gkm_screen_resize();
}

int gkm_screen_rows(void) { return screen != NULL ? LINES : 0; }
int gkm_screen_columns(void) { return screen != NULL ? COLS : 0; }

void gkm_screen_resize(void) {
  struct winsize size;
  if (screen == NULL) {
    return;
  }
  if (ioctl(output_fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
    resize_term(size.ws_row, size.ws_col);
  }
  gkm_screen_invalidate();
}

void gkm_screen_invalidate(void) {
  if (screen != NULL) {
    clearok(curscr, TRUE);
  }
}

// MARK: - Drawing

int gkm_screen_colors(void) { return screen != NULL && has_colors() ? COLORS : 0; }
int gkm_screen_pairs(void) { return screen != NULL && has_colors() ? COLOR_PAIRS : 0; }

int gkm_screen_define_pair(int pair, int foreground, int background) {
  return init_extended_pair(pair, foreground, background) == OK ? 0 : -1;
}

static attr_t curses_attributes(uint32_t attributes) {
  attr_t result = A_NORMAL;
  if (attributes & GKM_BOLD) result |= A_BOLD;
  if (attributes & GKM_DIM) result |= A_DIM;
  if (attributes & GKM_REVERSE) result |= A_REVERSE;
  if (attributes & GKM_UNDERLINE) result |= A_UNDERLINE;
  if (attributes & GKM_ITALIC) result |= A_ITALIC;
  return result;
}

void gkm_screen_put(int row, int column, const gkm_cell *cells, int count) {
  cchar_t run[64];
  int filled = 0;
  int at = column;
  int next = column;
  if (screen == NULL) {
    return;
  }
  for (int i = 0; i < count; i++) {
    wchar_t text[5] = {0};
    for (int j = 0; j < 4; j++) {
      text[j] = (wchar_t)cells[i].scalars[j];
    }
    int pair = cells[i].pair;
    if (setcchar(&run[filled], text, curses_attributes(cells[i].attributes), (short)pair, &pair) != OK) {
      wchar_t blank[2] = {L' ', 0};
      setcchar(&run[filled], blank, A_NORMAL, 0, NULL);
    }
    int width = wcwidth(text[0]);
    next += width == 2 ? 2 : 1;
    filled++;
    if (filled == 64 || i + 1 == count) {
      mvadd_wchnstr(row, at, run, filled);
      at = next;
      filled = 0;
    }
  }
}

static void send_frame(const char *before, const char *after) {
  off_t count = lseek(frame_fd, 0, SEEK_CUR);
  size_t ahead = strlen(before);
  size_t behind = strlen(after);
  if (count <= 0) {
    return;
  }
  char *frame = malloc(ahead + (size_t)count + behind);
  if (frame == NULL) {
    return;
  }
  memcpy(frame, before, ahead);
  ssize_t got = pread(frame_fd, frame + ahead, (size_t)count, 0);
  if (got > 0) {
    memcpy(frame + ahead + got, after, behind);
    gkm_write_all(output_fd, frame, ahead + (size_t)got + behind);
  }
  free(frame);
}

static void update(int cursor_row, int cursor_column) {
  int shown = cursor_row >= 0;
  // A hidden cursor may stay wherever drawing left it: that saves moving it.
  leaveok(stdscr, shown ? FALSE : TRUE);
  if (shown) {
    move(cursor_row, cursor_column);
  }
  if (shown != cursor_shown) {
    curs_set(shown);
    cursor_shown = shown;
  }
  wnoutrefresh(stdscr);
  doupdate();
}

// Curses writes at each move of the cursor, dozens of times for a frame: over a network these are as many packets, and a
// terminal shows halves of frames. What it writes is caught in memory, and goes out in one piece.
void gkm_screen_flush(int cursor_row, int cursor_column, const char *before, const char *after) {
  if (screen == NULL) {
    return;
  }
  int fd = fileno(screen_output);
  int caught = frame_fd >= 0 && lseek(frame_fd, 0, SEEK_SET) == 0 && dup3(frame_fd, fd, O_CLOEXEC) >= 0;
  if (!caught) {
    gkm_write_all(output_fd, before, strlen(before));
  }
  update(cursor_row, cursor_column);
  if (caught) {
    // This cannot fail: the place is taken, and what is put there is open.
    dup3(output_fd, fd, O_CLOEXEC);
    send_frame(before, after);
  } else {
    gkm_write_all(output_fd, after, strlen(after));
  }
}

int gkm_write_all(int fd, const void *bytes, size_t count) {
  const char *at = bytes;
  while (count > 0) {
    ssize_t written = write(fd, at, count);
    if (written > 0) {
      at += written;
      count -= (size_t)written;
    } else if (written < 0 && errno == EINTR) {
      continue;
    } else if (written < 0 && errno == EAGAIN) {
      struct pollfd ready = {.fd = fd, .events = POLLOUT};
      if (poll(&ready, 1, 2000) <= 0) {
        return -1;
      }
    } else {
      return -1;
    }
  }
  return 0;
}

// MARK: - What ends the terminal's curses mode, for the crash handler

static size_t append(char *buffer, size_t used, size_t capacity, const char *sequence) {
  if (sequence == NULL || sequence == (const char *)-1) {
    return used;
  }
  for (const char *c = sequence; *c != 0 && used < capacity; c++) {
    if (c[0] == '$' && c[1] == '<') {  // a padding note such as $<5>
      const char *end = strchr(c, '>');
      if (end == NULL) {
        break;
      }
      c = end;
      continue;
    }
    buffer[used++] = *c;
  }
  return used;
}

size_t gkm_leave_sequence(char *buffer, size_t capacity, const char *extra) {
  size_t used = append(buffer, 0, capacity, extra);
  if (screen == NULL) {
    return used;
  }
  used = append(buffer, used, capacity, exit_attribute_mode);
  used = append(buffer, used, capacity, orig_pair);
  used = append(buffer, used, capacity, cursor_normal);
  used = append(buffer, used, capacity, exit_ca_mode);
  return used;
}

int gkm_output_fd(void) { return output_fd; }
