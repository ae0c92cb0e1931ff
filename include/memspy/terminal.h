/*
 * terminal: what the other end of a descriptor can show.
 */
#pragma once

#include <stdbool.h>

bool terminal_is(int fd);
bool terminal_has_colour(int fd); /* a terminal that is not dumb, and nobody set NO_COLOR */
bool terminal_has_unicode(void);  /* the locale is UTF-8 */
int terminal_width(int fd);	  /* columns; 80 where it cannot be known */
unsigned terminal_columns(int fd); /* the same of a terminal; 0: it is none, lines may be as long as they are */
