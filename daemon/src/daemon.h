/* SPDX-License-Identifier: MIT */
/*
 * The daemon after set-up: one process, one thread, one loop. It reads Commands from stdin, events from the ring
 * buffer and status from the scenario runner, and writes Frames to stdout.
 */
#ifndef VS_DAEMON_H
#define VS_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "board/capabilities.h"
#include "priv/runner_process.h"
#include "trace/snapshot.h"
#include "trace/tracer.h"
#include "wire/batch.h"
#include "wire/frame.h"
#include "wire/queue.h"

#define VS_HELLO_MAGIC 0x50435356u /* "VSCP" */
#define VS_PROTOCOL_MAJOR 1
#define VS_PROTOCOL_MINOR 0

/* How long to keep writing to a desktop that takes nothing, once the end has come. */
#define VS_END_PATIENCE_NS (5 * VS_NS_PER_S)

enum vs_state {
	VS_STATE_GREETING, /* no Hello yet */
	VS_STATE_READY,
	VS_STATE_TRACING,
	VS_STATE_ENDING, /* Goodbye is queued or about to be; no more commands */
};

struct vs_daemon {
	enum vs_state state;
	int in;
	int out;
	int signals; /* signalfd */
	uint32_t page_size;
	struct vs_reader reader;
	struct vs_queue queue;
	struct vs_tracer *tracer; /* borrowed, like the two below */
	struct vs_runner_process *runner;
	const struct vs_capabilities *capabilities;

	struct vs_resolver resolver;
	struct vs_batch batch[VS_CLASS_COUNT];
	struct vs_announcements announcements;
	struct vs_snapshot snapshot;
	uint32_t snapshot_period_ms;
	uint64_t next_snapshot_ns;
	bool snapshot_skipped; /* the last one, which was told */
	bool muted[VS_KIND_COUNT];

	uint64_t next_heartbeat_ns;
	uint64_t next_look_ns; /* at the ring */
	uint64_t counted_ns;   /* when losses were last counted */
	uint64_t end_by_ns;    /* give up writing at this time, unless something is taken before */
	Vascope__V1__GoodbyeReason end_reason;
	char end_text[512];
	bool goodbye_queued;
	uint64_t stop_by_ns; /* Stop came while a scenario ran: it is cancelled, and given until then */
	struct vs_tracer_counts counts; /* as of the last time */
	uint64_t seen[VS_RECORD_KINDS]; /* records taken from the ring */
	uint64_t gaps_told;

	uint32_t run_id; /* of the scenario that runs */
	char run_scenario[64];
	bool running;
};

void vs_daemon_init(struct vs_daemon *daemon, struct vs_tracer *tracer, struct vs_runner_process *runner,
		    const struct vs_capabilities *capabilities);
void vs_daemon_destroy(struct vs_daemon *daemon);

/* The record function of the tracer; data is the daemon. */
void vs_daemon_record(void *data, const struct vs_event *record, size_t size);

/* Runs until the end was written, or cannot be. 0, or -errno when stdout broke. */
int vs_daemon_run(struct vs_daemon *daemon);

/* Below: what the daemon says, daemon_out.c. */

__attribute__((format(printf, 3, 4))) void vs_daemon_log(struct vs_daemon *daemon, Vascope__V1__LogLevel level,
							 const char *format, ...);
void vs_daemon_hello(struct vs_daemon *daemon);
void vs_daemon_heartbeat(struct vs_daemon *daemon);
/* Ends everything: what is queued goes out, then Goodbye. text: what happened and what to do. */
__attribute__((format(printf, 3, 4))) void vs_daemon_end(struct vs_daemon *daemon, Vascope__V1__GoodbyeReason reason,
							 const char *format, ...);
/* Queues the Goodbye; once, when the queue has run empty. */
void vs_daemon_goodbye(struct vs_daemon *daemon);
/* Closes the open batches. */
void vs_daemon_flush(struct vs_daemon *daemon);
/* Takes some of what waits in the ring and closes the batches. True: more may wait. */
bool vs_daemon_look(struct vs_daemon *daemon);
/* Takes what waits in the ring and closes the batches: everything up to now is in the queue. */
void vs_daemon_drain(struct vs_daemon *daemon);
/* Reads the counters and notes what was lost since the last time. */
void vs_daemon_count(struct vs_daemon *daemon);
/* Walks the kernel's lists and queues the snapshot; not while the queue has no room for one. */
void vs_daemon_snapshot(struct vs_daemon *daemon, uint32_t request_id);
/* A status that the runner did not say itself. */
void vs_daemon_scenario_status(struct vs_daemon *daemon, uint32_t run_id, const char *scenario,
			       Vascope__V1__ScenarioState state, const char *text);
/* A data frame; the form that the makers of frames call. */
void vs_daemon_send(void *daemon, const Vascope__V1__Frame *frame);

#endif
