/* SPDX-License-Identifier: MIT */
#include "wire/batch.h"

#include <assert.h>

#include "util.h"
#include "wire/frame.h"

/* A column of one batch while it is filled. sint64 columns hold the difference from the entry before. */
struct vs_filling {
	uint64_t *entries;
	size_t n;
	uint64_t last;
	const ProtobufCFieldDescriptor *field;
};

void vs_batch_init(struct vs_batch *batch)
{
	*batch = (struct vs_batch){ .rows = vs_xcalloc(VS_BATCH_EVENTS, sizeof(*batch->rows)) };
}

void vs_batch_destroy(struct vs_batch *batch)
{
	free(batch->rows);
	*batch = (struct vs_batch){ 0 };
}

void vs_announcements_destroy(struct vs_announcements *announcements)
{
	free(announcements->tasks);
	free(announcements->names);
	*announcements = (struct vs_announcements){ 0 };
}

static void vs_announce_entry(struct vs_intern_entry **entries, size_t *n, const struct vs_intern_entry *entry)
{
	*entries = vs_xrealloc(*entries, *n + 1, sizeof(**entries));
	(*entries)[(*n)++] = *entry;
}

void vs_announce(struct vs_announcements *announcements, const struct vs_row *row)
{
	if (row->new_task)
		vs_announce_entry(&announcements->tasks, &announcements->n_tasks, &row->task);
	if (row->new_name)
		vs_announce_entry(&announcements->names, &announcements->n_names, &row->name);
}

void vs_batch_add(struct vs_batch *batch, const struct vs_row *row)
{
	size_t at = batch->n++;

	assert(at < VS_BATCH_EVENTS);
	/* Rows come almost in order: only what other CPUs wrote in between is out of place. */
	for (; at > 0 && batch->rows[at - 1].time_ns > row->time_ns; at--)
		batch->rows[at] = batch->rows[at - 1];
	batch->rows[at] = *row;
}

static void vs_columns_fill(const struct vs_batch *batch, struct vs_filling *columns)
{
	for (size_t i = 0; i < batch->n; i++) {
		const struct vs_row *row = &batch->rows[i];
		const struct vs_column *column = vs_schemas[row->kind].columns;

		for (int c = 0; column[c].column; c++) {
			struct vs_filling *filling = &columns[column[c].column];

			filling->entries[filling->n++] = row->cell[c] - filling->last;
			if (filling->field->type == PROTOBUF_C_TYPE_SINT64)
				filling->last = row->cell[c];
		}
	}
}

/* The wire's column numbers are the field numbers of EventBatch, so its descriptor says where a column goes. */
static void vs_columns_attach(Vascope__V1__EventBatch *message, const struct vs_filling *columns)
{
	for (int c = VASCOPE__V1__COLUMN__COLUMN_TASK; c < VS_COLUMN_END; c++) {
		const ProtobufCFieldDescriptor *field = columns[c].field;

		*(size_t *)((char *)message + field->quantifier_offset) = columns[c].n;
		*(uint64_t **)((char *)message + field->offset) = columns[c].entries;
	}
}

static Vascope__V1__Task *vs_tasks_message(const struct vs_announcements *announcements, Vascope__V1__Task ***ret)
{
	Vascope__V1__Task *tasks = vs_xcalloc(announcements->n_tasks, sizeof(*tasks));

	*ret = vs_xcalloc(announcements->n_tasks, sizeof(**ret));
	for (size_t i = 0; i < announcements->n_tasks; i++) {
		vascope__v1__task__init(&tasks[i]);
		tasks[i].id = announcements->tasks[i].id;
		tasks[i].pid = announcements->tasks[i].pid;
		tasks[i].tid = announcements->tasks[i].tid;
		tasks[i].comm = announcements->tasks[i].text;
		(*ret)[i] = &tasks[i];
	}
	return tasks;
}

static Vascope__V1__Name *vs_names_message(const struct vs_announcements *announcements, Vascope__V1__Name ***ret)
{
	Vascope__V1__Name *names = vs_xcalloc(announcements->n_names, sizeof(*names));

	*ret = vs_xcalloc(announcements->n_names, sizeof(**ret));
	for (size_t i = 0; i < announcements->n_names; i++) {
		vascope__v1__name__init(&names[i]);
		names[i].id = announcements->names[i].id;
		names[i].text = announcements->names[i].text;
		(*ret)[i] = &names[i];
	}
	return names;
}

void vs_batch_pack(struct vs_batch *batch, struct vs_announcements *announcements, uint64_t seq,
		   enum vs_class class, struct vs_packed_batch *ret_packed)
{
	_vs_free_ uint64_t *entries = vs_xcalloc((VS_COLUMN_END + 1) * batch->n, sizeof(*entries));
	_vs_free_ uint32_t *kinds = vs_xcalloc(batch->n, sizeof(*kinds));
	_vs_free_ Vascope__V1__Task *tasks = NULL, **task_list = NULL;
	_vs_free_ Vascope__V1__Name *names = NULL, **name_list = NULL;
	Vascope__V1__EventBatch message = VASCOPE__V1__EVENT_BATCH__INIT;
	Vascope__V1__EventBatch announced = VASCOPE__V1__EVENT_BATCH__INIT;
	struct vs_packed_batch packed = { .seq = seq, .class = class, .events = (uint32_t)batch->n };
	struct vs_filling columns[VS_COLUMN_END] = { 0 };
	uint64_t *times = entries + VS_COLUMN_END * batch->n;

	assert(batch->n);
	for (unsigned int c = VASCOPE__V1__COLUMN__COLUMN_TASK; c < VS_COLUMN_END; c++) {
		columns[c].entries = entries + c * batch->n;
		columns[c].field =
			protobuf_c_message_descriptor_get_field(&vascope__v1__event_batch__descriptor, c);
	}
	packed.first_ns = batch->rows[0].time_ns;
	packed.last_ns = batch->rows[batch->n - 1].time_ns;
	for (size_t i = 0; i < batch->n; i++) {
		kinds[i] = batch->rows[i].kind;
		packed.kinds[kinds[i]]++;
		times[i] = batch->rows[i].time_ns - batch->rows[i ? i - 1 : 0].time_ns;
	}
	vs_columns_fill(batch, columns);
	vs_columns_attach(&message, columns);
	tasks = vs_tasks_message(announcements, &task_list);
	names = vs_names_message(announcements, &name_list);
	announced.tasks = task_list;
	announced.n_tasks = announcements->n_tasks;
	announced.names = name_list;
	announced.n_names = announcements->n_names;

	message.seq = seq;
	message.base_ns = packed.first_ns;
	message.n_tasks = announced.n_tasks;
	message.tasks = task_list;
	message.n_names = announced.n_names;
	message.names = name_list;
	message.n_kind = batch->n;
	message.kind = kinds;
	message.n_time = batch->n;
	message.time = times;
	message.more = batch->more;

	packed.announced_size = vascope__v1__event_batch__get_packed_size(&announced);
	/* Before them only seq and base_ns: one byte of tag each. */
	packed.announced_at = (message.seq ? 1 + vs_varint_size(message.seq) : 0) +
			      (message.base_ns ? 1 + vs_varint_size(message.base_ns) : 0);
	packed.size = vascope__v1__event_batch__get_packed_size(&message);
	packed.data = vs_xrealloc(NULL, packed.size, 1);
	vascope__v1__event_batch__pack(&message, packed.data);
	*ret_packed = packed;
	batch->n = 0;
	batch->more = false;
	announcements->n_tasks = 0;
	announcements->n_names = 0;
}
