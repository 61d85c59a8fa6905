/* SPDX-License-Identifier: MIT */
/* What the board's kernel says about itself in BTF: which functions exist, what its enumerators are called. */
#ifndef VS_TRACE_BTF_H
#define VS_TRACE_BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/symbols.h"

#define VS_BTF_MODULES 8

struct btf;

struct vs_btf {
	struct btf *vmlinux; /* NULL: this kernel has none, or it cannot be read */
	int error;           /* why, -errno */
	struct {
		char name[32];
		struct btf *btf; /* NULL: not loaded, or without BTF */
		int fd;          /* names it to the kernel, -1 when that is not allowed */
	} modules[VS_BTF_MODULES];
	size_t n_modules;
	struct vs_symbols symbols;
};

struct vs_enumerator {
	char *name;
	uint64_t value;
};

void vs_btf_init(struct vs_btf *btf);
void vs_btf_destroy(struct vs_btf *btf);

/*
 * The type id of a function, in module or, where the driver is built in, in the kernel image; -ENOENT when neither has it.
 * *ret_fd names the BTF that has it to the kernel (0: the image), borrowed.
 */
int vs_btf_function(struct vs_btf *btf, const char *module, const char *name, int *ret_fd);
/* True when that function is there to attach to, and not only in BTF. */
bool vs_btf_has_symbol(struct vs_btf *btf, const char *module, const char *name);
int vs_btf_tracepoint(struct vs_btf *btf, const char *module, const char *name, int *ret_fd);
/* True when module is there with BTF, be it built in or loaded. */
bool vs_btf_has_module(struct vs_btf *btf, const char *module);

/* The enumerators of an enum, *ret owned by the caller, names too. Returns their number, 0 when there is none. */
size_t vs_btf_enumerators(struct vs_btf *btf, const char *module, const char *name, struct vs_enumerator **ret);

#endif
