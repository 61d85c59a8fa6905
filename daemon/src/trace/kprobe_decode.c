/* SPDX-License-Identifier: MIT */
/* From a binary event to the record that a BPF program would have made. */
#include <errno.h>

#include "trace/kprobe.h"
#include "trace/kprobe_event.h"
#include "trace/kprobe_task.h"
#include "util.h"

#define VS_REASON_BITS 4

struct vs_kprobe_task *vs_kprobe_tasks_make(void)
{
	return vs_xcalloc(VS_KPROBE_TASKS, sizeof(struct vs_kprobe_task));
}

struct vs_kprobe_task *vs_kprobe_task_of(struct vs_kprobe_task *tasks, uint32_t tid)
{
	struct vs_kprobe_task *task = &tasks[tid % VS_KPROBE_TASKS];

	if (task->tid != tid)
		*task = (struct vs_kprobe_task){ .tid = tid };
	return task;
}

void vs_kprobe_task_push(struct vs_kprobe_task *task, enum vs_reason reason)
{
	task->reasons = task->reasons << VS_REASON_BITS | reason;
}

void vs_kprobe_task_pop(struct vs_kprobe_task *task, enum vs_reason reason)
{
	for (uint64_t reasons = task->reasons; reasons; reasons >>= VS_REASON_BITS) {
		if ((reasons & ((1 << VS_REASON_BITS) - 1)) != reason)
			continue;
		task->reasons = reasons >> VS_REASON_BITS;
		return;
	}
}

enum vs_reason vs_kprobe_task_reason(const struct vs_kprobe_task *task)
{
	return (enum vs_reason)(task->reasons & ((1 << VS_REASON_BITS) - 1));
}

/* One event while it is read. */
struct vs_reading {
	const struct vs_kprobes *kprobes;
	const struct vs_kprobe_event *event;
	const struct vs_kprobe_task *task;
	uint64_t duration;
	const uint8_t *record;
	size_t size;
};

static bool vs_is_msm_device(const struct vs_reading *reading)
{
	uint32_t name = (uint32_t)vs_kprobe_number(&reading->event->device, reading->record, reading->size);

	return !memcmp(&name, "msm", sizeof(name));
}

static uint64_t vs_kprobe_value(const struct vs_reading *reading, const struct vs_kprobe_field *field)
{
	uint64_t raw = vs_kprobe_number(field, reading->record, reading->size);

	switch (field->op) {
	case VS_VALUE_ERRNO:
		return (int32_t)raw < 0 ? (uint64_t) - (int32_t)raw : 0;
	case VS_VALUE_BIT:
		return 1ull << (raw & 63);
	case VS_VALUE_MODE: /* VmMode of event.proto */
		return raw & 1 ? VASCOPE__V1__VM_MODE__VM_MODE_KERNEL_MANAGED :
				 VASCOPE__V1__VM_MODE__VM_MODE_USER_MANAGED;
	case VS_VALUE_BAD:
		return raw & 1 ? EINVAL : 0;
	case VS_VALUE_LESS:
		return (uint32_t)(raw - 1);
	case VS_VALUE_PAGES:
		return raw << reading->kprobes->page_shift;
	case VS_VALUE_MSM:
		return vs_is_msm_device(reading) ? raw : 0;
	case VS_VALUE_CONSTANT:
		return (uint64_t)field->bias;
	case VS_VALUE_DURATION:
		return reading->duration;
	case VS_VALUE_BEGIN:
		return reading->task->begin_value;
	case VS_VALUE_REASON:
		return vs_kprobe_task_reason(reading->task);
	default:
		return raw;
	}
}

/* Calls that begin and end, and the duration of one that ends. */
static uint64_t vs_kprobe_call(const struct vs_kprobe_event *event, struct vs_kprobe_task *task, uint64_t time_ns,
			       const uint8_t *record, size_t size)
{
	const struct vs_kprobe_spec *spec = event->spec;
	uint64_t duration = 0;

	if (spec->ends && task->began[spec->ends]) {
		duration = time_ns - task->began[spec->ends];
		task->began[spec->ends] = 0;
	}
	if (spec->pop)
		vs_kprobe_task_pop(task, spec->pop);
	/* In no such call: what is left there has lost its end. */
	if (spec->begins == VS_KPROBE_VM_BIND || spec->begins == VS_KPROBE_VM_BIND_RUN)
		task->reasons = 0;
	if (spec->begins) {
		task->began[spec->begins] = time_ns;
		if (!spec->probe.kinds[0])
			task->begin_value = vs_kprobe_number(&event->value[0], record, size);
	}
	return duration;
}

