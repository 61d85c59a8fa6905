/* SPDX-License-Identifier: MIT */
/* Open addressing with linear probing; entries are only removed when the table is made anew. */
#include "trace/ids.h"

#include "util.h"

/* How many ends back an ended entry is kept when the table is made anew; a walk takes far less. */
#define VS_ENDED_KEEP 4096

static size_t vs_ids_slot(const struct vs_ids *ids, uint64_t address)
{
	size_t i = (size_t)((address * 0x9e3779b97f4a7c15ull) >> 20) & (ids->size - 1);

	while (ids->slots[i].address && ids->slots[i].address != address)
		i = (i + 1) & (ids->size - 1);
	return i;
}

static bool vs_ids_keeps(const struct vs_ids *ids, const struct vs_id_entry *entry)
{
	return entry->address && (!entry->ended_ns || entry->end + VS_ENDED_KEEP > ids->last_end);
}

/* Ended entries go only when the table would grow: all but those of the last VS_ENDED_KEEP ends. */
static void vs_ids_make_room(struct vs_ids *ids)
{
	struct vs_id_entry *old = ids->slots;
	size_t old_size = ids->size;
	size_t live = 0;

	if (ids->size && ids->used + 1 <= ids->size / 4 * 3)
		return;
	for (size_t i = 0; i < old_size; i++)
		live += vs_ids_keeps(ids, &old[i]);
	for (ids->size = 256; ids->size < live * 4; ids->size *= 2)
		;
	ids->slots = vs_xcalloc(ids->size, sizeof(*ids->slots));
	ids->used = 0;
	for (size_t i = 0; i < old_size; i++) {
		if (!vs_ids_keeps(ids, &old[i]))
			continue;
		ids->slots[vs_ids_slot(ids, old[i].address)] = old[i];
		ids->used++;
	}
	free(old);
}

/* The entry of an address; a fresh one has id 0. */
static struct vs_id_entry *vs_ids_entry(struct vs_ids *ids, uint64_t address)
{
	struct vs_id_entry *entry;

	vs_ids_make_room(ids);
	entry = &ids->slots[vs_ids_slot(ids, address)];
	if (!entry->address) {
		entry->address = address;
		ids->used++;
	}
	return entry;
}

static uint64_t vs_ids_begin(struct vs_ids *ids, struct vs_id_entry *entry)
{
	entry->id = ++ids->last_id;
	entry->ended_ns = 0;
	return entry->id;
}

void vs_ids_destroy(struct vs_ids *ids)
{
	free(ids->slots);
	*ids = (struct vs_ids){ 0 };
}

uint64_t vs_ids_create(struct vs_ids *ids, uint64_t address, bool *ret_gap)
{
	struct vs_id_entry *entry;

	*ret_gap = false;
	if (!address)
		return 0;
	entry = vs_ids_entry(ids, address);
	*ret_gap = entry->id && !entry->ended_ns;
	return vs_ids_begin(ids, entry);
}

uint64_t vs_ids_use(struct vs_ids *ids, uint64_t address)
{
	struct vs_id_entry *entry;

	if (!address)
		return 0;
	entry = vs_ids_entry(ids, address);
	return entry->id && !entry->ended_ns ? entry->id : vs_ids_begin(ids, entry);
}

uint64_t vs_ids_use_last(struct vs_ids *ids, uint64_t address)
{
	struct vs_id_entry *entry;

	if (!address)
		return 0;
	entry = vs_ids_entry(ids, address);
	return entry->id ? entry->id : vs_ids_begin(ids, entry);
}

uint64_t vs_ids_end(struct vs_ids *ids, uint64_t address, uint64_t now_ns, bool *ret_gap)
{
	struct vs_id_entry *entry;

	*ret_gap = false;
	if (!address)
		return 0;
	entry = vs_ids_entry(ids, address);
	if (!entry->id || entry->ended_ns) {
		/* Not seen to begin: made before tracing, or, when an older one ended here, a missed beginning. */
		*ret_gap = entry->id != 0;
		vs_ids_begin(ids, entry);
	}
	entry->ended_ns = now_ns ? now_ns : 1;
	entry->end = ++ids->last_end;
	return entry->id;
}

uint64_t vs_ids_walk(struct vs_ids *ids, uint64_t address, uint64_t since_ns)
{
	struct vs_id_entry *entry;

	if (!address)
		return 0;
	entry = vs_ids_entry(ids, address);
	if (entry->id && !entry->ended_ns)
		return entry->id;
	if (entry->id && entry->ended_ns >= since_ns)
		return 0;
	return vs_ids_begin(ids, entry);
}
