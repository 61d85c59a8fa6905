/* SPDX-License-Identifier: MIT */
/*
 * The BPF side as the daemon sees it: loaded and attached once, while privileged and before any input is read;
 * then silent until vs_tracer_start(). Afterwards only descriptors and mapped memory are used, so it
 * works without privileges, and nothing new can be loaded.
 *
 * Thread: one; the ring has one consumer.
 */
#ifndef VS_TRACE_TRACER_H
#define VS_TRACE_TRACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/btf.h"
#include "trace/event.h"
#include "trace/level.h"
#include "trace/probes.h"
#include "trace/ring.h"

#define VS_CONSUME_MOST 16384

struct vascope_bpf;
struct bpf_link;
struct vs_kprobes;

/* record: struct vs_event, with the text behind it where size says so. */
typedef void (*vs_record_fn)(void *data, const struct vs_event *record, size_t size);

struct vs_tracer {
	enum vs_level level;
	unsigned int buffers_kib; /* of struct vs_options */
	char *level_reason; /* why not the level above, NULL at the highest */
	struct vascope_bpf *skeleton; /* NULL: nothing is loaded */
	struct vs_kprobes *kprobes;   /* at that level, instead */
	struct vs_ring ring;
	struct vs_btf *btf; /* during set-up */
	struct bpf_link **links; /* one per result, NULL where not attached */
	struct vs_probe_result *results;
	size_t n_results;
	char *problem; /* why nothing can be traced, NULL when something can */
	int walk_fd;   /* msm's debugfs file "gem", or -1 */
	unsigned int n_cpus;
	uint64_t *missed_before; /* per result, when tracing began */
	vs_record_fn record;
	void *record_data;
	uint64_t listed[VS_RECORD_KINDS]; /* records of walks that no program made */
};

/* Totals since tracing began, by kind; produced = what the probes saw, dropped of it for want of room. */
struct vs_tracer_counts {
	struct vs_counter kinds[VS_RECORD_KINDS];
	uint64_t *cpu_dropped; /* n_cpus, owned by the caller */
};

/*
 * Loads and attaches everything that this kernel has, at the level that is wanted. Never fails as a whole: what is missing is
 * in the results and, when nothing works, in problem. walk_fd is borrowed.
 */
void vs_tracer_setup(struct vs_tracer *tracer, const struct vs_options *options, struct vs_btf *btf, int walk_fd,
		     vs_record_fn record, void *data);
void vs_tracer_destroy(struct vs_tracer *tracer);

bool vs_tracer_works(const struct vs_tracer *tracer);
/* True when a walk can be made. */
bool vs_tracer_walks(const struct vs_tracer *tracer);

void vs_tracer_start(struct vs_tracer *tracer);
void vs_tracer_stop(struct vs_tracer *tracer);
/*
 * Gives waiting records to the record function, VS_CONSUME_MOST at most, so that it returns however fast new ones
 * come. True: more may wait.
 */
bool vs_tracer_consume(struct vs_tracer *tracer);
/* Gives all records that wait now to the record function: ends when as many were taken as the ring can hold. */
void vs_tracer_consume_all(struct vs_tracer *tracer);
/* Readable when much waits, with kprobe events; -1 where the daemon looks by itself often enough. */
int vs_tracer_fd(const struct vs_tracer *tracer);

/* Makes the kernel list its objects; the records come with the next consume. 0 or -errno. */
int vs_tracer_walk(struct vs_tracer *tracer);

void vs_tracer_count(const struct vs_tracer *tracer, struct vs_tracer_counts *counts);

#endif
