/* SPDX-License-Identifier: MIT */
/*
 * What each kind of event carries: its name, its columns and what it does to the objects it names. The one
 * table from which Capabilities.schema, the batch writer and the id assignment follow.
 */
#ifndef VS_TRACE_SCHEMA_H
#define VS_TRACE_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/event.h"
#include "vascope/v1/event.pb-c.h"

#define VS_COLUMNS_OF_KIND 9
#define VS_COLUMN_END (VASCOPE__V1__COLUMN__COLUMN_REASON + 1)

/* Objects that the kernel knows by address and the wire by id. */
enum vs_object {
	VS_OBJECT_VM,
	VS_OBJECT_VM_BO,
	VS_OBJECT_VA,
	VS_OBJECT_BO,
	VS_OBJECT_FILE,
	VS_OBJECT_JOB,
	VS_OBJECT_COUNT,
	VS_OBJECT_NONE = VS_OBJECT_COUNT,
};

/* What an event does to the object in one of its columns. */
enum vs_role {
	VS_ROLE_USE,      /* it exists */
	VS_ROLE_CREATE,   /* it begins */
	VS_ROLE_DESTROY,  /* it ends */
	VS_ROLE_USE_LAST, /* it may just have ended; the id is that of the last one at this address */
};

/* Which events give way first when the send queue is full. */
enum vs_class {
	VS_CLASS_ACTIVITY,  /* jobs, submits, ioctls, commits */
	VS_CLASS_LIFECYCLE, /* what exists and what is mapped */
	VS_CLASS_COUNT,
};

struct vs_column {
	Vascope__V1__Column column; /* 0 ends the list */
	enum vs_role role;
};

struct vs_schema {
	const char *name; /* "va-insert", NULL for a number that is no kind */
	enum vs_class class;
	struct vs_column columns[VS_COLUMNS_OF_KIND + 1];
};

/* Indexed by enum vs_kind, VS_KIND_COUNT entries. */
extern const struct vs_schema vs_schemas[VS_KIND_COUNT];

/* The kind of object in a column, VS_OBJECT_NONE for a plain number. */
enum vs_object vs_column_object(Vascope__V1__Column column);
/* True where the kernel counts bytes and the wire pages. */
bool vs_column_is_pages(Vascope__V1__Column column);

#endif
