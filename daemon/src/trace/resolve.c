/* SPDX-License-Identifier: MIT */
#include "trace/resolve.h"

#include <string.h>

#define COLUMN(name) VASCOPE__V1__COLUMN__COLUMN_##name

void vs_resolver_init(struct vs_resolver *resolver, uint32_t page_size)
{
	*resolver = (struct vs_resolver){ .page_shift = (uint32_t)__builtin_ctz(page_size) };
}

void vs_resolver_destroy(struct vs_resolver *resolver)
{
	for (int i = 0; i < VS_OBJECT_COUNT; i++)
		vs_ids_destroy(&resolver->ids[i]);
	vs_intern_destroy(&resolver->tasks);
	vs_intern_destroy(&resolver->names);
}

static uint64_t vs_resolve_object(struct vs_resolver *resolver, enum vs_object object, enum vs_role role,
				  uint64_t address, uint64_t time_ns)
{
	struct vs_ids *ids = &resolver->ids[object];
	bool gap = false;
	uint64_t id;

	switch (role) {
	case VS_ROLE_CREATE:
		id = vs_ids_create(ids, address, &gap);
		break;
	case VS_ROLE_DESTROY:
		id = vs_ids_end(ids, address, time_ns, &gap);
		break;
	case VS_ROLE_USE_LAST:
		return vs_ids_use_last(ids, address);
	default:
		return vs_ids_use(ids, address);
	}
	/* A killed job ends without job-done (sched_entity.c), so its fence's address begins again: no gap. */
	if (gap && object != VS_OBJECT_JOB)
		resolver->gaps[object]++;
	return id;
}

void vs_resolve(struct vs_resolver *resolver, const struct vs_event *event, const char *text, struct vs_row *ret_row)
{
	const struct vs_column *column = vs_schemas[event->kind].columns;
	const struct vs_intern_entry *entry;
	struct vs_row row = { .time_ns = event->time_ns, .kind = event->kind };
	int value = 0;

	for (int i = 0; column[i].column; i++) {
		enum vs_object object = vs_column_object(column[i].column);

		if (column[i].column == COLUMN(TASK)) {
			row.cell[i] = vs_intern(&resolver->tasks, event->pid, event->tid, event->comm, VS_COMM, &entry,
						&row.new_task);
			row.task = *entry;
		} else if (column[i].column == COLUMN(NAME)) {
			row.cell[i] = vs_intern(&resolver->names, 0, 0, text ? text : "", text ? VS_TEXT : 0, &entry,
						&row.new_name);
			row.name = *entry;
		} else if (object != VS_OBJECT_NONE) {
			row.cell[i] = vs_resolve_object(resolver, object, column[i].role, event->value[value++],
							event->time_ns);
		} else if (vs_column_is_pages(column[i].column)) {
			row.cell[i] = event->value[value++] >> resolver->page_shift;
		} else {
			row.cell[i] = event->value[value++];
		}
	}
	*ret_row = row;
}

void vs_resolve_file_free(struct vs_resolver *resolver, uint64_t address, uint64_t now_ns)
{
	bool gap;

	vs_ids_end(&resolver->ids[VS_OBJECT_FILE], address, now_ns, &gap);
}
