/* SPDX-License-Identifier: MIT */
/* Which kprobe event gives which kind, and from what it fetches the kind's columns. docs/kernel.md explains the probes. */
#ifndef VS_TRACE_KPROBE_TABLE_H
#define VS_TRACE_KPROBE_TABLE_H

#include "trace/probes.h"

/* More than a record has: finish() takes what is behind those. */
#define VS_KPROBE_VALUES 12

/* Calls whose begin is remembered for their end, by task. */
enum vs_kprobe_call {
	VS_KPROBE_NO_CALL,
	VS_KPROBE_VM_BO_CREATE,
	VS_KPROBE_VM_BIND,
	VS_KPROBE_VM_BIND_RUN,
	VS_KPROBE_FB_PREPARE,
	VS_KPROBE_FB_CLEANUP,
	VS_KPROBE_HANDLE_CLOSE,
	VS_KPROBE_COMMIT_WAIT,
	VS_KPROBE_CALLS,
};

struct vs_kprobe_spec {
	struct vs_probe probe; /* program: the event's name in tracefs */
	/*
	 * As kprobe_fetch.h has them, in the order of the kind's columns. Before the expression may stand
	 *   -       the errno in a negative result, 0 for any other
	 *   ~       1 << value
	 *   mode    VmMode of a bool "managed"
	 *   bad     EINVAL for a bool that is true
	 *   less    one less
	 *   pages   pages as bytes
	 *   msm     0 unless the spec's device is msm's
	 * or instead of it
	 *   =duration, =begin   since the begin of the call, what was fetched there
	 *   =reason             of the innermost call that tears down
	 *   =N                  a constant
	 */
	const char *value[VS_KPROBE_VALUES];
	const char *text;   /* for kinds with a name */
	const char *guard;  /* fetched for the filter, as "g" */
	const char *filter; /* as tracefs takes it; the kernel drops the other events */
	const char *device; /* of the object, for "msm" */
	enum vs_kprobe_call begins; /* remembers value[0], which is then no column */
	enum vs_kprobe_call ends;
	enum vs_reason push;
	enum vs_reason pop;
	bool changes; /* only when it differs from the last one */
	/* For what the language cannot say: may change the values; false drops the event. */
	bool (*finish)(uint64_t *value, uint64_t guard);
};

extern const struct vs_kprobe_spec vs_kprobe_specs[];
extern const size_t vs_kprobe_spec_count;

#endif
