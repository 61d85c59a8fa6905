/* SPDX-License-Identifier: MIT */
/*
 * What the BPF programs write into the ring buffer. Shared by the BPF object and the daemon, so it uses
 * nothing but fixed-size integers.
 *
 * A record's values are raw kernel facts (pointers, bytes) in the order of its kind's columns in
 * schema.c, TASK and NAME left out: those travel in the head and in the text. Raw pointers end in the
 * daemon, which turns them into ids.
 */
#ifndef VS_TRACE_EVENT_H
#define VS_TRACE_EVENT_H

#ifdef __bpf__
#include <linux/types.h>
typedef __u32 uint32_t;
typedef __u64 uint64_t;
#else
#include <stdint.h>
#endif

/* EventKind of event.proto, by the same numbers; schema.c asserts that they agree. */
enum vs_kind {
	VS_VM_CREATE = 1,
	VS_VM_DESTROY = 2,
	VS_VM_BO_CREATE = 3,
	VS_VM_BO_DESTROY = 4,
	VS_VA_INSERT = 5,
	VS_VA_REMOVE = 6,
	VS_VA_LINK = 7,
	VS_VA_UNLINK = 8,
	VS_BO_CREATE = 9,
	VS_BO_DESTROY = 10,
	VS_BO_NAME = 11,
	VS_HANDLE_OPEN = 12,
	VS_HANDLE_CLOSE = 13,
	VS_VM_MODE = 14,
	VS_VM_CLOSE = 15,
	VS_VM_BIND = 16,
	VS_SUBMIT = 17,
	VS_SUBMIT_FLUSH = 18,
	VS_SUBMIT_RETIRE = 19,
	VS_JOB_QUEUE = 20,
	VS_JOB_RUN = 21,
	VS_JOB_DONE = 22,
	VS_FB_CREATE = 23,
	VS_FB_DESTROY = 24,
	VS_FB_PREPARE = 25,
	VS_FB_CLEANUP = 26,
	VS_COMMIT_BEGIN = 27,
	VS_COMMIT_END = 28,
	VS_FLIP_DONE = 29,
	VS_KIND_COUNT, /* one more than the last kind a board sends */

	/* For the daemon alone, never on the wire. */
	VS_FILE_FREE = 40,  /* values: drm_file */
	VS_WALK_BEGIN = 41, /* no values; starts afresh, the kernel may list its objects twice */
	VS_WALK_BO = 42,    /* values: obj, size, flags, refcount, handles, pins; text: name */
	VS_WALK_VM_BO = 43, /* values: vm_bo, vm, obj, evicted */
	VS_WALK_VM = 44,    /* values: vm, flags, mode, start, range, refcount, pid, file; text: name */
	VS_WALK_VA = 45,    /* values: va, vm, vm_bo, obj, addr, range, offset, flags */
	VS_WALK_END = 46,   /* values: number of lists that could not be followed to their end */
	VS_RECORD_KINDS = 48,
};

#define VS_RING_BYTES (8u << 20)
#define VS_VALUES 8
#define VS_COMM 16
#define VS_TEXT 32

struct vs_event {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint32_t kind;    /* enum vs_kind */
	uint32_t cpu;
	uint32_t pid; /* tgid */
	uint32_t tid;
	char comm[VS_COMM];
	uint64_t value[VS_VALUES];
};

/* Kinds with a name carry it behind the event. */
struct vs_text_event {
	struct vs_event event;
	char text[VS_TEXT];
};

/* One per kind and CPU. produced = what was asked of the ring buffer, dropped = what it had no room for. */
struct vs_counter {
	uint64_t produced;
	uint64_t dropped;
};

_Static_assert(sizeof(struct vs_event) == 104, "shared with BPF");
_Static_assert(sizeof(struct vs_text_event) == 136, "shared with BPF");
_Static_assert((int)VS_KIND_COUNT <= (int)VS_FILE_FREE, "the daemon's own kinds lie above the wire's");

#endif
