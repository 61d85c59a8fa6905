/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * How a program hands a record to the daemon: count it, ask the ring buffer for room, fill it, submit it.
 * A record for which there is no room is counted per kind and CPU, so that loss is a figure and not a guess.
 */
#ifndef VS_EMIT_BPF_H
#define VS_EMIT_BPF_H

#include "../event.h"

/* Wake the daemon early only when this much waits; otherwise its own clock makes it look. */
#define VS_WAKE_BYTES (VS_RING_BYTES / 8)

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, VS_RING_BYTES);
} ring SEC(".maps");

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

/* kind: a constant, so that what it does not need is not compiled. */
static __always_inline void *vs_reserve(__u32 kind, __u64 size)
{
	struct vs_counter *counter = bpf_map_lookup_elem(&counters, &kind);
	struct vs_event *e = bpf_ringbuf_reserve(&ring, size, 0);
	__u64 id;

	/* Atomic: an interrupt may run another program of the same kind on this CPU. */
	if (counter) {
		__sync_fetch_and_add(&counter->produced, 1);
		if (!e)
			__sync_fetch_and_add(&counter->dropped, 1);
	}
	if (!e)
		return 0;
	/* After the reservation, so that time runs with the order in the ring but for other CPUs' overlap. */
	e->time_ns = bpf_ktime_get_ns();
	e->kind = kind;
	if (vs_kind_has_task(kind)) {
		id = bpf_get_current_pid_tgid();
		e->pid = id >> 32;
		e->tid = (__u32)id;
		bpf_get_current_comm(e->comm, sizeof(e->comm));
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

static __always_inline void vs_submit(void *record)
{
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

/* For what comes once a job or less: asking how much waits costs as much as a third of an event. */
static __always_inline void vs_submit_text(struct vs_text_event *record)
{
	__u64 waiting = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);

	bpf_ringbuf_submit(record, waiting > VS_WAKE_BYTES ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

static __always_inline __u64 vs_refcount(const struct drm_gem_object *obj)
{
	return BPF_CORE_READ(obj, refcount.refcount.refs.counter);
}

#endif
