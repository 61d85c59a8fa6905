/* SPDX-License-Identifier: MIT */
/*
 * What waits to be written to the desktop. Two lanes: control frames (Hello, Heartbeat, Log, Goodbye) go
 * first and need no credit, so that a desktop that is behind still hears how far; data frames (batches,
 * snapshots, scenario status) go in order, while there is credit.
 *
 * The data lane is bounded. When it is full, whole batches are dropped, the oldest of the lowest class first,
 * and counted; what they announced moves to the next batch that is written. Loss frames are made here. A loss is told
 * before every frame that was queued after it, and after every snapshot and status that was queued before it, so that
 * a snapshot never seems to mend what was lost later.
 */
#ifndef VS_WIRE_QUEUE_H
#define VS_WIRE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vascope/v1/frame.pb-c.h"
#include "wire/batch.h"

#define VS_QUEUE_LIMIT (8u << 20)

struct vs_queued;

struct vs_lane {
	struct vs_queued *first;
	struct vs_queued *last;
};

/* What was lost and not yet told. */
struct vs_pending_loss {
	bool any;
	uint64_t after_seq; /* the last batch that lies before its end, or is lost itself */
	uint64_t first_ns;
	uint64_t last_ns;
	uint64_t queue[VS_KIND_COUNT];
	uint64_t kernel[VS_KIND_COUNT];
	uint64_t *cpu; /* n_cpus, kernel losses */
	size_t n_cpus;
};

struct vs_queue {
	struct vs_lane control;
	struct vs_lane data;
	size_t bytes; /* in the data lane */
	size_t frames;    /* in the data lane, other than batches */
	size_t snapshots; /* of these */
	size_t limit;
	int64_t credit; /* a frame may overdraw it, so that a small credit cannot stop a large frame for ever */
	bool unlimited; /* the end has come: credit no longer counts */
	uint64_t next_seq; /* of the next batch that is made */

	uint8_t *out; /* the frame that is being written */
	size_t out_size;
	size_t out_at;
	uint32_t out_events;

	uint8_t *orphans; /* announcements of dropped batches */
	size_t orphans_size;
	struct vs_pending_loss loss;

	uint64_t written;   /* bytes that the fd took */
	uint64_t delivered; /* events in frames that were written whole */
	uint64_t dropped;   /* events in dropped batches */
};

void vs_queue_init(struct vs_queue *queue, size_t limit, size_t n_cpus);
void vs_queue_destroy(struct vs_queue *queue);

void vs_queue_control(struct vs_queue *queue, const Vascope__V1__Frame *frame);
/* A data frame that is never dropped. */
void vs_queue_data(struct vs_queue *queue, const Vascope__V1__Frame *frame);
/* False while an earlier snapshot waits or half of the queue is in use: snapshots are not dropped, so not queued. */
bool vs_queue_takes_snapshot(const struct vs_queue *queue);
/* Takes packed->data. */
void vs_queue_batch(struct vs_queue *queue, struct vs_packed_batch *packed);

/* Adds to what the next Loss frame tells; first and last bound the time of the loss. */
void vs_queue_kernel_loss(struct vs_queue *queue, uint32_t kind, uint64_t n, uint64_t first_ns, uint64_t last_ns);
void vs_queue_kernel_loss_cpu(struct vs_queue *queue, uint32_t cpu, uint64_t n);
/* Tells what was lost now, also when no batch follows. */
void vs_queue_flush_loss(struct vs_queue *queue);

/* Something could be written now. */
bool vs_queue_wants_write(const struct vs_queue *queue);
bool vs_queue_is_empty(const struct vs_queue *queue);
/* Writes what credit and fd allow: 0, or -errno when fd is broken. */
int vs_queue_write(struct vs_queue *queue, int fd);

#endif
