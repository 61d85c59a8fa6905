/* SPDX-License-Identifier: MIT */
/*
 * Kernel addresses of one kind of object, and the dense ids that stand for them on the wire. An id is an
 * address and a generation: an address that is used again gets a new id. Id 0 is "none", address 0 too.
 *
 * An entry stays after its object ended, so that what still speaks of it (an unlink after the remove) finds
 * the same id, and so that a walk that read the object just before does not bring it back to life.
 */
#ifndef VS_TRACE_IDS_H
#define VS_TRACE_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vs_id_entry {
	uint64_t address; /* 0: empty slot */
	uint64_t id;
	uint64_t ended_ns; /* 0: alive */
	uint64_t end;      /* which end of the table it was, counted from 1 */
};

struct vs_ids {
	struct vs_id_entry *slots;
	size_t size; /* a power of two, or 0 */
	size_t used; /* slots with an address, ended ones too */
	uint64_t last_id;
	uint64_t last_end;
};

void vs_ids_destroy(struct vs_ids *ids);

/* A new object at address; *ret_gap: the address was alive, so an end was missed. */
uint64_t vs_ids_create(struct vs_ids *ids, uint64_t address, bool *ret_gap);
/* The object at address, a new one where none is known to live there. */
uint64_t vs_ids_use(struct vs_ids *ids, uint64_t address);
/* The object at address, alive or ended; a new one where none was ever there. */
uint64_t vs_ids_use_last(struct vs_ids *ids, uint64_t address);
/* The object at address, which ends now; *ret_gap: it was not alive, so its beginning was missed. */
uint64_t vs_ids_end(struct vs_ids *ids, uint64_t address, uint64_t now_ns, bool *ret_gap);
/* As use, but 0 for an object that ended at since_ns or later: what a walk read is older than that. */
uint64_t vs_ids_walk(struct vs_ids *ids, uint64_t address, uint64_t since_ns);

#endif
