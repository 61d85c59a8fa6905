/* SPDX-License-Identifier: MIT */
/*
 * From a raw record of the ring to a row of the wire: addresses become ids, bytes become pages,
 * tasks and strings become numbers. Records must come in ring order: it is the order in which an address ends
 * and begins again.
 */
#ifndef VS_TRACE_RESOLVE_H
#define VS_TRACE_RESOLVE_H

#include <stdint.h>

#include "trace/event.h"
#include "trace/ids.h"
#include "trace/intern.h"
#include "trace/schema.h"

/* One event as the wire has it. cell: in the order of the kind's columns. */
struct vs_row {
	uint64_t time_ns;
	uint32_t kind;
	uint64_t cell[VS_COLUMNS_OF_KIND];
	/* Set where this row is the first to use its task or name. */
	bool new_task;
	bool new_name;
	struct vs_intern_entry task;
	struct vs_intern_entry name;
};

struct vs_resolver {
	uint32_t page_shift;
	struct vs_ids ids[VS_OBJECT_COUNT];
	struct vs_intern tasks;
	struct vs_intern names;
	uint64_t gaps[VS_OBJECT_COUNT]; /* addresses that began while alive, or ended while not */
};

void vs_resolver_init(struct vs_resolver *resolver, uint32_t page_size);
void vs_resolver_destroy(struct vs_resolver *resolver);

/* text: VS_TEXT bytes, or NULL for a kind without a name. */
void vs_resolve(struct vs_resolver *resolver, const struct vs_event *event, const char *text, struct vs_row *ret_row);
/* The file at this address is closed. */
void vs_resolve_file_free(struct vs_resolver *resolver, uint64_t address, uint64_t now_ns);

#endif
