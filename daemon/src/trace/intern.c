/* SPDX-License-Identifier: MIT */
#include "trace/intern.h"

#include "util.h"

static size_t vs_intern_slot(const struct vs_intern *set, const struct vs_intern_entry *wanted)
{
	uint64_t hash = 0xcbf29ce484222325ull ^ ((uint64_t)wanted->pid << 32 | wanted->tid);
	size_t i;

	for (const char *c = wanted->text; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3ull;
	hash *= 0x9e3779b97f4a7c15ull;
	for (i = (size_t)(hash >> 20) & (set->size - 1); set->slots[i].id; i = (i + 1) & (set->size - 1)) {
		const struct vs_intern_entry *entry = &set->slots[i];

		if (entry->pid == wanted->pid && entry->tid == wanted->tid && !strcmp(entry->text, wanted->text))
			break;
	}
	return i;
}

static void vs_intern_grow(struct vs_intern *set)
{
	struct vs_intern old = *set;

	if (set->size && set->used + 1 <= set->size / 4 * 3)
		return;
	set->size = set->size ? set->size * 2 : 64;
	set->slots = vs_xcalloc(set->size, sizeof(*set->slots));
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i].id)
			set->slots[vs_intern_slot(set, &old.slots[i])] = old.slots[i];
	free(old.slots);
}

void vs_intern_destroy(struct vs_intern *set)
{
	free(set->slots);
	*set = (struct vs_intern){ 0 };
}

/* The kernel's strings are bytes, protobuf's are UTF-8: what is not plain ASCII becomes '?'. */
static void vs_intern_copy(char *to, size_t to_size, const char *text, size_t size)
{
	size_t n = 0;

	for (; n < size && n + 1 < to_size && text[n]; n++)
		to[n] = (unsigned char)text[n] >= 0x20 && (unsigned char)text[n] < 0x7f ? text[n] : '?';
	to[n] = 0;
}

uint64_t vs_intern(struct vs_intern *set, uint32_t pid, uint32_t tid, const char *text, size_t size,
		   const struct vs_intern_entry **ret_entry, bool *ret_new)
{
	struct vs_intern_entry wanted = { .pid = pid, .tid = tid };
	struct vs_intern_entry *entry;

	vs_intern_copy(wanted.text, sizeof(wanted.text), text, size);
	vs_intern_grow(set);
	entry = &set->slots[vs_intern_slot(set, &wanted)];
	*ret_new = !entry->id;
	if (!entry->id) {
		wanted.id = ++set->used;
		*entry = wanted;
	}
	*ret_entry = entry;
	return entry->id;
}
