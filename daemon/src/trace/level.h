/* SPDX-License-Identifier: MIT */
/* How the kernel is seen, best first, and what the command line says about it. */
#ifndef VS_TRACE_LEVEL_H
#define VS_TRACE_LEVEL_H

#include <stdbool.h>

#include "vascope/v1/capabilities.pb-c.h"

/* TraceLevel of capabilities.proto, by the same numbers, and what only the command line knows. */
enum vs_level {
	VS_LEVEL_NONE = VASCOPE__V1__TRACE_LEVEL__TRACE_LEVEL_UNSPECIFIED, /* nothing is watched; scenarios run */
	VS_LEVEL_BPF = VASCOPE__V1__TRACE_LEVEL__TRACE_LEVEL_BPF,
	VS_LEVEL_KPROBES = VASCOPE__V1__TRACE_LEVEL__TRACE_LEVEL_KPROBES,
	VS_LEVEL_DEBUGFS = VASCOPE__V1__TRACE_LEVEL__TRACE_LEVEL_DEBUGFS,
	VS_LEVEL_AUTO = 100, /* the best that this board has */
};

/* "BPF", as a person reads it. */
const char *vs_level_name(enum vs_level level);

/* What the command line says. It comes from the desktop, but is compared with a few forms, not parsed. */
struct vs_options {
	enum vs_level level;
	/* The most that may wait in the kernel (per CPU at the level of kprobes), and in the queue; 0: the usual. */
	unsigned int buffers_kib;
};

/* n arguments, "--trace=LEVEL" and "--buffers=KIB", a power of two from 64 to 8192; false for anything else. */
bool vs_options_parse(int n, char *const *arguments, struct vs_options *ret);

#endif
