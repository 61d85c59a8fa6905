/* SPDX-License-Identifier: MIT */
#include "trace/tracer.h"

#include <errno.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "trace/debugfs.h"
#include "trace/kprobe.h"
#include "util.h"
#include "vascope.skel.h"

/* A board that refuses more programs than this one by one has another problem. */
#define VS_LOAD_ATTEMPTS 8
/* Of --buffers, for each slot. They are a little larger. */
#define VS_SLOT_BYTES 128

static const struct vs_probe_table *const tables[] = { &vs_probes_generic, &vs_probes_msm };

/*
 * libbpf tells which program the kernel refused, and why, only through its log. Kept here because its callback has
 * no context argument. VASCOPED_DEBUG in the environment shows all of the log on stderr, the verifier's too.
 */
static struct {
	char program[64];
	char text[256];
} refused;

static int vs_libbpf_log(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[256];
	va_list again;
	char *quote;

	if (level == LIBBPF_DEBUG)
		return 0;
	va_copy(again, args);
	vsnprintf(line, sizeof(line), format, args);
	if (getenv("VASCOPED_DEBUG"))
		vfprintf(stderr, format, again);
	va_end(again);
	line[strcspn(line, "\n")] = 0;
	if (sscanf(line, "libbpf: prog '%63[^']'", refused.program) == 1 && (quote = strstr(line, "': ")))
		snprintf(refused.text, sizeof(refused.text), "%s", quote + 3);
	return 0;
}

static struct vs_probe_result *vs_tracer_result(struct vs_tracer *tracer, const char *program)
{
	for (size_t i = 0; i < tracer->n_results; i++)
		if (!strcmp(tracer->results[i].probe->program, program))
			return &tracer->results[i];
	return NULL;
}

static void vs_result_refuse(struct vs_probe_result *result, const char *reason)
{
	free(result->reason);
	result->wanted = false;
	result->state = VASCOPE__V1__PROBE_STATE__PROBE_STATE_DENIED;
	result->reason = vs_xstrdup(reason);
}

/*
 * Tells the kernel what a program attaches to, instead of libbpf (1.1), which for every program compares the names of all
 * types of the kernel once per loaded module: 20 s on the virtual board. We know the module and look there only.
 */
static int vs_program_target(struct bpf_program *program, struct bpf_prog_load_opts *options, long cookie)
{
	struct vs_tracer *tracer = (struct vs_tracer *)cookie;
	const struct vs_probe *probe = vs_tracer_result(tracer, bpf_program__name(program))->probe;
	int fd, id;

	id = probe->how == VS_HOW_TRACEPOINT ? vs_btf_tracepoint(tracer->btf, probe->module, probe->symbol, &fd) :
					       vs_btf_function(tracer->btf, probe->module, probe->symbol, &fd);
	if (id < 0)
		return id;
	options->attach_btf_id = (uint32_t)id;
	options->attach_btf_obj_fd = (uint32_t)fd;
	return 0;
}

static const struct {
	const char *section;
	enum bpf_attach_type type;
} sections[] = {
	{ "fentry+", BPF_TRACE_FENTRY },
	{ "fexit+", BPF_TRACE_FEXIT },
	{ "tp_btf+", BPF_TRACE_RAW_TP },
};

static void vs_sections_register(struct vs_tracer *tracer, int *ret_ids)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, options, .cookie = (long)tracer,
		    .prog_prepare_load_fn = vs_program_target);

	for (size_t i = 0; i < VS_ARRAY_SIZE(sections); i++)
		ret_ids[i] = libbpf_register_prog_handler(sections[i].section, BPF_PROG_TYPE_TRACING, sections[i].type,
							  &options);
}

static void vs_sections_unregister(const int *ids)
{
	for (size_t i = 0; i < VS_ARRAY_SIZE(sections); i++)
		if (ids[i] >= 0)
			libbpf_unregister_prog_handler(ids[i]);
}

