/* SPDX-License-Identifier: MIT */
/*
 * What the BPF programs write into the ring (ring.h). Shared by the BPF object and the daemon, so it uses
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
typedef __s64 int64_t;
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
	VS_MARK = 30, /* the desktop's own, no board sends it */
	VS_SM_MAP = 31,
	VS_SM_UNMAP = 32,
	VS_SM_REMAP = 33,
	VS_SM_KEEP = 34,
	VS_VM_BO_OBTAIN = 35,
	VS_VM_BO_DEFER = 36,
	VS_VM_BO_EVICT = 37,
	VS_VM_BO_VALIDATE = 38,
	VS_VM_FILE = 39,
	VS_VM_CLOSE_END = 40,
	VS_VM_UNUSABLE = 41,
	VS_PTE_MAP = 42,
	VS_PTE_UNMAP = 43,
	VS_VM_BIND_RUN = 44,
	VS_VM_BIND_FREE = 45,
	VS_THROTTLE = 46,
	VS_PREALLOC_CLEANUP = 47,
	VS_BO_EVICT = 48,
	VS_BO_PURGE = 49,
	VS_BO_MADVISE = 50,
	VS_PAGES_GET = 51,
	VS_PAGES_PUT = 52,
	VS_PIN = 53,
	VS_UNPIN = 54,
	VS_VMA_REF = 55,
	VS_HANDLE_CLOSED = 56,
	VS_SHRINK = 57,
	VS_PURGE_VMAPS = 58,
	VS_EXPORT = 59,
	VS_EXPORT_END = 60,
	VS_IMPORT = 61,
	VS_FB_PLANE = 62,
	VS_COMMIT_WAIT = 63,
	VS_VBLANK = 64,
	VS_VBLANK_SENT = 65,
	VS_GPU_FAULT = 66,
	VS_KIND_COUNT, /* one more than the last kind a board sends */

	/* For the daemon alone, never on the wire. */
	VS_FILE_FREE = 96,  /* values: drm_file */
	VS_WALK_BEGIN = 97, /* no values; starts afresh, the kernel may list its objects twice */
	VS_WALK_BO = 98,    /* values: obj, size, flags, refcount, handles, pins, vma_ref, VS_BO_* and madv; text: name */
	VS_WALK_VM_BO = 99, /* values: vm_bo, vm, obj, evicted */
	VS_WALK_VM = 100,   /* values: vm, flags, VS_VM_UNUSABLE_BIT and mode, start, range, refcount, pid, file; text: name */
	VS_WALK_VA = 101,   /* values: va, vm, vm_bo, obj, addr, range, offset, VS_VA_MAPPED_BIT and flags */
	VS_WALK_END = 102,  /* values: number of lists that could not be followed to their end */
	VS_RECORD_KINDS = 104,
};

/* What a walk packs beside a smaller value. */
#define VS_BO_MADV 0xffull               /* enum of MSM_MADV_* */
#define VS_BO_RESIDENT_BIT (1ull << 8)   /* has backing pages */
#define VS_VM_MODE_MASK 0xffull          /* enum VmMode */
#define VS_VM_UNUSABLE_BIT (1ull << 8)   /* accepts no more VM_BIND */
#define VS_VA_MAPPED_BIT (1ull << 32)    /* its page tables are written, or about to be */

/* TeardownReason of event.proto, by the same numbers. */
enum vs_reason {
	VS_REASON_NONE = 0,
	VS_REASON_UNMAP = 1,
	VS_REASON_CLOSE = 2,
	VS_REASON_VMA_PUT = 3,
	VS_REASON_PURGE = 4,
	VS_REASON_EVICT = 5,
	VS_REASON_FREE = 6,
	VS_REASON_VM_CLOSE = 7,
	VS_REASON_REMAP = 8,
	VS_REASON_REPLACE = 9,
};

/*
 * True for the kinds with the column TASK: only they have pid, tid and comm in their record, which costs more than the
 * rest of it. A test holds this against schema.c.
 */
static inline __attribute__((always_inline)) int vs_kind_has_task(uint32_t kind)
{
	switch (kind) {
	case VS_VA_LINK:
	case VS_VA_UNLINK:
	case VS_BO_NAME:
	case VS_SUBMIT_FLUSH:
	case VS_SUBMIT_RETIRE:
	case VS_JOB_RUN:
	case VS_JOB_DONE:
	case VS_FB_DESTROY:
	case VS_FB_PREPARE:
	case VS_FB_CLEANUP:
	case VS_COMMIT_END:
	case VS_FLIP_DONE:
	case VS_MARK:
	case VS_SM_REMAP:
	case VS_SM_KEEP:
	case VS_VM_BO_OBTAIN:
	case VS_VM_BO_DEFER:
	case VS_VM_BO_EVICT:
	case VS_VM_BO_VALIDATE:
	case VS_VM_CLOSE_END:
	case VS_PTE_MAP:
	case VS_PTE_UNMAP:
	case VS_VM_BIND_RUN:
	case VS_VM_BIND_FREE:
	case VS_THROTTLE:
	case VS_PREALLOC_CLEANUP:
	case VS_PAGES_GET:
	case VS_PAGES_PUT:
	case VS_PIN:
	case VS_UNPIN:
	case VS_PURGE_VMAPS:
	case VS_EXPORT_END:
	case VS_FB_PLANE:
	case VS_COMMIT_WAIT:
	case VS_VBLANK:
	case VS_VBLANK_SENT:
	case VS_GPU_FAULT:
		return 0;
	default:
		return kind < VS_KIND_COUNT;
	}
}

#define VS_RING_SLOTS (1u << 16)
#define VS_VALUES 8
#define VS_COMM 16
#define VS_TEXT 32

struct vs_event {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint32_t kind;    /* enum vs_kind */
	uint32_t pid; /* tgid; this and what follows to comm only where vs_kind_has_task() */
	uint32_t tid;
	uint32_t size; /* bytes, with the text if there is one */
	char comm[VS_COMM];
	uint64_t value[VS_VALUES];
};

/* Kinds with a name carry it behind the event. */
struct vs_text_event {
	struct vs_event event;
	char text[VS_TEXT];
};

/*
 * Where a record is in the ring. serial: while it is being written, the complement of its number; when it is complete, its
 * number and one. Records are numbered from 0 in the order in which they were given a slot.
 */
struct vs_slot {
	uint64_t serial;
	struct vs_text_event record;
};

/*
 * Whether all slots are in use. Signed: the head was read before the tail, which may have passed it by now. The claim of such a head
 * fails, and is made anew.
 */
static inline __attribute__((always_inline)) int vs_ring_is_full(uint64_t head, uint64_t tail, uint32_t slots)
{
	return (int64_t)(head - tail) >= (int64_t)slots;
}

/* One per kind and CPU. produced = what was asked of the ring, dropped = what it had no room for. */
struct vs_counter {
	uint64_t produced;
	uint64_t dropped;
};

_Static_assert(sizeof(struct vs_event) == 104, "shared with BPF");
_Static_assert(sizeof(struct vs_text_event) == 136, "shared with BPF");
_Static_assert((int)VS_KIND_COUNT <= (int)VS_FILE_FREE, "the daemon's own kinds lie above the wire's");

#endif
