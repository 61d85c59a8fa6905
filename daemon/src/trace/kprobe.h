/* SPDX-License-Identifier: MIT */
/*
 * The level below BPF: dynamic events of tracefs at the same functions, in an instance of our own, read in binary and turned
 * into the same records. What programs keep in the kernel (when a call began, what a task is in the middle of) is kept here,
 * by task, so events are taken in the order of their time over all CPUs.
 *
 * Kprobes and not fprobes: those cost less when hit, but on a kernel of Debian's size each takes several times as long to
 * define and to switch on, and they do not say which module is meant.
 */
#ifndef VS_TRACE_KPROBE_H
#define VS_TRACE_KPROBE_H

#include "trace/kprobe_table.h"
#include "trace/tracefs.h"
#include "trace/tracefs_keeper.h"

/* As struct vs_tracer has it (tracer.h). */
typedef void (*vs_kprobe_record_fn)(void *data, const struct vs_event *record, size_t size);

struct vs_kprobe_event;
struct vs_kprobe_task;
/* Events of one CPU that were read and wait for those of the others: a head each, then the record, kept to 8 bytes. */
struct vs_kprobe_queue {
	uint8_t *bytes;
	size_t head;
	size_t end;
	size_t room;
	uint64_t last_ns; /* time of the last one read */
	bool more;        /* its buffer was not read empty */
};

struct vs_kprobes {
	struct vs_tracefs fs;
	struct vs_keeper keeper;
	struct vs_kprobe_event *events;
	size_t n_events;
	uint16_t *by_type; /* common_type: index into events + 1 */
	struct vs_kprobe_queue *queues; /* per CPU */
	struct vs_kprobe_task *tasks;
	uint8_t *page;
	uint64_t *lost_before; /* per CPU, when tracing began */
	uint64_t *missed_before; /* per event, when tracing began */
	uint64_t seen[VS_RECORD_KINDS];
	bool walking; /* records of a walk are wanted */
	uint64_t *told; /* VMs in this walk, and then what is the last BO's */
	size_t n_told, told_vms, told_room;
	uint32_t page_shift;
	vs_kprobe_record_fn record;
	void *record_data;
};

/*
 * Defines and enables what this kernel has; nothing is recorded until vs_kprobes_start(). *ret_results is what became of
 * each, to be freed with vs_probes_free(). kib: of each CPU's buffer, 0 for the usual. NULL, or why nothing works, the caller's.
 */
char *vs_kprobes_setup(struct vs_kprobes *kprobes, struct vs_btf *btf, unsigned int n_cpus, unsigned int kib,
		       vs_kprobe_record_fn record, void *data, struct vs_probe_result **ret_results, size_t *ret_n);
/* Removes everything, waiting until it is gone. */
void vs_kprobes_destroy(struct vs_kprobes *kprobes);

void vs_kprobes_start(struct vs_kprobes *kprobes);
void vs_kprobes_stop(struct vs_kprobes *kprobes);
/*
 * Gives records to the record function, in the order of their time over all CPUs: up to a moment ago, or all of before this
 * call. True: more may wait.
 */
bool vs_kprobes_consume(struct vs_kprobes *kprobes, bool all);
/*
 * Makes the kernel list its objects, by reading "gem", and gives the records of a walk. They have of each BO what can be
 * reached in a fixed number of steps: its first two VMs and the first mappings there. 0 or -errno.
 */
int vs_kprobes_walk(struct vs_kprobes *kprobes, int gem);
/*
 * What a buffer had no room for is of kind 0 in counters: the kernel does not count it by kind. What a probe missed is of its
 * kind, and of no CPU. cpu_dropped has an entry per CPU.
 */
void vs_kprobes_count(const struct vs_kprobes *kprobes, struct vs_counter *counters, uint64_t *cpu_dropped);

/* Turns one binary event into what its record function gets; for tests, too. */
void vs_kprobes_event(struct vs_kprobes *kprobes, uint64_t time_ns, const uint8_t *record, size_t size);

#endif