static bool vs_kprobe_is_news(struct vs_kprobe_event *event, const uint64_t *value)
{
	if (!event->spec->changes)
		return true;
	if (event->told && !memcmp(event->last, value, sizeof(event->last)))
		return false;
	memcpy(event->last, value, sizeof(event->last));
	return event->told = true;
}

/* Keeps an address, in front of those of the last BO when it is a VM's. */
static void vs_walk_tell(struct vs_kprobes *kprobes, uint64_t address, bool vm)
{
	if (kprobes->n_told == kprobes->told_room) {
		kprobes->told_room = kprobes->told_room * 2 + 64;
		kprobes->told = vs_xrealloc(kprobes->told, kprobes->told_room, sizeof(*kprobes->told));
	}
	kprobes->told[kprobes->n_told++] = vm ? kprobes->told[kprobes->told_vms] : address;
	if (vm)
		kprobes->told[kprobes->told_vms++] = address;
}

/* A short list comes around again, and a VM is reached from each of its BOs. */
static bool vs_walk_is_news(struct vs_kprobes *kprobes, uint32_t kind, uint64_t address)
{
	if (kind == VS_WALK_BEGIN)
		kprobes->n_told = kprobes->told_vms = 0;
	if (kind == VS_WALK_BO)
		kprobes->n_told = kprobes->told_vms;
	if (kind != VS_WALK_VM && kind != VS_WALK_VM_BO && kind != VS_WALK_VA)
		return true;
	for (size_t i = 0; i < kprobes->n_told; i++)
		if (kprobes->told[i] == address)
			return false;
	vs_walk_tell(kprobes, address, kind == VS_WALK_VM);
	return true;
}

static void vs_kprobe_emit(struct vs_kprobes *kprobes, struct vs_kprobe_event *event, const struct vs_reading *reading,
			   uint64_t time_ns)
{
	const struct vs_kprobe_spec *spec = event->spec;
	struct vs_text_event out = { .event = { .time_ns = time_ns, .kind = spec->probe.kinds[0] } };
	uint64_t value[VS_KPROBE_VALUES] = { 0 };

	/* Everybody who reads "gem" makes the kernel list its objects. */
	if (out.event.kind >= VS_WALK_BEGIN && (!kprobes->walking || reading->task->tid != (uint32_t)getpid()))
		return;
	for (unsigned int i = 0; i < VS_KPROBE_VALUES && spec->value[i]; i++)
		value[i] = vs_kprobe_value(reading, &event->value[i]);
	if (spec->finish &&
	    !spec->finish(value, vs_kprobe_number(&event->guard, reading->record, reading->size)))
		return;
	if (!vs_kprobe_is_news(event, value) || !vs_walk_is_news(kprobes, out.event.kind, value[0]))
		return;
	memcpy(out.event.value, value, sizeof(out.event.value));
	if (event->comm.size) {
		out.event.tid = reading->task->tid;
		out.event.pid = event->tgid.size ?
					(uint32_t)vs_kprobe_number(&event->tgid, reading->record, reading->size) :
					out.event.tid;
		vs_kprobe_string(&event->comm, reading->record, reading->size, out.event.comm, VS_COMM);
	}
	if (spec->text)
		vs_kprobe_string(&event->text, reading->record, reading->size, out.text, VS_TEXT);
	kprobes->seen[out.event.kind]++;
	kprobes->record(kprobes->record_data, &out.event, spec->text ? sizeof(out) : sizeof(out.event));
}

void vs_kprobes_event(struct vs_kprobes *kprobes, uint64_t time_ns, const uint8_t *record, size_t size)
{
	struct vs_kprobe_event *event;
	struct vs_kprobe_task *task;
	struct vs_reading reading;
	uint16_t type;
	int32_t tid;

	/* struct trace_entry (include/linux/trace_events.h): type at 0, pid at 4. */
	if (size < 8)
		return;
	memcpy(&type, record, sizeof(type));
	memcpy(&tid, record + 4, sizeof(tid));
	if (!kprobes->by_type[type])
		return;
	event = &kprobes->events[kprobes->by_type[type] - 1];
	task = vs_kprobe_task_of(kprobes->tasks, (uint32_t)tid);
	reading = (struct vs_reading){ kprobes, event, task, 0, record, size };
	reading.duration = vs_kprobe_call(event, task, time_ns, record, size);
	if (event->spec->probe.kinds[0])
		vs_kprobe_emit(kprobes, event, &reading, time_ns);
	/* Used up: where the next begin is lost, this value is another call's. */
	if (event->spec->ends)
		task->begin_value = 0;
	/* After it was told: what a call tears down comes within it, the call itself does not. */
	if (event->spec->push)
		vs_kprobe_task_push(task, event->spec->push);
}