/* A power of two: --buffers is one, and so is the room for a record in it. */
static uint32_t vs_ring_slots(const struct vs_tracer *tracer)
{
	return tracer->buffers_kib ? (tracer->buffers_kib << 10) / VS_SLOT_BYTES : VS_RING_SLOTS;
}

/* Opens the object and chooses what to load of it. */
static struct vascope_bpf *vs_tracer_open(struct vs_tracer *tracer)
{
	struct vascope_bpf *skeleton = vascope_bpf__open();
	struct bpf_program *program;

	if (!skeleton)
		return NULL;
	bpf_object__for_each_program(program, skeleton->obj) {
		struct vs_probe_result *result = vs_tracer_result(tracer, bpf_program__name(program));

		bpf_program__set_autoload(program, result && result->wanted);
	}
	skeleton->rodata->ring_slots = vs_ring_slots(tracer);
	bpf_map__set_max_entries(skeleton->maps.ring, vs_ring_slots(tracer));
	return skeleton;
}

/* Loads; a program that the kernel refuses is left out, and the rest tried again. */
static int vs_tracer_load(struct vs_tracer *tracer)
{
	int r = -EINVAL;

	for (int attempt = 0; attempt < VS_LOAD_ATTEMPTS; attempt++) {
		struct vascope_bpf *skeleton = vs_tracer_open(tracer);
		struct vs_probe_result *result;

		if (!skeleton)
			return -errno;
		refused.program[0] = 0;
		r = vascope_bpf__load(skeleton);
		if (!r) {
			tracer->skeleton = skeleton;
			return 0;
		}
		vascope_bpf__destroy(skeleton);
		result = vs_tracer_result(tracer, refused.program);
		/* Without privilege every program is refused: there is nothing to learn from the next one. */
		if (!result || !result->wanted || r == -EPERM)
			return r;
		vs_result_refuse(result, refused.text);
	}
	return r;
}

static struct bpf_link *vs_program_attach(struct bpf_program *program, enum vs_how how)
{
	return how == VS_HOW_KPROBE || how == VS_HOW_KRETPROBE ? bpf_program__attach(program) :
								  bpf_program__attach_trace(program);
}

static size_t vs_tracer_attach(struct vs_tracer *tracer)
{
	size_t attached = 0;

	for (size_t i = 0; i < tracer->n_results; i++) {
		struct vs_probe_result *result = &tracer->results[i];
		struct bpf_program *program;

		if (!result->wanted)
			continue;
		program = bpf_object__find_program_by_name(tracer->skeleton->obj, result->probe->program);
		tracer->links[i] = vs_program_attach(program, result->probe->how);
		if (tracer->links[i])
			attached++;
		else
			vs_result_refuse(result, strerror(errno));
	}
	return attached;
}

static void vs_tracer_refuse_all(struct vs_tracer *tracer, const char *reason)
{
	for (size_t i = 0; i < tracer->n_results; i++)
		if (tracer->results[i].wanted)
			vs_result_refuse(&tracer->results[i], reason);
}

static void vs_tracer_setup_bpf(struct vs_tracer *tracer)
{
	int handlers[VS_ARRAY_SIZE(sections)];
	struct vs_btf *btf = tracer->btf;
	bool any = false;
	int r;

	for (size_t i = 0; i < tracer->n_results; i++)
		any = any || tracer->results[i].wanted;
	if (!btf->vmlinux) {
		tracer->problem = vs_xprintf("the kernel's BTF cannot be read: %s", strerror(-btf->error));
		return;
	}
	if (!any) {
		tracer->problem = vs_xstrdup("this kernel has none of the functions that are traced");
		return;
	}
	libbpf_set_print(vs_libbpf_log);
	vs_sections_register(tracer, handlers);
	r = vs_tracer_load(tracer);
	vs_sections_unregister(handlers);
	if (r) {
		tracer->problem = vs_xprintf("the kernel refused the tracer's programs: %s%s%s", strerror(-r),
					     refused.program[0] ? ", first " : "", refused.program);
		vs_tracer_refuse_all(tracer, strerror(-r));
		return;
	}
	if (!vs_tracer_attach(tracer)) {
		tracer->problem = vs_xstrdup("no program could be attached");
		return;
	}
	r = vs_ring_open(&tracer->ring, bpf_map__fd(tracer->skeleton->maps.ring), vs_ring_slots(tracer),
			 (volatile uint64_t *)&tracer->skeleton->bss->ring_tail);
	if (r)
		tracer->problem = vs_xprintf("the ring cannot be mapped: %s", strerror(-r));
}

