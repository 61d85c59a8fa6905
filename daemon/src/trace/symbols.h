/* SPDX-License-Identifier: MIT */
/*
 * Whether the kernel has a function under its own name. BTF lists a function also where the compiler made all of it part of its
 * callers or left only a variant (get_vaddr.part.0), to which nothing can be attached. Reading /proc/kallsyms for that takes
 * seconds on a slow board; a BPF program that asks the kernel for one name at a time takes none.
 */
#ifndef VS_TRACE_SYMBOLS_H
#define VS_TRACE_SYMBOLS_H

#include <stdbool.h>

struct vs_symbols {
	bool usable; /* false: the kernel does not answer, so BTF alone must do */
	int program;
	int name; /* a map of one entry: what is asked for */
};

/* Needs the privileges that loading any program needs; without them nothing is known. */
void vs_symbols_init(struct vs_symbols *symbols);
void vs_symbols_destroy(struct vs_symbols *symbols);

/* module: NULL for the kernel image. True also when the kernel does not answer. */
bool vs_symbols_has(const struct vs_symbols *symbols, const char *module, const char *name);

#endif
