/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * How a program hands a record to the daemon: count it, ask the ring for room, fill it, submit it.
 * A record for which there is no room is counted per kind and CPU, so that loss is a figure and not a guess.
 */
#ifndef VS_EMIT_BPF_H
#define VS_EMIT_BPF_H

#include "../event.h"

/* The ring: an array that the daemon has mapped, so that a record costs no helper's call and no lock. See ring.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, VS_RING_SLOTS);
	__type(key, __u32);
	__type(value, struct vs_slot);
} ring SEC(".maps");

/* Set before the programs are loaded; a power of two. */
const volatile __u32 ring_slots = VS_RING_SLOTS;
/* Records that were given a slot so far, and those that the daemon has taken. Apart, since each is written elsewhere. */
volatile __u64 ring_head __attribute__((aligned(64)));
volatile __u64 ring_tail __attribute__((aligned(64)));

/* Others may take a slot between our look and our claim, each once. */
#define VS_RING_ATTEMPTS 32

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VS_RECORD_KINDS);
	__type(key, __u32);
	__type(value, struct vs_counter);
} counters SEC(".maps");

/* Written by the daemon through the mapped data section; nothing else changes what the programs do. */
volatile __u32 tracing;  /* events are wanted */
volatile __u32 walk_pid; /* a walk by this process is going on, 0: none */
volatile __u32 page_shift; /* of the board, set before the start */

#define VS_EINVAL 22
#define VS_EEXIST 17

/* A slot for one record; NULL when the daemon has not yet taken what is in it. */
static __always_inline struct vs_slot *vs_claim(void)
{
	_Pragma("clang loop unroll(disable)")
	for (int i = 0; i < VS_RING_ATTEMPTS; i++) {
		__u64 head = ring_head;
		__u32 index = head & (ring_slots - 1);
		struct vs_slot *slot;

		if (vs_ring_is_full(head, ring_tail, ring_slots))
			return 0;
		slot = bpf_map_lookup_elem(&ring, &index);
		if (!slot)
			return 0;
		if (__sync_val_compare_and_swap(&ring_head, head, head + 1) == head) {
			slot->serial = ~head;
			return slot;
		}
	}
	return 0;
}

/* kind: a constant, so that what it does not need is not compiled. */
static __always_inline void *vs_reserve(__u32 kind, __u32 size)
{
	struct vs_counter *counter = bpf_map_lookup_elem(&counters, &kind);
	struct vs_slot *slot = vs_claim();
	struct vs_event *e;

	/* Atomic: an interrupt may run another program of the same kind on this CPU. */
	if (counter) {
		__sync_fetch_and_add(&counter->produced, 1);
		if (!slot)
			__sync_fetch_and_add(&counter->dropped, 1);
	}
	if (!slot)
		return 0;
	e = &slot->record.event;
	e->size = size;
	/* After the claim, so that time runs with the order in the ring but for other CPUs' overlap. */
	e->time_ns = bpf_ktime_get_ns();
	e->kind = kind;
	/* Read in place: the helpers for it take as long as the rest of a record. */
	if (vs_kind_has_task(kind)) {
		const struct task_struct *task = bpf_get_current_task_btf();
		const char *comm = (const char *)task + bpf_core_field_offset(struct task_struct, comm);

		e->pid = task->tgid;
		e->tid = task->pid;
		*(__u64 *)&e->comm[0] = *(const __u64 *)&comm[0];
		*(__u64 *)&e->comm[8] = *(const __u64 *)&comm[8];
	}
	return e;
}

static __always_inline int vs_is_error(const void *pointer)
{
	return (__u64)pointer >= (__u64)-4095;
}

static __always_inline struct vs_event *vs_event_begin(__u32 kind)
{
	return tracing ? vs_reserve(kind, sizeof(struct vs_event)) : 0;
}

static __always_inline struct vs_text_event *vs_text_begin(__u32 kind)
{
	return tracing ? vs_reserve(kind, sizeof(struct vs_text_event)) : 0;
}

/* The exchange is a barrier: the daemon sees the serial after all that it is for. */
static __always_inline void vs_submit(void *record)
{
	struct vs_slot *slot = record - __builtin_offsetof(struct vs_slot, record);

	__sync_lock_test_and_set(&slot->serial, -slot->serial);
}

/* obj: typed by the kernel, so that it can be read in place, which costs a tenth of a helper's call. */
static __always_inline __u64 vs_refcount(const struct drm_gem_object *obj)
{
	return obj->refcount.refcount.refs.counter;
}

#endif