/* Takes back what a level that does not work has left, but for its problem. */
static void vs_tracer_clear(struct vs_tracer *tracer)
{
	vs_ring_close(&tracer->ring);
	for (size_t i = 0; i < tracer->n_results; i++)
		bpf_link__destroy(tracer->links[i]);
	free(tracer->links);
	vascope_bpf__destroy(tracer->skeleton);
	if (tracer->kprobes)
		vs_kprobes_destroy(tracer->kprobes);
	free(tracer->kprobes);
	vs_probes_free(tracer->results, tracer->n_results);
	free(tracer->missed_before);
	tracer->links = NULL;
	tracer->skeleton = NULL;
	tracer->kprobes = NULL;
	tracer->results = NULL;
	tracer->n_results = 0;
	tracer->missed_before = NULL;
}

static void vs_tracer_plan(struct vs_tracer *tracer)
{
	tracer->n_results = vs_probes_plan(tracer->btf, tables, VS_ARRAY_SIZE(tables), &tracer->results);
	tracer->links = vs_xcalloc(tracer->n_results, sizeof(*tracer->links));
	tracer->missed_before = vs_xcalloc(tracer->n_results, sizeof(*tracer->missed_before));
}

static void vs_tracer_setup_kprobes(struct vs_tracer *tracer)
{
	tracer->level = VS_LEVEL_KPROBES;
	tracer->kprobes = vs_xcalloc(1, sizeof(*tracer->kprobes));
	tracer->problem = vs_kprobes_setup(tracer->kprobes, tracer->btf, tracer->n_cpus, tracer->buffers_kib, tracer->record,
					   tracer->record_data, &tracer->results, &tracer->n_results);
	tracer->links = vs_xcalloc(tracer->n_results, sizeof(*tracer->links));
	tracer->missed_before = vs_xcalloc(tracer->n_results, sizeof(*tracer->missed_before));
}

/* No events at all. The reason says why; the probes are those that would give more. */
static void vs_tracer_setup_without(struct vs_tracer *tracer, enum vs_level level, char *reason)
{
	vs_tracer_plan(tracer);
	vs_tracer_refuse_all(tracer, reason);
	tracer->level = level;
	tracer->level_reason = reason;
	if (level == VS_LEVEL_DEBUGFS && tracer->walk_fd < 0)
		tracer->problem = vs_xstrdup("msm's debugfs file gem cannot be read");
}

/* The next level that works. When none does, the first problem is the one to tell. */
static void vs_tracer_fall_back(struct vs_tracer *tracer)
{
	_vs_free_ char *second = NULL;
	char *first = tracer->problem;

	tracer->problem = NULL;
	vs_tracer_clear(tracer);
	vs_tracer_setup_kprobes(tracer);
	if (!tracer->problem) {
		tracer->level_reason = vs_xprintf("no BPF: %s", first);
		free(first);
		return;
	}
	second = tracer->problem;
	tracer->problem = NULL;
	vs_tracer_clear(tracer);
	if (tracer->walk_fd >= 0) {
		vs_tracer_setup_without(tracer, VS_LEVEL_DEBUGFS, vs_xprintf("no BPF: %s; no kprobe events: %s", first, second));
		free(first);
		return;
	}
	vs_tracer_plan(tracer);
	tracer->level = VS_LEVEL_BPF;
	tracer->problem = first;
	vs_tracer_refuse_all(tracer, first);
}

