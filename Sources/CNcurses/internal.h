// Shared by the two halves of this target only.
#ifndef CNCURSES_INTERNAL_H
#define CNCURSES_INTERNAL_H

#include <stddef.h>

size_t gkm_leave_sequence(char *buffer, size_t capacity, const char *extra);
int gkm_output_fd(void);
void gkm_remember_modes(int fd);

#endif
