/* SPDX-License-Identifier: MIT */
/* Set-up and reading. What an event means is in kprobe_decode.c. */
#include "trace/kprobe.h"

#include <errno.h>

#include "trace/kprobe_event.h"
#include "trace/kprobe_task.h"
#include "util.h"

#define VS_KPROBE_TYPES 65536
/* All buffers together, and the least of one. Twice BPF's ring: an event is larger here. */
#define VS_KPROBE_BUFFERS_KIB 16384
#define VS_KPROBE_BUFFER_MIN_KIB 1024
/* Sub-buffers of one CPU in one go, so that it returns however fast new ones come. */
#define VS_KPROBE_PAGES 64
/*
 * How long an event may take from its time stamp until it can be read. Not long on a board, but a virtual CPU may stop in
 * between.
 */
#define VS_KPROBE_LATE_NS (10 * VS_NS_PER_MS)

struct vs_queued_event {
	uint64_t time_ns;
	uint64_t size;
};

static char *vs_absent(struct vs_btf *btf, const struct vs_probe *probe)
{
	int fd;
	int id = probe->how == VS_HOW_TRACEPOINT ? vs_btf_tracepoint(btf, probe->module, probe->symbol, &fd) :
						   vs_btf_function(btf, probe->module, probe->symbol, &fd);

	if (id >= 0)
		return NULL;
	if (!vs_btf_has_module(btf, probe->module))
		return vs_xprintf("neither the kernel nor a loaded module %s has it in BTF", probe->module);
	return vs_xprintf("not in this kernel's %s, or inlined by its compiler", probe->module);
}

static size_t vs_kprobes_plan(struct vs_btf *btf, struct vs_probe_result *results)
{
	size_t wanted = 0;

	for (size_t i = 0; i < vs_kprobe_spec_count; i++) {
		const struct vs_probe *probe = &vs_kprobe_specs[i].probe;
		char *reason = vs_absent(btf, probe);

		results[i] = (struct vs_probe_result){
			.probe = probe,
			.wanted = !reason,
			.state = reason ? VASCOPE__V1__PROBE_STATE__PROBE_STATE_ABSENT :
					  VASCOPE__V1__PROBE_STATE__PROBE_STATE_ATTACHED,
			.reason = reason,
		};
		wanted += !reason;
	}
	return wanted;
}

static int vs_kprobe_attach_named(struct vs_kprobes *kprobes, size_t i)
{
	const struct vs_kprobe_spec *spec = &vs_kprobe_specs[i];
	_vs_free_ char *path = vs_xprintf("events/%s/%s/format", kprobes->fs.group, spec->probe.program);
	_vs_free_ char *format = vs_tracefs_read(kprobes->fs.instance, path);
	unsigned int type;
	const char *id = format ? strstr(format, "\nID: ") : NULL;
	int r = 0;

	if (!id || sscanf(id, "\nID: %u", &type) != 1 || type >= VS_KPROBE_TYPES ||
	    !vs_kprobe_format(&kprobes->events[i], format))
		return -EPROTO;
	if (spec->filter) {
		strcpy(strrchr(path, '/'), "/filter");
		r = vs_tracefs_write(&kprobes->fs, path, spec->filter);
	}
	if (!r) {
		strcpy(strrchr(path, '/'), "/enable");
		r = vs_tracefs_write(&kprobes->fs, path, "1");
	}
	if (!r)
		kprobes->by_type[type] = (uint16_t)(i + 1);
	return r;
}

static int vs_kprobe_attach(struct vs_kprobes *kprobes, size_t i, const struct vs_kprobe_syntax *syntax, struct vs_btf *btf)
{
	const struct vs_kprobe_spec *spec = &vs_kprobe_specs[i];
	struct vs_fetch_btf fetch = { btf, spec->probe.module };
	char definition[4096];
	int r = vs_kprobe_define(&kprobes->events[i], spec, syntax, kprobes->fs.group, vs_fetch_member, &fetch, definition,
				 sizeof(definition));

	if (!r)
		r = vs_tracefs_define(&kprobes->fs, definition);
	if (r && getenv("VASCOPED_DEBUG"))
		fprintf(stderr, "vascoped: %s: %s", strerror(-r), definition);
	return r ? r : vs_kprobe_attach_named(kprobes, i);
}