void vs_tracer_setup(struct vs_tracer *tracer, const struct vs_options *options, struct vs_btf *btf, int walk_fd,
		     vs_record_fn record, void *data)
{
	enum vs_level wanted = options->level;

	*tracer = (struct vs_tracer){ .btf = btf, .walk_fd = walk_fd, .record = record, .record_data = data };
	tracer->n_cpus = (unsigned int)libbpf_num_possible_cpus();
	tracer->buffers_kib = options->buffers_kib;
	if (wanted == VS_LEVEL_KPROBES) {
		tracer->level_reason = vs_xstrdup("the desktop asked for kprobe events");
		vs_tracer_setup_kprobes(tracer);
	} else if (wanted == VS_LEVEL_DEBUGFS) {
		vs_tracer_setup_without(tracer, VS_LEVEL_DEBUGFS, vs_xstrdup("the desktop asked for debugfs"));
	} else if (wanted == VS_LEVEL_NONE) {
		vs_tracer_setup_without(tracer, VS_LEVEL_NONE, vs_xstrdup("tracing is off, as the desktop asked for"));
	} else {
		tracer->level = VS_LEVEL_BPF;
		vs_tracer_plan(tracer);
		vs_tracer_setup_bpf(tracer);
		if (tracer->problem && wanted == VS_LEVEL_AUTO)
			vs_tracer_fall_back(tracer);
	}
	tracer->btf = NULL;
}

void vs_tracer_destroy(struct vs_tracer *tracer)
{
	vs_tracer_clear(tracer);
	free(tracer->problem);
	free(tracer->level_reason);
	*tracer = (struct vs_tracer){ .walk_fd = -1 };
}

bool vs_tracer_works(const struct vs_tracer *tracer)
{
	return !tracer->problem;
}

bool vs_tracer_walks(const struct vs_tracer *tracer)
{
	bool walks = tracer->walk_fd >= 0 && vs_tracer_works(tracer) && tracer->level == VS_LEVEL_BPF;

	if (tracer->level == VS_LEVEL_DEBUGFS)
		return vs_tracer_works(tracer);
	if (tracer->level == VS_LEVEL_KPROBES)
		return tracer->walk_fd >= 0 && vs_tracer_works(tracer);
	for (size_t i = 0; i < tracer->n_results; i++)
		if (!tracer->results[i].probe->kinds[0] && !tracer->links[i])
			walks = false;
	return walks;
}

/*
 * Calls that a program missed because it was running on that CPU already: a preempted task or an interrupt came
 * to the same function. Such an event is lost before it is counted by the program itself.
 */
static uint64_t vs_tracer_missed(const struct vs_tracer *tracer, size_t i)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	const struct bpf_program *program;

	if (!tracer->links[i])
		return 0;
	program = bpf_object__find_program_by_name(tracer->skeleton->obj, tracer->results[i].probe->program);
	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
		return 0;
	return info.recursion_misses;
}

void vs_tracer_start(struct vs_tracer *tracer)
{
	for (size_t i = 0; i < tracer->n_results; i++)
		tracer->missed_before[i] = vs_tracer_missed(tracer, i);
	if (tracer->kprobes)
		vs_kprobes_start(tracer->kprobes);
	if (!tracer->skeleton)
		return;
	tracer->skeleton->bss->page_shift = (uint32_t)__builtin_ctzl((unsigned long)sysconf(_SC_PAGESIZE));
	__atomic_store_n(&tracer->skeleton->bss->tracing, 1, __ATOMIC_RELEASE);
}

void vs_tracer_stop(struct vs_tracer *tracer)
{
	if (tracer->kprobes)
		vs_kprobes_stop(tracer->kprobes);
	if (tracer->skeleton)
		__atomic_store_n(&tracer->skeleton->bss->tracing, 0, __ATOMIC_RELEASE);
}

bool vs_tracer_consume(struct vs_tracer *tracer)
{
	if (tracer->kprobes)
		return vs_kprobes_consume(tracer->kprobes, false);
	return tracer->ring.slot && vs_ring_take(&tracer->ring, VS_CONSUME_MOST, tracer->record, tracer->record_data);
}

