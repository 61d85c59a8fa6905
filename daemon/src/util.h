/* SPDX-License-Identifier: MIT */
/*
 * Small things used everywhere: allocation that does not return without memory, scope-bound
 * cleanup, the clock. Small allocations abort on failure: a daemon of a few MB that cannot get them can do
 * nothing useful, and sizes that come from the wire are checked and capped before they get here.
 */
#ifndef VS_UTIL_H
#define VS_UTIL_H

#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define VS_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define VS_NS_PER_S 1000000000ull
#define VS_NS_PER_MS 1000000ull

static inline void *vs_xrealloc(void *old, size_t n, size_t size)
{
	void *p = reallocarray(old, n ? n : 1, size);

	if (!p) {
		fprintf(stderr, "vascoped: out of memory (%zu x %zu bytes)\n", n, size);
		abort();
	}
	return p;
}

static inline void *vs_xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p) {
		fprintf(stderr, "vascoped: out of memory (%zu x %zu bytes)\n", n, size);
		abort();
	}
	return p;
}

static inline char *vs_xstrdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(vs_xrealloc(NULL, n, 1), s, n);
}

__attribute__((format(printf, 1, 2))) static inline char *vs_xprintf(const char *format, ...)
{
	va_list args;
	char *s;

	va_start(args, format);
	if (vasprintf(&s, format, args) < 0) {
		fprintf(stderr, "vascoped: out of memory\n");
		abort();
	}
	va_end(args);
	return s;
}

static inline uint64_t vs_clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * VS_NS_PER_S + (uint64_t)t.tv_nsec;
}

static inline uint64_t vs_now_ns(void)
{
	return vs_clock_ns(CLOCK_MONOTONIC);
}

static inline void vs_free_cleanup(void *p)
{
	free(*(void **)p);
}

static inline void vs_close_cleanup(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define _vs_free_ __attribute__((cleanup(vs_free_cleanup)))
#define _vs_close_ __attribute__((cleanup(vs_close_cleanup)))

#endif