static size_t vs_kprobes_attach(struct vs_kprobes *kprobes, struct vs_btf *btf, struct vs_probe_result *results)
{
	_vs_free_ char *readme = vs_tracefs_read(kprobes->fs.root, "README");
	struct vs_kprobe_syntax syntax = {
		.current = readme && strstr(readme, "$current"),
	};
	size_t attached = 0;

	for (size_t i = 0; i < vs_kprobe_spec_count; i++) {
		int r;

		if (!results[i].wanted)
			continue;
		r = vs_kprobe_attach(kprobes, i, &syntax, btf);
		if (!r) {
			attached++;
			continue;
		}
		results[i].wanted = false;
		results[i].state = VASCOPE__V1__PROBE_STATE__PROBE_STATE_DENIED;
		results[i].reason = r == -ENOENT ? vs_xstrdup("a member that it reads is not in this kernel") :
						   vs_xprintf("tracefs refused it: %s", strerror(-r));
	}
	return attached;
}

static int vs_kprobes_open(struct vs_kprobes *kprobes, unsigned int n_cpus, unsigned int kib)
{
	int root, r = vs_tracefs_open(&root);

	if (r)
		return r;
	if (!kib)
		kib = VS_KPROBE_BUFFERS_KIB / n_cpus > VS_KPROBE_BUFFER_MIN_KIB ? VS_KPROBE_BUFFERS_KIB / n_cpus :
										VS_KPROBE_BUFFER_MIN_KIB;
	r = vs_tracefs_make(&kprobes->fs, root, n_cpus, kib);
	if (!r) {
		r = vs_keeper_start(&kprobes->keeper, &kprobes->fs);
		if (r)
			vs_tracefs_discard(&kprobes->fs);
	}
	if (r)
		close(root);
	return r;
}

char *vs_kprobes_setup(struct vs_kprobes *kprobes, struct vs_btf *btf, unsigned int n_cpus, unsigned int kib,
		       vs_kprobe_record_fn record, void *data, struct vs_probe_result **ret_results, size_t *ret_n)
{
	struct vs_probe_result *results = vs_xcalloc(vs_kprobe_spec_count, sizeof(*results));
	int r;

	*kprobes = (struct vs_kprobes){ .fs = { .root = -1, .instance = -1, .on = -1, .profile = -1, .poll = -1 } };
	kprobes->record = record;
	kprobes->record_data = data;
	kprobes->page_shift = (uint32_t)__builtin_ctzl((unsigned long)sysconf(_SC_PAGESIZE));
	*ret_results = results;
	*ret_n = vs_kprobe_spec_count;
	if (!vs_kprobes_plan(btf, results))
		return btf->vmlinux ? vs_xstrdup("this kernel has none of the functions that are traced") :
				      vs_xstrdup("without BTF nobody knows where arguments point");
	r = vs_kprobes_open(kprobes, n_cpus, kib);
	if (r) {
		for (size_t i = 0; i < vs_kprobe_spec_count; i++)
			if (results[i].wanted) {
				results[i].state = VASCOPE__V1__PROBE_STATE__PROBE_STATE_DENIED;
				results[i].reason = vs_xstrdup(strerror(-r));
			}
		return vs_xprintf("tracefs cannot be used: %s", strerror(-r));
	}
	kprobes->n_events = vs_kprobe_spec_count;
	kprobes->events = vs_xcalloc(kprobes->n_events, sizeof(*kprobes->events));
	kprobes->by_type = vs_xcalloc(VS_KPROBE_TYPES, sizeof(*kprobes->by_type));
	kprobes->queues = vs_xcalloc(n_cpus, sizeof(*kprobes->queues));
	kprobes->tasks = vs_kprobe_tasks_make();
	kprobes->page = vs_xrealloc(NULL, kprobes->fs.subbuf, 1);
	kprobes->lost_before = vs_xcalloc(n_cpus, sizeof(*kprobes->lost_before));
	kprobes->missed_before = vs_xcalloc(kprobes->n_events, sizeof(*kprobes->missed_before));
	return vs_kprobes_attach(kprobes, btf, results) ? NULL : vs_xstrdup("tracefs took none of the events");
}

