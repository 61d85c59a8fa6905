/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Following a list of the kernel without its lock. Reads cannot fault (bpf_probe_read_kernel), and a list that changes meanwhile
 * is noticed by an entry that points to itself (list_del_init) or to nowhere: it is counted.
 */
#ifndef VS_LIST_BPF_H
#define VS_LIST_BPF_H

#define VS_WALK_LIMIT (1u << 20) /* entries of one list */

struct vs_list_walk {
	struct list_head *head;
	struct list_head *at;
	struct drm_gpuvm *vm; /* whose list it is, for a list of mappings */
};

static __u64 walk_broken;

/* The first entry of a list; an empty one points to itself. */
static __always_inline void vs_list_first(struct vs_list_walk *walk)
{
	struct list_head *head = walk->head;
	struct list_head *first = 0;

	bpf_core_read(&first, sizeof(first), &head->next);
	walk->at = first ? first : head;
}

/* Moves to the next entry; nonzero ends the loop. */
static __always_inline long vs_list_next(struct vs_list_walk *walk)
{
	struct list_head *at = walk->at;
	struct list_head *next = 0;

	bpf_core_read(&next, sizeof(next), &at->next);
	if (!next || next == at) {
		__sync_fetch_and_add(&walk_broken, 1);
		walk->at = walk->head;
		return 1;
	}
	walk->at = next;
	return 0;
}

#endif
