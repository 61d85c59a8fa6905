/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What a task is in the middle of: when a call that is measured began, and which calls that tear mappings down it is in. Kept
 * in the kernel's task storage: one look-up, nothing to clean up, and it ends with the task.
 */
#ifndef VS_TASK_BPF_H
#define VS_TASK_BPF_H

#include "emit.bpf.h"

/* Calls whose begin is remembered. None of them is made inside itself. */
enum vs_call {
	VS_CALL_VM_BIND,
	VS_CALL_VM_BIND_RUN,
	VS_CALL_FB_PREPARE,
	VS_CALL_FB_CLEANUP,
	VS_CALL_HANDLE_CLOSE,
	VS_CALL_COMMIT_WAIT,
	VS_CALLS,
};

#define VS_REASON_BITS 4

struct vs_task {
	__u64 reasons; /* enum vs_reason, VS_REASON_BITS each, the innermost call lowest */
	__u64 began[VS_CALLS];
	__u64 refcount;       /* of the BO, before drm_gpuvm_bo_create(); 0: not seen */
	__u64 named;          /* the BO that is being named */
	__u64 exported;       /* the dma-buf that was told last */
	__u64 throttle_vm;    /* what was told last */
	__u64 throttle_count;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct vs_task);
} tasks SEC(".maps");

/* NULL where nothing was remembered for this task yet. */
static __always_inline struct vs_task *vs_task(void)
{
	return bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), 0, 0);
}

/* NULL only without memory. */
static __always_inline struct vs_task *vs_task_make(void)
{
	return bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

static __always_inline void vs_call_begin(enum vs_call call)
{
	struct vs_task *task = tracing ? vs_task_make() : 0;

	if (task)
		task->began[call] = bpf_ktime_get_ns();
}

/* The same for a call that is made in none that tears down: what is left of those has ended without being seen. */
static __always_inline void vs_call_begin_outermost(enum vs_call call)
{
	struct vs_task *task = tracing ? vs_task_make() : 0;

	if (!task)
		return;
	task->reasons = 0;
	task->began[call] = bpf_ktime_get_ns();
}

/* Nanoseconds since the matching begin in this task, 0 where it was not seen. */
static __always_inline __u64 vs_call_end_of(struct vs_task *task, enum vs_call call)
{
	__u64 began = task ? task->began[call] : 0;

	if (!began)
		return 0;
	task->began[call] = 0;
	return bpf_ktime_get_ns() - began;
}

static __always_inline __u64 vs_call_end(enum vs_call call)
{
	return vs_call_end_of(tracing ? vs_task() : 0, call);
}

static __always_inline void vs_reason_push(enum vs_reason reason)
{
	struct vs_task *task = tracing ? vs_task_make() : 0;

	if (task)
		task->reasons = task->reasons << VS_REASON_BITS | reason;
}

/* The same for a call that is made in no other: what is left there has ended without being seen. */
static __always_inline void vs_reason_set(enum vs_reason reason)
{
	struct vs_task *task = tracing ? vs_task_make() : 0;

	if (task)
		task->reasons = reason;
}

/*
 * Leaves the innermost call of this reason, and what is left inside it: a program that the kernel did not run (a task that
 * was preempted in the same program on this CPU) may have missed the end of a call, or this one's begin.
 */
static __always_inline void vs_reason_pop(enum vs_reason reason)
{
	struct vs_task *task = tracing ? vs_task() : 0;
	__u64 reasons;

	if (!task)
		return;
	reasons = task->reasons;
	for (int i = 0; i < 64 / VS_REASON_BITS && reasons; i++) {
		__u64 left = reasons & ((1 << VS_REASON_BITS) - 1);

		reasons >>= VS_REASON_BITS;
		if (left == reason) {
			task->reasons = reasons;
			return;
		}
	}
}

/* Of the innermost call that this task is in. */
static __always_inline __u64 vs_reason(void)
{
	struct vs_task *task = vs_task();

	return task ? task->reasons & ((1 << VS_REASON_BITS) - 1) : VS_REASON_NONE;
}

#endif