void vs_kprobes_destroy(struct vs_kprobes *kprobes)
{
	for (unsigned int cpu = 0; kprobes->queues && cpu < kprobes->fs.n_cpus; cpu++)
		free(kprobes->queues[cpu].bytes);
	vs_tracefs_close(&kprobes->fs);
	vs_keeper_stop(&kprobes->keeper);
	free(kprobes->events);
	free(kprobes->by_type);
	free(kprobes->queues);
	free(kprobes->tasks);
	free(kprobes->page);
	free(kprobes->told);
	free(kprobes->lost_before);
	free(kprobes->missed_before);
	*kprobes = (struct vs_kprobes){ .fs = { .root = -1, .instance = -1, .on = -1, .profile = -1, .poll = -1 } };
}

void vs_kprobes_start(struct vs_kprobes *kprobes)
{
	_vs_free_ char *profile = vs_tracefs_profile(&kprobes->fs);

	for (size_t i = 0; i < kprobes->n_events; i++)
		kprobes->missed_before[i] = vs_tracefs_missed(profile, vs_kprobe_specs[i].probe.program);
	for (unsigned int cpu = 0; cpu < kprobes->fs.n_cpus; cpu++)
		kprobes->lost_before[cpu] = vs_tracefs_lost(&kprobes->fs, cpu);
	vs_tracefs_on(&kprobes->fs, true);
}

void vs_kprobes_stop(struct vs_kprobes *kprobes)
{
	vs_tracefs_on(&kprobes->fs, false);
}

static void vs_kprobe_enqueue(void *data, uint64_t time_ns, const uint8_t *record, size_t size)
{
	struct vs_kprobe_queue *queue = data;
	struct vs_queued_event head = { time_ns, size };
	size_t need = sizeof(head) + ((size + 7) & ~(size_t)7);

	/* One that is never empty would otherwise grow by all that comes. */
	if (queue->end + need > queue->room && queue->head) {
		memmove(queue->bytes, queue->bytes + queue->head, queue->end - queue->head);
		queue->end -= queue->head;
		queue->head = 0;
	}
	if (queue->end + need > queue->room) {
		queue->room = queue->room * 2 + need + 65536;
		queue->bytes = vs_xrealloc(queue->bytes, queue->room, 1);
	}
	memcpy(queue->bytes + queue->end, &head, sizeof(head));
	memcpy(queue->bytes + queue->end + sizeof(head), record, size);
	queue->end += need;
	queue->last_ns = time_ns;
}

static void vs_kprobe_read(struct vs_kprobes *kprobes, unsigned int cpu)
{
	struct vs_kprobe_queue *queue = &kprobes->queues[cpu];

	queue->more = true;
	for (int i = 0; i < VS_KPROBE_PAGES; i++) {
		size_t size = vs_tracefs_take(&kprobes->fs, cpu, kprobes->page);

		if (!size) {
			queue->more = false;
			return;
		}
		if (!vs_tracefs_parse(kprobes->page, size, vs_kprobe_enqueue, queue))
			fprintf(stderr, "vascoped: a page of CPU %u's trace buffer cannot be understood\n", cpu);
	}
}

/* The queue whose first event is the oldest, NULL when there is none before until. */
static struct vs_kprobe_queue *vs_kprobe_oldest(struct vs_kprobes *kprobes, uint64_t until, struct vs_queued_event *ret)
{
	struct vs_kprobe_queue *oldest = NULL;

