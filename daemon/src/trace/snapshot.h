/* SPDX-License-Identifier: MIT */
/*
 * A Snapshot from the records of one walk. Records come through the ring between the events, in order, so
 * ids fit; what ended while the walk went on is left out.
 */
#ifndef VS_TRACE_SNAPSHOT_H
#define VS_TRACE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/resolve.h"
#include "vascope/v1/frame.pb-c.h"

struct vs_walk_record {
	struct vs_event event;
	char text[VS_TEXT];
	uint64_t id; /* of the object */
};

struct vs_walk_list {
	struct vs_walk_record *record;
	size_t n;
	size_t room;
};

struct vs_snapshot {
	struct vs_resolver *resolver; /* borrowed */
	uint32_t last_id;
	bool active; /* records are awaited */
	bool ended;  /* the walk came to its end */
	uint64_t begin_ns;
	uint64_t broken; /* lists that could not be followed to their end */
	struct vs_walk_list vms, bos, vm_bos, vas;
	uint64_t *vm_task; /* who made a VM that was seen to be made, by VM id */
	size_t n_vm_task;
};

void vs_snapshot_init(struct vs_snapshot *snapshot, struct vs_resolver *resolver);
void vs_snapshot_destroy(struct vs_snapshot *snapshot);

/* Remembers who made a VM. */
void vs_snapshot_vm_made(struct vs_snapshot *snapshot, uint64_t vm, uint64_t task);

void vs_snapshot_begin(struct vs_snapshot *snapshot, uint64_t now_ns);
/* Takes a record of a walk kind. */
void vs_snapshot_record(struct vs_snapshot *snapshot, const struct vs_event *event, const char *text);
/* Sends the parts, the last with last = true; complete false when the walk itself knows of a gap or ok is false. */
void vs_snapshot_send(struct vs_snapshot *snapshot, uint32_t request_id, uint64_t end_ns, bool ok,
		      void (*send)(void *, const Vascope__V1__Frame *), void *data);

#endif
