/* SPDX-License-Identifier: MIT */
/* Strings and tasks that get a number the first time they are seen. */
#ifndef VS_TRACE_INTERN_H
#define VS_TRACE_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vs_intern_entry {
	uint64_t id; /* 0: empty slot */
	uint32_t pid;
	uint32_t tid;
	char text[36];
};

/* A set of (pid, tid, text); names have pid and tid 0. Ids count from 1. */
struct vs_intern {
	struct vs_intern_entry *slots;
	size_t size; /* a power of two, or 0 */
	size_t used;
};

void vs_intern_destroy(struct vs_intern *set);

/* text: at most size bytes, ended by 0 or by size. *ret_entry stays valid until the next call. */
uint64_t vs_intern(struct vs_intern *set, uint32_t pid, uint32_t tid, const char *text, size_t size,
		   const struct vs_intern_entry **ret_entry, bool *ret_new);

#endif
