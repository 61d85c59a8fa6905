/* SPDX-License-Identifier: MIT */
#include "trace/ring.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* Slots are given back after so many records: each time, the programs' processors have to fetch the tail anew. */
#define VS_RING_GIVE_BACK 64

int vs_ring_open(struct vs_ring *ring, int map_fd, uint32_t n_slots, volatile uint64_t *tail)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = (n_slots * sizeof(struct vs_slot) + page - 1) & ~(page - 1);
	void *slots = mmap(NULL, bytes, PROT_READ, MAP_SHARED, map_fd, 0);

	if (slots == MAP_FAILED)
		return -errno;
	*ring = (struct vs_ring){ .slot = slots, .n_slots = n_slots, .tail = tail, .mapped = bytes };
	return 0;
}

void vs_ring_close(struct vs_ring *ring)
{
	if (ring->mapped)
		munmap((void *)ring->slot, ring->mapped);
	*ring = (struct vs_ring){ 0 };
}

bool vs_ring_take(struct vs_ring *ring, size_t most, vs_ring_fn take, void *data)
{
	uint64_t tail = *ring->tail;
	size_t n;

	for (n = 0; n < most; n++) {
		const struct vs_slot *slot = &ring->slot[tail & (ring->n_slots - 1)];
		const struct vs_event *record = &slot->record.event;

		if (__atomic_load_n(&slot->serial, __ATOMIC_ACQUIRE) != tail + 1)
			break;
		take(data, record, record->size);
		tail++;
		if (tail % VS_RING_GIVE_BACK == 0)
			__atomic_store_n(ring->tail, tail, __ATOMIC_RELEASE);
	}
	__atomic_store_n(ring->tail, tail, __ATOMIC_RELEASE);
	return n == most;
}