void vs_tracer_consume_all(struct vs_tracer *tracer)
{
	size_t n = 0;

	/* Bounded as below, by what the buffers can hold: at most 64 sub-buffers are taken at a time. */
	if (tracer->kprobes) {
		while (n++ < 64 && vs_kprobes_consume(tracer->kprobes, true))
			;
		return;
	}
	while (n < tracer->ring.n_slots && vs_tracer_consume(tracer))
		n += VS_CONSUME_MOST;
}

int vs_tracer_fd(const struct vs_tracer *tracer)
{
	return tracer->kprobes ? tracer->kprobes->fs.poll : -1;
}

/* Makes the kernel write its list: the first read of a seq_file makes all of the text, however little is read of it. */
static int vs_tracer_list(const struct vs_tracer *tracer)
{
	char text[4096];

	return pread(tracer->walk_fd, text, sizeof(text), 0) < 0 ? -errno : 0;
}

static void vs_tracer_listed(void *data, const struct vs_event *record, size_t size)
{
	struct vs_tracer *tracer = data;

	tracer->listed[record->kind]++;
	tracer->record(tracer->record_data, record, size);
}

int vs_tracer_walk(struct vs_tracer *tracer)
{
	volatile uint32_t *walk_pid;
	int r;

	if (!vs_tracer_walks(tracer))
		return -ENODEV;
	if (tracer->level == VS_LEVEL_DEBUGFS)
		return vs_debugfs_walk(tracer->walk_fd, vs_tracer_listed, tracer);
	if (tracer->kprobes)
		return vs_kprobes_walk(tracer->kprobes, tracer->walk_fd);
	/*
	 * Unseen first: a seq_file begins with one page, and for each doubling lists everything again
	 * (seq_read_iter, fs/seq_file.c, Linux 7.3.4). The ring has no room for that many lists, and nothing
	 * is taken from it meanwhile. The file keeps its buffer, so that the second list comes once.
	 */
	r = vs_tracer_list(tracer);
	if (r)
		return r;
	walk_pid = &tracer->skeleton->bss->walk_pid;
	__atomic_store_n(walk_pid, (uint32_t)getpid(), __ATOMIC_RELEASE);
	r = vs_tracer_list(tracer);
	__atomic_store_n(walk_pid, 0, __ATOMIC_RELEASE);
	return r;
}

void vs_tracer_count(const struct vs_tracer *tracer, struct vs_tracer_counts *counts)
{
	_vs_free_ struct vs_counter *per_cpu = vs_xcalloc(tracer->n_cpus, sizeof(*per_cpu));

	memset(counts->kinds, 0, sizeof(counts->kinds));
	memset(counts->cpu_dropped, 0, tracer->n_cpus * sizeof(*counts->cpu_dropped));
	if (tracer->kprobes)
		vs_kprobes_count(tracer->kprobes, counts->kinds, counts->cpu_dropped);
	for (uint32_t kind = 0; kind < VS_RECORD_KINDS; kind++)
		counts->kinds[kind].produced += tracer->listed[kind];
	if (!tracer->skeleton)
		return;
	for (uint32_t kind = 0; kind < VS_RECORD_KINDS; kind++) {
		if (bpf_map_lookup_elem(bpf_map__fd(tracer->skeleton->maps.counters), &kind, per_cpu))
			continue;
		for (unsigned int cpu = 0; cpu < tracer->n_cpus; cpu++) {
			counts->kinds[kind].produced += per_cpu[cpu].produced;
			counts->kinds[kind].dropped += per_cpu[cpu].dropped;
			if (kind < VS_KIND_COUNT)
				counts->cpu_dropped[cpu] += per_cpu[cpu].dropped;
		}
	}
	for (size_t i = 0; i < tracer->n_results; i++) {
		const struct vs_probe *probe = tracer->results[i].probe;
		uint64_t missed;

		if (probe->measures_only || !probe->kinds[0])
			continue;
		missed = vs_tracer_missed(tracer, i) - tracer->missed_before[i];
		counts->kinds[probe->kinds[0]].produced += missed;
		counts->kinds[probe->kinds[0]].dropped += missed;
	}
}
