/* SPDX-License-Identifier: MIT */
/*
 * Rows collected and written as one EventBatch: sorted by time, turned into columns, delta coded where the
 * column's type says so.
 *
 * Tasks and names are announced once, in the first batch that closes after they were first used, whatever
 * batch that is: several are open at a time, one per class, and an announcement may not come after its use.
 */
#ifndef VS_WIRE_BATCH_H
#define VS_WIRE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/resolve.h"

#define VS_BATCH_EVENTS 4096

struct vs_batch {
	struct vs_row *rows; /* room for VS_BATCH_EVENTS */
	size_t n;
	bool more; /* the next batches have events of the same time; for the next pack only */
};

/* What the next batch that closes has to announce. */
struct vs_announcements {
	struct vs_intern_entry *tasks;
	struct vs_intern_entry *names;
	size_t n_tasks;
	size_t n_names;
};

/* An EventBatch message, not framed, and what is needed to drop it without losing track. */
struct vs_packed_batch {
	uint8_t *data; /* owned by whoever holds this */
	size_t size;
	size_t announced_at; /* where in data the announcements are */
	size_t announced_size;
	uint64_t seq;
	uint64_t first_ns;
	uint64_t last_ns;
	uint32_t events;
	uint32_t kinds[VS_KIND_COUNT];
	enum vs_class class;
};

void vs_batch_init(struct vs_batch *batch);
void vs_batch_destroy(struct vs_batch *batch);
void vs_announcements_destroy(struct vs_announcements *announcements);

/* Takes over what a row announces; for every row that was resolved, wanted or not. */
void vs_announce(struct vs_announcements *announcements, const struct vs_row *row);
/* The batch must not be full. */
void vs_batch_add(struct vs_batch *batch, const struct vs_row *row);

/* Writes and empties the batch and the announcements. The batch must not be empty. */
void vs_batch_pack(struct vs_batch *batch, struct vs_announcements *announcements, uint64_t seq,
		   enum vs_class class, struct vs_packed_batch *ret_packed);

#endif
