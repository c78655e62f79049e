// What the limit programs share: how they end when something is not as asked, and how they read numbers.
// PROGRAM is defined before it is included.

#ifndef CATTAIL_LIMITS_PROGRAM_H
#define CATTAIL_LIMITS_PROGRAM_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static inline void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static inline void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs(PROGRAM ": ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static inline long number(const char *name, const char *text, long least) {
    char *end = NULL;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || *text == 0 || *end != 0 || value < least)
        fail("%s %s: a whole number of at least %ld is needed", name, text, least);
    return value;
}

#endif
