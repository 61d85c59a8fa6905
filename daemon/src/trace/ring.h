/* SPDX-License-Identifier: MIT */
/*
 * The ring between the BPF programs and the daemon: an array of slots that both have in their memory. A program claims the next
 * slot (ring_head) unless the daemon has yet to take what is there (ring_tail), writes its record and sets the slot's
 * serial. The daemon takes complete records in the order of their claims, which is causal for one object. The kernel's own ring
 * buffer does the same with a lock and two calls for each record, at several times the price of what a program has to tell.
 *
 * Thread: one takes. No lock, no system call but for the mapping.
 */
#ifndef VS_TRACE_RING_H
#define VS_TRACE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/event.h"

struct vs_ring {
	const struct vs_slot *slot; /* NULL: not open */
	uint32_t n_slots;           /* a power of two */
	volatile uint64_t *tail;    /* of the records, those that were taken; shared with the programs */
	size_t mapped;              /* bytes, 0: the slots are the caller's */
};

/* Maps the array of a BPF map. 0 or -errno. */
int vs_ring_open(struct vs_ring *ring, int map_fd, uint32_t n_slots, volatile uint64_t *tail);
void vs_ring_close(struct vs_ring *ring);

typedef void (*vs_ring_fn)(void *data, const struct vs_event *record, size_t size);

/* Gives at most so many records to take(); true when it were as many, so that more may wait. */
bool vs_ring_take(struct vs_ring *ring, size_t most, vs_ring_fn take, void *data);

#endif
