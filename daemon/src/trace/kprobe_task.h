/* SPDX-License-Identifier: MIT */
/* What a task is in the middle of, as bpf/task.bpf.h keeps it in the kernel. */
#ifndef VS_TRACE_KPROBE_TASK_H
#define VS_TRACE_KPROBE_TASK_H

#include "trace/kprobe_table.h"

/* By tid; a task whose place another one takes forgets, and its next end has duration 0 and no reason. */
#define VS_KPROBE_TASKS 4096

struct vs_kprobe_task {
	uint32_t tid;
	uint64_t reasons; /* enum vs_reason, 4 bits each, the innermost call lowest */
	uint64_t began[VS_KPROBE_CALLS];
	uint64_t begin_value; /* 0: not seen */
};

struct vs_kprobe_task *vs_kprobe_tasks_make(void);
struct vs_kprobe_task *vs_kprobe_task_of(struct vs_kprobe_task *tasks, uint32_t tid);

void vs_kprobe_task_push(struct vs_kprobe_task *task, enum vs_reason reason);
/* Leaves the innermost call of this reason and what is left inside it: the end of one may have been lost. */
void vs_kprobe_task_pop(struct vs_kprobe_task *task, enum vs_reason reason);
enum vs_reason vs_kprobe_task_reason(const struct vs_kprobe_task *task);

#endif
