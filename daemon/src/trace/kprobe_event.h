/* SPDX-License-Identifier: MIT */
/* One dynamic event: its definition for tracefs, and how its binary record is read. Inside of kprobe.c. */
#ifndef VS_TRACE_KPROBE_EVENT_H
#define VS_TRACE_KPROBE_EVENT_H

#include "trace/kprobe_fetch.h"
#include "trace/kprobe_table.h"

enum vs_value_op {
	VS_VALUE_PLAIN,
	VS_VALUE_ERRNO,
	VS_VALUE_BIT,
	VS_VALUE_MODE,
	VS_VALUE_BAD,
	VS_VALUE_LESS,
	VS_VALUE_PAGES,
	VS_VALUE_MSM,
	/* Not fetched: */
	VS_VALUE_CONSTANT,
	VS_VALUE_DURATION,
	VS_VALUE_BEGIN,
	VS_VALUE_REASON,
};

/* A field of a record. size 0: not there. */
struct vs_kprobe_field {
	uint32_t offset;
	uint32_t size;
	int64_t bias; /* to be added; the value itself for a constant */
	enum vs_value_op op;
};

struct vs_kprobe_event {
	const struct vs_kprobe_spec *spec;
	struct vs_kprobe_field value[VS_KPROBE_VALUES];
	struct vs_kprobe_field guard, device, text, comm, tgid;
	uint64_t last[VS_KPROBE_VALUES]; /* what was told last, for spec->changes */
	bool told;
};

/* What the kernel's dynamic events can do. */
struct vs_kprobe_syntax {
	bool current; /* $current */
};

/*
 * Writes the definition and prepares event for it. 0, -ENOENT when a member that it reads is not in this kernel, or -EINVAL,
 * which only a wrong table can cause.
 */
int vs_kprobe_define(struct vs_kprobe_event *event, const struct vs_kprobe_spec *spec, const struct vs_kprobe_syntax *syntax,
		     const char *group, vs_member_fn member, void *data, char *ret_definition, size_t room);
/* Finds the fields in the text of the event's format file; false when one is missing. */
bool vs_kprobe_format(struct vs_kprobe_event *event, const char *format);

/* A field's raw number with its bias, 0 where it is not there. */
uint64_t vs_kprobe_number(const struct vs_kprobe_field *field, const uint8_t *record, size_t size);
/* A field's string, at most room - 1 bytes of it. */
void vs_kprobe_string(const struct vs_kprobe_field *field, const uint8_t *record, size_t size, char *ret, size_t room);

#endif