	for (unsigned int cpu = 0; cpu < kprobes->fs.n_cpus; cpu++) {
		struct vs_kprobe_queue *queue = &kprobes->queues[cpu];
		struct vs_queued_event event;

		if (queue->head == queue->end)
			continue;
		memcpy(&event, queue->bytes + queue->head, sizeof(event));
		if (event.time_ns <= until && (!oldest || event.time_ns < ret->time_ns)) {
			oldest = queue;
			*ret = event;
		}
	}
	return oldest;
}

bool vs_kprobes_consume(struct vs_kprobes *kprobes, bool all)
{
	/* From before the first read: a CPU that was read may have newer ones by now, and one read after it gives those. */
	uint64_t until = vs_now_ns() - (all ? 0 : VS_KPROBE_LATE_NS);
	struct vs_kprobe_queue *queue;
	struct vs_queued_event event;
	bool more = false;

	for (unsigned int cpu = 0; cpu < kprobes->fs.n_cpus; cpu++) {
		vs_kprobe_read(kprobes, cpu);
		/* What this CPU has not given yet may be older than what another one gives. */
		if (kprobes->queues[cpu].more && kprobes->queues[cpu].last_ns < until)
			until = kprobes->queues[cpu].last_ns;
		more = more || kprobes->queues[cpu].more;
	}
	while ((queue = vs_kprobe_oldest(kprobes, until, &event))) {
		const uint8_t *record = queue->bytes + queue->head + sizeof(event);

		queue->head += sizeof(event) + ((event.size + 7) & ~(uint64_t)7);
		vs_kprobes_event(kprobes, event.time_ns, record, event.size);
	}
	return more;
}

static void vs_kprobes_count_missed(const struct vs_kprobes *kprobes, struct vs_counter *counters)
{
	_vs_free_ char *profile = vs_tracefs_profile(&kprobes->fs);

	for (size_t i = 0; profile && i < kprobes->n_events; i++) {
		const struct vs_probe *probe = &vs_kprobe_specs[i].probe;
		uint64_t missed = vs_tracefs_missed(profile, probe->program) - kprobes->missed_before[i];

		/* One without an event of its own only costs a reason or a duration. */
		if (!probe->kinds[0])
			continue;
		counters[probe->kinds[0]].produced += missed;
		counters[probe->kinds[0]].dropped += missed;
	}
}

void vs_kprobes_count(const struct vs_kprobes *kprobes, struct vs_counter *counters, uint64_t *cpu_dropped)
{
	for (unsigned int kind = 0; kind < VS_RECORD_KINDS; kind++)
		counters[kind] = (struct vs_counter){ .produced = kprobes->seen[kind] };
	for (unsigned int cpu = 0; cpu < kprobes->fs.n_cpus; cpu++) {
		cpu_dropped[cpu] = vs_tracefs_lost(&kprobes->fs, cpu) - kprobes->lost_before[cpu];
		counters[0].dropped += cpu_dropped[cpu];
	}
	counters[0].produced = counters[0].dropped;
	vs_kprobes_count_missed(kprobes, counters);
}

static void vs_kprobes_consume_all(struct vs_kprobes *kprobes)
{
	/* Bounded: others' events may come faster than they are taken. */
	for (int i = 0; i < 64 && vs_kprobes_consume(kprobes, true); i++)
		;
}

int vs_kprobes_walk(struct vs_kprobes *kprobes, int gem)
{
	char text[4096];
	int r = 0;

	/* Unseen first, as in tracer.c: the second list then comes once. The buffers have no room for more. */
	for (int i = 0; i < 2 && !r; i++) {
		kprobes->walking = i == 1;
		if (pread(gem, text, sizeof(text), 0) < 0)
			r = -errno;
		vs_kprobes_consume_all(kprobes);
	}
	kprobes->walking = false;
	return r;
}
